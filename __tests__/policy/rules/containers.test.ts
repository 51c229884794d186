import { describe, expect, it } from '@jest/globals';
import { movingTag } from '../../../src/policy/rules/mutable-tags.js';
import { isRoot } from '../../../src/policy/rules/non-root.js';
import { compose, found, manifest, messages, withContainer, workload } from '../build.js';

describe('mutable-tags', () => {
  it.each<[string, string | undefined]>([
    ['r.example/api:latest', 'latest'], ['r.example/api', 'latest'], ['api:main', 'main'], ['localhost:5000/api', 'latest'], ['nginx:stable-alpine', 'stable-alpine'],
    ['api:1.4.2', undefined], ['postgres:15-alpine', undefined], ['api:v2', undefined], ['api:latest@sha256:ab', undefined], ['', undefined], ['${IMAGE}:latest', undefined],
  ])('the tag of %s moves: %s', (image, tag) => expect(movingTag(image)).toBe(tag));

  // A chart with `tag: latest` and `pullPolicy: IfNotPresent` leaves nodes on old layers.
  it('is reported where the node does not pull again', () => {
    expect(found('mutable-tags', [withContainer({ image: 'acme/api:latest', imagePullPolicy: 'IfNotPresent' })])).toMatchObject([{
      level: 'deny', path: 'spec.template.spec.containers[0].image',
      message: 'Container app of deployment/api has the image acme/api:latest, whose tag latest moves, and the pull policy IfNotPresent.',
    }]);
    expect(messages('mutable-tags', [withContainer({ image: 'acme/api:main' })])).toHaveLength(1);
    expect(messages('mutable-tags', [compose({ image: 'acme/api' })])).toEqual(['compose.yml: service/web has the image acme/api, whose tag latest moves, and is pulled only if it is missing.']);
  });
  it.each([
    ['pulled always', { image: 'api:latest', imagePullPolicy: 'Always' }], ['`latest` without a policy', { image: 'api:latest' }], ['never pulled', { image: 'api:latest', imagePullPolicy: 'Never' }],
    ['what the run sets', { image: 'api:main@sha256:ab', imagePullPolicy: 'IfNotPresent' }],
  ])('is not reported where it is %s', (_what, container) => expect(messages('mutable-tags', [withContainer(container)])).toEqual([]));
  it('is reported of init containers and sidecars as well', () => {
    const objects = [workload({ initContainers: [{ name: 'wait', image: 'busybox:stable' }, { name: 'proxy', image: 'envoy:edge', restartPolicy: 'Always' }] })];
    expect(messages('mutable-tags', objects).map((text) => text.slice(0, 20))).toEqual(['Init container wait ', 'Container proxy of d']);
  });
});

describe('probes', () => {
  const selectors = [{ app: 'api' }];
  const probe = { httpGet: { path: '/health', port: 8000 } };

  it('must be there where a Service sends requests', () => {
    expect(found('probes', [withContainer({ ports: [{ containerPort: 80 }] })], { facts: { selectors } })).toMatchObject([
      { item: 'readiness', path: 'spec.template.spec.containers[0]', message: 'Container app of deployment/api serves requests and has no readinessProbe.' },
    ]);
    expect(messages('probes', [withContainer({ readinessProbe: probe })], { facts: { selectors } })).toEqual([]);
  });
  it('are those that the settings name', () => {
    const settings = { probes: ['readiness', 'liveness'] as const };
    expect(messages('probes', [withContainer({ readinessProbe: probe })], { facts: { selectors }, settings })).toEqual(['Container app of deployment/api serves requests and has no livenessProbe.']);
    expect(messages('probes', [withContainer({ readinessProbe: null, livenessProbe: probe })], { facts: { selectors }, settings })).toHaveLength(1);
  });
  it.each([
    ['no Service selects the pods', [workload()], [{ app: 'other' }]], ['a Service selects nothing', [workload()], [{}]], ['it is a CronJob', [workload({ kind: 'CronJob' })], selectors],
    ['it is an init container or a sidecar', [withContainer({ readinessProbe: probe }, { initContainers: [{ name: 'a' }, { name: 'b', restartPolicy: 'Always' }] })], selectors],
    ['another container has the ports', [workload({ containers: [{ name: 'app' }, { name: 'web', ports: [{}], readinessProbe: probe }] })], selectors],
  ])('need not be there where %s', (_what, objects, of) => expect(messages('probes', objects, { facts: { selectors: of } })).toEqual([]));
  it('are looked for by the Services of the same files', () => {
    const service = manifest({ kind: 'Service', spec: { selector: { app: 'api' } } });
    const deployment = manifest({ kind: 'Deployment', spec: { template: { metadata: { labels: { app: 'api' } }, spec: { containers: [{ name: 'app' }] } } } });
    expect(found('probes', [service, deployment])).toMatchObject([{ subject: 'k8s.yml: Deployment/api', place: { file: 'k8s.yml', line: 3 } }]);
  });
  it('are a healthcheck in compose', () => {
    expect(messages('probes', [compose({ ports: ['8080:8080'] }), compose({ ports: ['1:1'], healthcheck: { disable: true } }, 'b'), compose({ ports: ['1:1'], healthcheck: { test: 'true' } }, 'c'), compose({}, 'd')]))
      .toEqual(['compose.yml: service/web has ports and no healthcheck.', 'compose.yml: service/b has ports and no healthcheck.']);
  });
});

