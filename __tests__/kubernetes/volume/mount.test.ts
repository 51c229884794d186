import { describe, expect, it } from '@jest/globals';
import { openCluster, type Cluster } from '../../../src/kubernetes/client/cluster.js';
import type { Job } from '../../../src/kubernetes/client/objects.js';
import { apiPath, resources } from '../../../src/kubernetes/client/resources.js';
import { mountVolume, type Mounted } from '../../../src/kubernetes/volume/mount.js';
import type { DeployError } from '../../../src/outcome/errors.js';
import type { Pipe } from '../../../src/ports/pipe.js';
import { jobsOf, type Program } from '../server/jobs.js';
import { TestWorld } from '../../workflow/world.js';

/** What `kubectl exec` of the script that holds the pod does. */
interface Held {
  readonly prints?: string;
  readonly code?: number;
  readonly stderr?: string;
  /** It never prints anything. */
  readonly silent?: boolean;
}

interface Place {
  readonly world: TestWorld;
  readonly cluster: Cluster;
  readonly piped: string[][];
  /** Ends of the input of the script that holds the pod. */
  readonly ended: string[];
  mount(image?: string, signal?: AbortSignal): Promise<Mounted>;
}

async function placeWith(program: Program = { afterMs: 3_600_000 }, { prints = 'held\n', code = 0, stderr = '', silent = false }: Held = {}): Promise<Place> {
  const world = new TestWorld();
  world.jobProgram = () => program;
  world.server.put(apiPath(resources.persistentvolumeclaims, 'web', 'backups'), { kind: 'PersistentVolumeClaim', metadata: { name: 'backups' } });
  const { run } = world.start('deploy');
  const opened = await openCluster(run.ports, run.config.cluster, '/private');
  const [piped, ended]: [string[][], string[]] = [[], []];
  const pipe = (args: readonly string[]): Pipe => {
    piped.push([...args]);
    const stopped = new AbortController();
    const output = async function* output(): AsyncGenerator<Uint8Array> {
      if (silent) await new Promise((resolve) => stopped.signal.addEventListener('abort', resolve, { once: true }));
      else if (prints !== '') yield Buffer.from(prints);
    };
    return {
      output: output(), exited: Promise.resolve({ code, stderr }), write: async () => true, end: () => void ended.push('end'),
      stop: async () => {
        ended.push('stop');
        stopped.abort();
      },
    };
  };
  const cluster = { ...opened, pipe };
  return { world, cluster, piped, ended, mount: (image, signal = run.ports.cancelled) => mountVolume({ cluster, ports: run.ports }, { app: 'api', run: 'run-1', claim: 'backups', image }, signal) };
}

const failureOf = (done: Promise<unknown>): Promise<DeployError> => done.then(() => { throw new Error('it succeeded'); }, (error: unknown) => error as DeployError);

