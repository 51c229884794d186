import { describe, expect, it } from '@jest/globals';
import { imageOf } from '../../../src/data/reach/pod-place.js';
import { DataError } from '../../../src/data/error.js';
import { podReach } from '../../../src/data/reach/pod.js';
import { scratchJob } from '../../../src/data/reach/scratch-object.js';
import { ApiError } from '../../../src/kubernetes/client/api.js';
import type { Pod } from '../../../src/kubernetes/client/objects.js';
import type { PipeCommand } from '../../../src/ports/pipe.js';
import { fakeCluster, type FakeCluster } from '../../target/set-image/fake-cluster.js';
import { fakeContext, scriptedPipe } from '../postgres/fake-place.js';

const selector = 'app.kubernetes.io/name=postgresql';
const list = `/api/v1/namespaces/web/pods?${new URLSearchParams({ labelSelector: selector }).toString()}`;
const digest = `sha256:${'a'.repeat(64)}`;

interface PodOptions {
  readonly containers?: readonly string[];
  readonly isReady?: boolean;
  readonly phase?: string;
  readonly deleted?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
}

const pod = (name: string, { containers = ['postgresql'], isReady = true, phase = 'Running', deleted = false, annotations }: PodOptions = {}): Pod => ({
  metadata: { name, annotations, ...(deleted && { deletionTimestamp: '2026-01-01T00:00:00Z' }) },
  spec: { nodeName: 'node', containers: containers.map((each) => ({ name: each, image: 'postgres:15' })) },
  status: { phase, conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }], containerStatuses: containers.map((each) => ({ name: each, imageID: `docker.io/library/postgres@${digest}` })) },
});

function clusterWith(pods: readonly Pod[]): FakeCluster {
  const cluster = fakeCluster();
  cluster.put(list, { items: pods } as never);
  return cluster;
}

const reach = (pods: readonly Pod[], primaries: readonly string[] = ['db-0'], container?: string) =>
  podReach(fakeContext(), clusterWith(pods), { selector, container }, async ({ words }) => primaries.some((name) => words.endsWith(name)));

describe('the pod of a database', () => {
  it('is the only ready one whose server is the primary', async () => {
    const { place } = await reach([pod('db-1'), pod('db-0'), pod('db-2', { deleted: true }), pod('db-3', { isReady: false })]);
    expect(place.words).toBe('container postgresql of pod db-0');
    expect(place.image).toBe(`docker.io/library/postgres@${digest}`);
    expect(place.typed(['psql'])).toBe('kubectl exec --stdin db-0 --container=postgresql -- psql');
  });

  it.each([
    ['none matches', [], [], `No pod in namespace web matches \`${selector}\`.`],
    ['none is ready', [pod('db-0', { deleted: true }), pod('db-1', { isReady: false }), pod('db-2', { phase: 'Pending' })], [], `No pod in namespace web that matches \`${selector}\` is ready: db-0 is terminating, db-1 is not ready, db-2 is Pending.`],
    ['one is a replica', [pod('db-0')], [], `No pod that matches \`${selector}\` has a primary server: db-0 is a replica.`],
    ['all are replicas', [pod('db-0'), pod('db-1')], [], `No pod that matches \`${selector}\` has a primary server: db-0, db-1 are replicas.`],
    ['two are primaries', [pod('db-0'), pod('db-1')], ['db-0', 'db-1'], `Several pods that match \`${selector}\` have a server that takes writes: db-0, db-1.`],
    ['no container is chosen', [pod('db-0', { containers: ['postgresql', 'metrics'] })], ['db-0'], 'Pod db-0 has several containers, and none is chosen: it has postgresql, metrics.'],
  ])('is refused when %s', async (_, pods, primaries, message) => {
    await expect(reach(pods, primaries)).rejects.toMatchObject({ code: 'backup-failed', message });
  });

  it('may be one of several that have nothing to do with each other', async () => {
    const strange = podReach(fakeContext(), clusterWith([pod('db-0'), pod('other-0')]), { selector }, async ({ words }) => {
      if (words.endsWith('other-0')) throw new DataError('backup-failed', 'User "acci" does not exist.', { hint: 'Check `user` in the settings.' });
      return true;
    });
    await expect(strange).rejects.toMatchObject({
      code: 'backup-failed', message: 'User "acci" does not exist.',
      hint: `Check \`user\` in the settings. 2 pods match \`${selector}\` (db-0, other-0): if they are not one database, set \`pod\` to labels that only its own pods have.`,
    });
  });

  it('has the container of the settings, or the one that its annotation names', async () => {
    const two = { containers: ['metrics', 'postgresql'] };
    expect((await reach([pod('db-0', two)], ['db-0'], 'postgresql')).place.words).toBe('container postgresql of pod db-0');
    const annotations = { 'kubectl.kubernetes.io/default-container': 'postgresql' };
    expect((await reach([pod('db-0', { ...two, annotations })])).place.words).toBe('container postgresql of pod db-0');
    await expect(reach([pod('db-0', two)], ['db-0'], 'postgres')).rejects.toThrow('Pod db-0 has no container postgres: it has metrics, postgresql.');
  });

  it('is not found without the permission', async () => {
    const cluster = clusterWith([]);
    cluster.troubles.push({ method: 'GET', trouble: new ApiError(403, 'Forbidden', 'pods is forbidden: User "x" cannot list resource "pods"') });
    await expect(podReach(fakeContext(), cluster, { selector }, async () => true)).rejects.toMatchObject({ code: 'permission-denied', message: 'The pods of the database cannot be listed: pods is forbidden: User "x" cannot list resource "pods".' });
  });

  it('gets a script as one argument, and secrets by its input', async () => {
    const started: { args: readonly string[]; input: string }[] = [];
    const cluster: FakeCluster = {
      ...clusterWith([pod('db-0')]),
      pipe: (args: PipeCommand['args'], signal?: AbortSignal) => {
        const record = { args, input: '' };
        started.push(record);
        return scriptedPipe({ output: ['x'] }, signal, (text) => { record.input += text; });
      },
    };
    const { place } = await podReach(fakeContext(), cluster, { selector }, async () => true);
    place.start('echo "$1"; id', { args: ['a b', '$(id)'], secrets: ['pa$$', ''] });
    expect(started).toEqual([{ args: ['exec', '--stdin', 'db-0', '--container=postgresql', '--', 'sh', '-c', 'echo "$1"; id', 'sh', 'a b', '$(id)'], input: 'pa$$\n\n' }]);
    expect(() => place.start('', { secrets: ['a\nb'] })).toThrow('line break');
  });

  it('has an image without a digest where the node knows none', () => {
    expect(imageOf({ spec: { containers: [{ name: 'a', image: 'local:1' }] }, status: { containerStatuses: [{ name: 'a', imageID: `sha256:${'b'.repeat(64)}` }] } }, 'a')).toBe('local:1');
    expect(imageOf({ status: { containerStatuses: [{ name: 'a', imageID: `docker-pullable://postgres@${digest}` }] } }, 'a')).toBe(`postgres@${digest}`);
    expect(imageOf({}, 'a')).toBeUndefined();
  });
});

