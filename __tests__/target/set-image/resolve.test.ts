import { describe, expect, it } from '@jest/globals';
import type { Workload } from '../../../src/kubernetes/client/objects.js';
import type { WorkloadRef } from '../../../src/config/config.js';
import { refText, resolveChanges } from '../../../src/target/set-image/resolve.js';
import { deployment, statefulset } from '../../kubernetes/judge/build.js';

const image = 'registry.example:5000/acme/api';
const after = `${image}:2@sha256:${'2'.repeat(64)}`;
const ref = (text: string): WorkloadRef => {
  const [kind, rest = ''] = text.split('/');
  const [name = '', container] = rest.split(':');
  return { kind: kind as WorkloadRef['kind'], name, container };
};
const holding = (images: Readonly<Record<string, string>>, changes: Workload['spec'] = {}, inits: Readonly<Record<string, string>> = {}): Workload => {
  const list = (from: Readonly<Record<string, string>>) => Object.entries(from).map(([name, each]) => ({ name, image: each }));
  return deployment({ spec: { ...changes, template: { spec: { containers: list(images), initContainers: list(inits) } } } });
};
const resolve = (found: readonly (readonly [string, Workload | undefined])[], held: readonly string[] = []) =>
  resolveChanges(found.map(([text, workload]) => ({ ref: ref(text), workload })), image, after, 'web', new Set(held));
const chosen = (found: Parameters<typeof resolve>[0]) =>
  resolve(found).changes.map((each) => [each.ref, each.containers.map(({ name }) => name)]);

describe('the containers of a run', () => {
  it('are those whose image repository is the image, whatever tag and digest they have', () => {
    const images = {
      app: `${image}:1`, old: `${image}@sha256:${'0'.repeat(64)}`, bare: image,
      other: 'registry.example:5000/acme/api-proxy:1', host: 'registry.example/acme/api:1',
    };
    expect(chosen([['deployment/api', holding(images)]])).toEqual([['deployment/api', ['app', 'old', 'bare']]]);
  });
  it('are init containers as well', () => {
    expect(chosen([['deployment/api', holding({ app: `${image}:1` }, {}, { migrate: `${image}:1` })]])).toEqual([['deployment/api', ['app', 'migrate']]]);
  });
  it('are the one that is named, whatever its image is', () => {
    expect(chosen([['deployment/api:proxy', holding({ app: `${image}:1`, proxy: 'envoy:1' })]])).toEqual([['deployment/api', ['proxy']]]);
  });
  it('are those that were applied with the image, where admission has rewritten it since', () => {
    const annotated = (annotation: string): Workload => {
      const workload = holding({ app: 'cache.example/acme/api:1', other: 'cache.example/acme/other:1' });
      return { ...workload, metadata: { ...workload.metadata, annotations: { 'kubectl.kubernetes.io/last-applied-configuration': annotation } } };
    };
    const applied = JSON.stringify(holding({ app: `${image}:1`, other: 'registry.example:5000/acme/other:1' }));
    expect(chosen([['deployment/api', annotated(applied)]])).toEqual([['deployment/api', ['app']]]);
    for (const text of ['', 'no json', 'null', '{"spec":7}', '{"spec":{"template":{"spec":{"containers":[null,{"name":"app","image":7}]}}}}']) {
      expect(chosen([['deployment/api', annotated(text)]])).toEqual([]);
    }
  });
  it('are those that run what admission makes of the image', () => {
    const workload = holding({ app: 'cache.example/acme/api:1', other: 'cache.example/acme/other:1' });
    const { changes } = resolveChanges([{ ref: { kind: 'deployment', name: 'api' }, workload, rewritten: ['app'] }], image, after, 'web', new Set());
    expect(changes.map(({ containers }) => containers)).toEqual([[{ name: 'app', before: 'cache.example/acme/api:1', after }]]);
  });
  it('are none of those whose image is null', () => {
    const workload = JSON.parse(JSON.stringify(holding({ app: 'NONE', api: `${image}:1` })).replace('"NONE"', 'null')) as Workload;
    expect(chosen([['deployment/api', workload]])).toEqual([['deployment/api', ['api']]]);
  });
  it('of a workload that is given twice are one target', () => {
    const workload = holding({ app: `${image}:1`, proxy: 'envoy:1' });
    expect(chosen([['deployment/api', workload], ['deployment/api:proxy', workload], ['deployment/api:app', workload]])).toEqual([['deployment/api', ['app', 'proxy']]]);
  });
  it('know what is there and what is set', () => {
    expect(resolve([['deployment/api', holding({ app: `${image}:1` })]]).changes).toEqual([{
      ref: 'deployment/api', kind: 'deployment', name: 'api', uid: 'uid-api', containers: [{ name: 'app', before: `${image}:1`, after }],
    }]);
  });
  it('of a CronJob are those of its jobs', () => {
    const job: Workload = { metadata: { uid: 'u' }, spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: 'job', image: `${image}:1` }] } } } } } };
    expect(chosen([['cronjob/nightly', job]])).toEqual([['cronjob/nightly', ['job']]]);
  });
});