describe('a volume', () => {
  it('is mounted by a pod of a Job, in which scripts are run, until it is closed', async () => {
    const { world, mount, piped, ended } = await placeWith();
    const volume = await mount();
    const [job] = jobsOf(world.server);
    expect(volume).toMatchObject({ folder: '/volume', words: `the pod ${job?.metadata?.name}-abcde` });
    volume.start('cat "$1"', ['a b']);
    const exec = ['exec', '--stdin', `${job?.metadata?.name}-abcde`, '--container=volume', '--', 'sh', '-c'];
    expect(piped).toEqual([[...exec, expect.stringContaining('held'), 'sh', '/tmp/held'], [...exec, 'cat "$1"', 'sh', 'a b']]);
    await volume.close();
    expect(ended).toEqual(['end', 'stop']);
    await world.clock.sleep(5000);
    expect(jobsOf(world.server)).toEqual([]);
  });

  it('has a pod of its own each time, with no more rights than it needs', async () => {
    const { world, mount } = await placeWith();
    await mount('registry.example/tools:1');
    await world.clock.sleep(1000);
    await mount();
    const [one, other] = world.jobs.started;
    expect(one?.metadata?.name).not.toBe(other?.metadata?.name);
    const specOf = (job: Job | undefined) => job?.spec?.template?.spec;
    expect([specOf(one)?.containers?.[0]?.image, specOf(other)?.containers?.[0]?.image]).toEqual(['registry.example/tools:1', 'busybox:1.37']);
    expect(one?.spec).toMatchObject({ backoffLimit: 0, ttlSecondsAfterFinished: 60, activeDeadlineSeconds: 43_200 });
    expect(specOf(one)).toMatchObject({
      automountServiceAccountToken: false, restartPolicy: 'Never', volumes: [{ persistentVolumeClaim: { claimName: 'backups' } }, { emptyDir: {} }],
      securityContext: { runAsNonRoot: true, runAsUser: 65_532, fsGroup: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } }, volumeMounts: [{ mountPath: '/volume' }, { mountPath: '/tmp' }] }],
    });
  });

  it('that does not exist is named before anything is created', async () => {
    const { world, mount } = await placeWith();
    world.server.remove(apiPath(resources.persistentvolumeclaims, 'web', 'backups'));
    expect(await failureOf(mount())).toMatchObject({
      code: 'config-invalid', message: 'The PersistentVolumeClaim backups does not exist in the namespace web.', hint: expect.stringContaining('correct `backup.to`: kubectl'),
    });
    expect(world.jobs.started).toEqual([]);
  });

  it('is mounted by an account that is not allowed to look at claims', async () => {
    const { world, mount } = await placeWith();
    world.server.trouble = ({ path }) => (path.includes('persistentvolumeclaims') ? { status: 403, reason: 'Forbidden', message: 'persistentvolumeclaims is forbidden' } : undefined);
    await (await mount()).close();
  });

  it.each([
    ['pull', 'image-not-found', 'cannot pull'], ['config', 'container-config', 'secret "database" not found'], ['unschedulable', 'unschedulable', '0/1 nodes are available'],
    ['quota', 'quota-exceeded', 'exceeded quota: small'],
  ] as const)('whose pod cannot start (%s) is reported with the cause, and its Job is removed', async (stuck, cause, words) => {
    const { world, mount } = await placeWith({ stuck });
    const error = await failureOf(mount());
    expect([error.code, error.message, error.hint]).toEqual([cause, expect.stringMatching(new RegExp(`^The pod that mounts the volume backups \\(job/api-volume-\\w+\\) did not start: .*${words}`)), expect.stringContaining('Otherwise: Keep the backups in a bucket')]);
    await world.clock.sleep(5000);
    expect(jobsOf(world.server)).toEqual([]);
  });

  it('needs permissions, which are printed as a Role', async () => {
    const { world, mount } = await placeWith();
    world.server.trouble = ({ method, path }) => (method === 'POST' && path.endsWith('/jobs') ? { status: 403, reason: 'Forbidden', message: 'jobs.batch is forbidden: User "ci" cannot create resource "jobs" in API group "batch"' } : undefined);
    const error = await failureOf(mount());
    expect(error).toMatchObject({ code: 'permission-denied', message: expect.stringMatching(/^The pod that mounts the volume backups could not be created: .*cannot create resource/), hint: expect.stringContaining('Apply the Role below.') });
    expect(error.evidence[0]?.text).toContain('pods/exec');
  });

  it('is created once when the answer was lost', async () => {
    const { world, mount } = await placeWith();
    let lost = 0;
    world.server.trouble = ({ method, path }) => (method === 'POST' && path.endsWith('/jobs') && (lost += 1) === 1 ? 'lost' : undefined);
    await (await mount()).close();
    expect(world.jobs.started).toHaveLength(1);
  });

  it('is refused when no command can be run in its pod', async () => {
    const { world, mount } = await placeWith(undefined, { prints: '', code: 1, stderr: 'error: pods "x" is forbidden: User "ci" cannot create resource "pods/exec"' });
    expect(await failureOf(mount())).toMatchObject({
      code: 'permission-denied', hint: 'The account needs the verb create on pods/exec, and the image a shell.',
      message: expect.stringMatching(/^No command could be run in the pod api-volume-\w+-abcde \(exit code 1\): error: pods "x" is forbidden/),
    });
    await world.clock.sleep(5000);
    expect(jobsOf(world.server)).toEqual([]);
  });

  it('is not waited for when its pod is silent', async () => {
    const { mount } = await placeWith(undefined, { silent: true });
    expect(await failureOf(mount())).toMatchObject({ code: 'deadline', message: expect.stringContaining('runs, but no command could be run in it within 60 s') });
  });

  it('is removed when the run is stopped meanwhile', async () => {
    const { world, mount } = await placeWith({ stuck: 'unschedulable' });
    const [stop, reason] = [new AbortController(), new Error('stopped by SIGTERM')];
    const done = failureOf(mount(undefined, stop.signal));
    await world.clock.sleep(1000);
    stop.abort(reason);
    expect(await done).toBe(reason);
    await world.clock.sleep(5000);
    expect(jobsOf(world.server)).toEqual([]);
  });
});