describe('a scratch pod', () => {
  const source = { pod: { ...pod('db-0'), spec: { ...pod('db-0').spec, imagePullSecrets: [{ name: 'pull' }], nodeSelector: { disk: 'ssd' } } }, container: 'postgresql' };
  const wish = { name: 'shop-scratch-1', context: { app: 'shop', id: '42' }, source, image: `postgres@${digest}`, owner: { user: 70, group: 70 }, bytes: 10 * 1024 ** 3 };

  it('has no rights, no account and no network port, the image of the source, and room for the data', () => {
    const { spec, metadata } = scratchJob({ ...wish, requestsDisk: true });
    expect(spec).toMatchObject({ backoffLimit: 0, ttlSecondsAfterFinished: 60, activeDeadlineSeconds: 21_600 });
    expect(metadata?.labels).toMatchObject({ 'deploy-action/app': 'shop', 'deploy-action/purpose': 'scratch' });
    const { containers, ...inner } = spec?.template?.spec ?? {};
    expect(inner).toMatchObject({
      automountServiceAccountToken: false, restartPolicy: 'Never', imagePullSecrets: [{ name: 'pull' }], nodeSelector: { disk: 'ssd' }, volumes: [{ emptyDir: { sizeLimit: '24Gi' } }],
      securityContext: { runAsNonRoot: true, runAsUser: 70, runAsGroup: 70, fsGroup: 70, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(containers).toEqual([expect.objectContaining({
      image: `postgres@${digest}`, securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      resources: { requests: { 'cpu': '250m', 'memory': '512Mi', 'ephemeral-storage': '24Gi' }, limits: { 'ephemeral-storage': '24Gi' } },
    })]);
    expect(containers?.[0]).not.toHaveProperty('ports');
    expect(scratchJob({ ...wish, requestsDisk: false }).spec?.template?.spec?.containers?.[0]?.resources).toEqual({ requests: { cpu: '250m', memory: '512Mi' } });
  });

  it('says which permission is missing, and what to do without it', async () => {
    const cluster = clusterWith([pod('db-0')]);
    const { scratch } = await podReach(fakeContext(), cluster, { selector }, async () => true);
    const message = 'jobs.batch is forbidden: User "system:serviceaccount:web:deployer" cannot list resource "jobs" in API group "batch" in the namespace "web"';
    cluster.troubles.push({ method: 'GET', trouble: new ApiError(403, 'Forbidden', message) });
    const error = await scratch(new AbortController().signal, 1e9).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'permission-denied', message: `Scratch servers of earlier runs cannot be listed: ${message}.`, hint: expect.stringContaining('verify: archive') });
    expect((error as { evidence: { text: string }[] }).evidence[0]?.text).toContain('- pods/exec');
  });
});