describe('a problem', () => {
  const problemsOf = (...found: readonly (readonly [string, Workload | undefined])[]) => resolve(found).problems;

  it('is a workload that does not exist', () => {
    expect(problemsOf(['statefulset/db', undefined])).toEqual([{
      cause: 'config-invalid', where: 'workload statefulset/db', message: 'does not exist in namespace web', hint: '`kubectl get statefulset --namespace=web` lists the existing ones.',
    }]);
  });
  it('is a workload whose name is misspelt, with the one that was probably meant', () => {
    const hintFor = (others: readonly string[]) => resolveChanges([{ ref: ref('deployment/apii'), workload: undefined, others }], image, after, 'web', new Set()).problems[0]?.hint;
    expect(hintFor(['deployment/worker', 'deployment/api', 'statefulset/apiii'])).toBe('Did you mean "deployment/api"?');
    expect(hintFor(['deployment/worker', 'statefulset/api'])).toBe('Did you mean "statefulset/api"?');
    expect(hintFor(['deployment/worker'])).toBe('`kubectl get deployment --namespace=web` lists the existing ones.');
  });
  it('is a workload of another kind, before one whose name is similar', () => {
    const others = ['deployment/api', 'statefulset/apii'];
    expect(resolveChanges([{ ref: ref('deployment/apii'), workload: undefined, others }], image, after, 'web', new Set()).problems[0]?.hint).toBe('Did you mean "statefulset/apii"?');
  });
  it('is a workload without the image', () => {
    expect(problemsOf(['deployment/api', holding({ app: 'nginx:1', proxy: 'envoy:2' })])).toEqual([{
      cause: 'config-invalid', where: 'workload deployment/api', message: `has no container with an image of ${image}; it has app (nginx:1), proxy (envoy:2)`,
      hint: 'Check `image`, or write deployment/api:CONTAINER to choose a container by its name.',
    }]);
  });
  it.each([
    ['a letter too many', 'ghcr.io/acme/apis:1', 'ghcr.io/acme/apis'],
    ['another letter in the owner, and a digest', `ghcr.io/acne/api@sha256:${'a'.repeat(64)}`, 'ghcr.io/acne/api'],
    ['another image of the same owner', 'ghcr.io/acme/web:1', undefined],
    ['the same name of another owner', 'ghcr.io/contoso/api:1', undefined],
  ])('is a workload whose image is misspelt: %s', (_, running, meant) => {
    const workload = holding({ app: 'nginx:1', web: running });
    const [problem] = resolveChanges([{ ref: ref('deployment/api'), workload }], 'ghcr.io/acme/api', after, 'web', new Set()).problems;
    expect(problem?.hint).toBe(`${meant === undefined ? 'Check `image`, or' : `Did you mean "${meant}"? If not,`} write deployment/api:CONTAINER to choose a container by its name.`);
  });
  it('is a workload without the container', () => {
    expect(problemsOf(['deployment/api:web', holding({ app: `${image}:1` })])).toEqual([
      { cause: 'config-invalid', where: 'workload deployment/api', message: `has no container web; it has app (${image}:1)`, hint: 'Write the name of one of its containers.' }]);
    expect(problemsOf(['deployment/api:wbe', holding({ web: `${image}:1`, proxy: 'envoy:1' })])[0]?.hint).toBe('Did you mean "web"?');
  });
  it.each(['statefulset', 'daemonset'] as const)('is a %s that replaces no pod by itself', (kind) => {
    const workload = { ...statefulset(), spec: { ...holding({ app: `${image}:1` }).spec, updateStrategy: { type: 'OnDelete' } } };
    expect(problemsOf([`${kind}/db`, workload])).toEqual([{
      cause: 'not-deployable', where: `workload ${kind}/db`, message: 'has the update strategy OnDelete, with which Kubernetes does not replace its pods',
      hint: 'Set spec.updateStrategy.type to RollingUpdate.',
    }]);
  });
  it('is a Deployment that somebody paused', () => {
    const paused = holding({ app: `${image}:1` }, { paused: true });
    expect(problemsOf(['deployment/api', paused])).toEqual([{
      cause: 'not-deployable', where: 'workload deployment/api', message: 'is paused, so it would never be rolled out',
      hint: 'Find out who paused it and why. `kubectl rollout resume deployment/api` resumes it.',
    }]);
    expect(resolve([['deployment/api', paused]], ['deployment/api']).problems).toEqual([]);
  });
  it('is told with all others', () => {
    expect(problemsOf(['deployment/a', undefined], ['deployment/b', holding({ app: 'nginx' })], ['deployment/c:x', holding({ app: 'nginx' })]).map(({ where }) => where)).toEqual(
      ['workload deployment/a', 'workload deployment/b', 'workload deployment/c']);
  });
});

it('workloads are named as in kubectl', () => expect(refText(ref('deployment/api:web'))).toBe('deployment/api'));