describe('resources', () => {
  it('are named together, and a limit is a request as well', () => {
    expect(messages('resources', [workload()])).toEqual(['Container app of deployment/api has no requests.cpu, requests.memory and limits.memory.']);
    expect(messages('resources', [withContainer({ resources: { requests: { cpu: '250m' }, limits: { memory: '1Gi' } } })])).toEqual([]);
    expect(messages('resources', [withContainer({ resources: { requests: { cpu: 1, memory: '1Gi' } } })])).toEqual(['Container app of deployment/api has no limits.memory.']);
  });
  it('are those that the settings name', () => {
    expect(messages('resources', [workload()], { settings: { resources: ['limits.cpu'] } })).toEqual(['Container app of deployment/api has no limits.cpu.']);
  });
  it('are needed by sidecars and CronJobs, and not by init containers', () => {
    const objects = [workload({ kind: 'CronJob', name: 'nightly', containers: [], initContainers: [{ name: 'init' }, { name: 'proxy', restartPolicy: 'Always' }] })];
    expect(messages('resources', objects)).toEqual(['Container proxy of cronjob/nightly has no requests.cpu, requests.memory and limits.memory.']);
  });
  it('are read from compose', () => {
    expect(messages('resources', [compose({ deploy: { resources: { limits: { cpus: '2', memory: '2G' } } } }), compose({ mem_limit: '1g', cpus: 1 }, 'b')])).toEqual([]);
    expect(messages('resources', [compose({ deploy: { resources: { reservations: { memory: '512M' } } } })])).toEqual(['compose.yml: service/web has no requests.cpu and limits.memory.']);
  });
});

describe('non-root', () => {
  const pod = (securityContext: object) => ({ pod: { securityContext } });
  it.each([
    ['the container forbids root', withContainer({ securityContext: { runAsNonRoot: true } })], ['the pod forbids root', workload(pod({ runAsNonRoot: true }))],
    ['the container has a user', withContainer({ securityContext: { runAsUser: 1000 } })], ['the pod has a user', workload(pod({ runAsUser: 1000 }))],
    ['the container has another user than the pod', withContainer({ securityContext: { runAsUser: 7 } }, pod({ runAsUser: 0 }))],
    ['it runs on Windows', workload({ pod: { os: { name: 'windows' } } })], ['compose has a user', compose({ user: '1000:1000' })], ['compose names a user', compose({ user: 'app' })],
  ])('is fine where %s', (_what, object) => expect(messages('non-root', [object])).toEqual([]));

  it('says who decides', () => {
    const runs = (...of: Parameters<typeof withContainer>) => messages('non-root', [withContainer(...of)])[0];
    expect(runs({ image: 'api:1' })).toBe('Container app of deployment/api may run as root: neither runAsNonRoot nor runAsUser is set, and the user of the image api:1 is not known.');
    expect(runs({ securityContext: { runAsUser: 0 } })).toBe('Container app of deployment/api runs as root: its user is 0.');
    expect(runs({ securityContext: { runAsUser: 0, runAsNonRoot: true } })).toBe('Container app of deployment/api has runAsNonRoot and runAsUser 0, so it can never start.');
    expect(runs({ securityContext: { runAsNonRoot: false } }, pod({ runAsNonRoot: true }))).toMatch(/may run as root/);
    expect(messages('non-root', [compose({ user: 'root' })])).toEqual(['compose.yml: service/web runs as root: its user is 0.']);
  });
  it('names the place that decides', () => {
    expect(found('non-root', [workload(pod({ runAsUser: 0 }))])).toMatchObject([{ path: 'spec.template.spec.securityContext' }]);
    expect(found('non-root', [withContainer({ securityContext: { runAsUser: 0 } })])).toMatchObject([{ path: 'spec.template.spec.containers[0].securityContext' }]);
  });
  it.each([['', true], ['root', true], ['0', true], ['0:1000', true], ['root:app', true], ['1000', false], ['app:app', false], ['nonroot', false]])('the user %s of an image is root: %s', (user, expected) => {
    expect(isRoot(user)).toBe(expected);
    expect(messages('non-root', [workload()], { facts: { imageUser: user } })).toEqual(expected ? ['Container app of deployment/api runs as root, because its image sets no other user and nothing forbids it.'] : []);
  });
  it('does not take the user of the image for that of a sidecar', () => {
    expect(messages('non-root', [workload({ containers: [{ name: 'proxy', image: 'envoy:1' }] })], { facts: { imageUser: '1000' } })).toHaveLength(1);
  });
});
