import { describe, expect, it } from '@jest/globals';
import type { WorkloadKind } from '../../../src/config/config.js';
import { openCluster } from '../../../src/kubernetes/client/cluster.js';
import type { HorizontalPodAutoscaler, Job, KubeObject, Pod, Workload } from '../../../src/kubernetes/client/objects.js';
import { apiPath, resources, workloadResource } from '../../../src/kubernetes/client/resources.js';
import { checkFence, fenceNeeds } from '../../../src/kubernetes/fence/check.js';
import { confirmFence, findFenced, lowerFence, raiseFence } from '../../../src/kubernetes/fence/fence.js';
import { fenceAnnotation, markOf } from '../../../src/kubernetes/fence/mark.js';
import { matches } from '../../../src/kubernetes/observe/selector.js';
import type { ClusterError } from '../../../src/outcome/errors.js';
import { podsOf } from '../server/deployments.js';
import { isWrite } from '../server/memory-server.js';
import { TestWorld } from '../../workflow/world.js';

const api = { kind: 'deployment', name: 'api' } as const;
const nightly = { kind: 'cronjob', name: 'nightly' } as const;
const pathOf = (kind: WorkloadKind, name: string): string => apiPath(workloadResource[kind], 'web', name);

async function place(world = new TestWorld({ replicas: 3 })) {
  const { run, lines, cancel, kill } = world.start('deploy');
  const cluster = await openCluster(run.ports, run.config.cluster, '/private');
  const scope = { cluster, ports: run.ports };
  return {
    world, scope, lines, cancel, kill, signal: run.ports.cancelled,
    raise: (refs: Parameters<typeof raiseFence>[1] = [api]) => raiseFence(scope, refs, { run: run.id, forMs: 60_000, signal: run.ports.cancelled }),
  };
}

type Ref = { readonly kind: WorkloadKind; readonly name: string };
const workloadIn = (world: TestWorld, { kind, name }: Ref = api): Workload => world.server.get<Workload>(pathOf(kind, name)) ?? {};
const replicasIn = (world: TestWorld): number | undefined => workloadIn(world).spec?.replicas;
const scale = (world: TestWorld, replicas: number): void => {
  const known = workloadIn(world);
  world.server.put(pathOf('deployment', 'api'), { ...known, spec: { ...known.spec, replicas } } as Workload, 'somebody');
};
const failureOf = (done: Promise<unknown>): Promise<ClusterError> => done.then(() => { throw new Error('it succeeded'); }, (error: unknown) => error as ClusterError);

/** A CronJob with a Job that runs. */
function withCronJob(world: TestWorld, forMs: number): void {
  world.server.put(pathOf('cronjob', 'nightly'), { kind: 'CronJob', metadata: { name: 'nightly', uid: 'uid-nightly' }, spec: { schedule: '0 3 * * *', suspend: false } } as Workload);
  const path = apiPath(resources.jobs, 'web', 'nightly-1');
  world.jobProgram = () => ({ afterMs: forMs });
  world.server.put(path, { kind: 'Job', metadata: { name: 'nightly-1', ownerReferences: [{ uid: 'uid-nightly', controller: true }] } } as Job);
}

describe('a fence', () => {
  it('scales to 0, records what was there, and waits until no pod is left', async () => {
    const { world, raise, lines } = await place();
    await raise();
    expect([replicasIn(world), podsOf(world.server).length, markOf(workloadIn(world))]).toEqual([0, 0, { replicas: 3, run: 'run-1', at: expect.stringMatching(/^2026-/) }]);
    expect(lines).toContain('info deployment/api is stopped (it had 3 replicas)');
  });
  it('is lowered to exactly what was there, by any process', async () => {
    const { world, raise } = await place();
    const before = workloadIn(world);
    await raise();
    const other = await place(world);
    expect(await findFenced(other.scope, [api, nightly], other.signal)).toEqual([{ ref: api, mark: expect.objectContaining({ replicas: 3, run: 'run-1' }), isStarted: false }]);
    expect(await lowerFence(other.scope, [api])).toEqual([{ ref: 'deployment/api', result: 'restored' }]);
    expect([workloadIn(world).spec, workloadIn(world).metadata?.annotations]).toEqual([before.spec, before.metadata?.annotations ?? {}]);
    expect([await lowerFence(other.scope, [api]), await findFenced(other.scope, [api, nightly], other.signal)]).toEqual([[{ ref: 'deployment/api', result: 'untouched' }], []]);
  });
  it('can be raised again, and keeps the replicas that the first has recorded', async () => {
    const { world, raise } = await place();
    await raise();
    await (await place(world)).raise();
    expect(markOf(workloadIn(world))).toMatchObject({ replicas: 3, run: 'run-2' });
  });
  it('does not start what was stopped before', async () => {
    const { world, raise, scope } = await place();
    scale(world, 0);
    await raise();
    expect([await lowerFence(scope, [api]), replicasIn(world)]).toEqual([[{ ref: 'deployment/api', result: 'untouched' }], 0]);
  });
  it('suspends a CronJob, waits for its Jobs, and resumes it', async () => {
    const { world, raise, scope } = await place();
    withCronJob(world, 20_000);
    await raise([nightly]);
    expect([workloadIn(world, nightly).spec?.suspend, world.jobs.running]).toEqual([true, 0]);
    expect(await lowerFence(scope, [nightly])).toEqual([{ ref: 'cronjob/nightly', result: 'restored' }]);
    expect([workloadIn(world, nightly).spec?.suspend, markOf(workloadIn(world, nightly))]).toEqual([false, undefined]);
  });
  it('holds, or says who broke it', async () => {
    const { world, raise, scope, signal } = await place();
    await raise();
    await expect(confirmFence(scope, [api], signal)).resolves.toBeUndefined();
    scale(world, 2);
    expect((await failureOf(confirmFence(scope, [api], signal))).message).toBe('deployment/api was scaled to 2 by someone else while it was stopped.');
  });
});

describe('a fence that cannot be raised', () => {
  it.each<[string, (world: TestWorld) => void, string, string]>([
    ['a pod does not end', (world) => void world.server.put(apiPath(resources.pods, 'web', 'stray'), { kind: 'Pod', metadata: { name: 'stray', labels: { app: 'api' } } } as Pod), 'deadline', 'After 60 s this still runs: pod stray.'],
    ['somebody scales it', (world) => {
      world.server.put(apiPath(resources.pods, 'web', 'stray'), { kind: 'Pod', metadata: { name: 'stray', labels: { app: 'api' } } } as Pod);
      void world.clock.sleep(2000).then(() => scale(world, 5));
    }, 'superseded', 'deployment/api was scaled to 5 by someone else while it was stopped.'],
  ])('because %s starts again what it has stopped', async (_why, prepare, cause, message) => {
    const { world, raise, scope, signal } = await place();
    prepare(world);
    const error = await failureOf(raise());
    expect([error.code, error.message]).toEqual([cause, message]);
    expect([replicasIn(world), await findFenced(scope, [api, nightly], signal)]).toEqual([cause === 'superseded' ? 5 : 3, []]);
  });
  it('because one of several does not exist starts the others again', async () => {
    const { world, raise, scope, signal } = await place();
    expect((await failureOf(raise([api, { kind: 'statefulset', name: 'none' }]))).message).toBe('statefulset/none does not exist in namespace web.');
    expect([replicasIn(world), await findFenced(scope, [api, nightly], signal)]).toEqual([3, []]);
  });
  it('because the run is cancelled starts again what it has stopped', async () => {
    const { world, raise, cancel, scope, signal } = await place();
    withCronJob(world, 600_000);
    void world.clock.sleep(3000).then(cancel);
    await expect(raise([api, nightly])).rejects.toMatchObject({ code: 'cancelled' });
    expect([replicasIn(world), workloadIn(world, nightly).spec?.suspend]).toEqual([3, false]);
    expect(await findFenced(scope, [api, nightly], new AbortController().signal)).toEqual([]);
    expect(signal.aborted).toBe(true);
  });
  it('of a DaemonSet changes nothing', async () => {
    const { world, raise } = await place();
    expect((await failureOf(raise([api, { kind: 'daemonset', name: 'agent' }]))).code).toBe('not-deployable');
    expect(replicasIn(world)).toBe(3);
  });
});

describe('a process that dies with a fence', () => {
  it.each(['cut', 'lost'] as const)('in any of its writes (%s) has left what another one can lower', async (moment) => {
    for (let index = 0; index < 2; index += 1) {
      const { world, raise, kill } = await place();
      withCronJob(world, 1000);
      let count = -1;
      await new Promise<void>((resolve) => {
        world.server.trouble = (asked) => {
          if (!isWrite(asked) || asked.path.endsWith('reviews') || (count += 1) !== index) return undefined;
          kill();
          resolve();
          return moment;
        };
        void raise([api, nightly]);
      });
      world.server.trouble = () => undefined;
      const other = await place(world);
      const fenced = await findFenced(other.scope, [api, nightly], other.signal);
      expect((await lowerFence(other.scope, fenced.map(({ ref }) => ref))).every(({ result }) => result === 'restored')).toBe(true);
      expect([replicasIn(world), workloadIn(world, nightly).spec?.suspend]).toEqual([3, false]);
    }
  });
});

describe('a fence that is lowered', () => {
  it('leaves what somebody has scaled meanwhile, and says so', async () => {
    const { world, raise, scope } = await place();
    await raise();
    scale(world, 7);
    expect(await lowerFence(scope, [api])).toEqual([{ ref: 'deployment/api', result: 'superseded', message: 'deployment/api was scaled to 7 by someone else while it was stopped. That was not overwritten.' }]);
    expect([replicasIn(world), markOf(workloadIn(world))]).toEqual([7, undefined]);
  });
  it('is lowered although the answer was lost', async () => {
    const { world, raise, scope } = await place();
    await raise();
    let lost = false;
    world.server.trouble = ({ method }) => {
      if (method !== 'PATCH' || lost) return undefined;
      lost = true;
      return 'lost';
    };
    expect([await lowerFence(scope, [api]), replicasIn(world)]).toEqual([[{ ref: 'deployment/api', result: 'restored' }], 3]);
  });
  it('and cannot be says with which commands it is', async () => {
    const { world, raise, scope } = await place();
    await raise();
    world.server.trouble = ({ method }) => (method === 'PATCH' ? { status: 403, reason: 'Forbidden', message: 'admission webhook "x" denied the request: frozen' } : undefined);
    expect(await lowerFence(scope, [api])).toEqual([{
      ref: 'deployment/api', result: 'error', message: 'deployment/api could not be started again: admission webhook "x" denied the request: frozen.',
      commands: [expect.stringMatching(/^kubectl .*scale deployment\/api --replicas=3$/), expect.stringMatching(/^kubectl .*annotate deployment\/api deploy-action\/fenced-$/)],
    }]);
  });
  it('does not guess what an edited record said', async () => {
    const { world, raise, scope } = await place();
    await raise();
    const known = workloadIn(world);
    world.server.put(pathOf('deployment', 'api'), { ...known, metadata: { ...known.metadata, annotations: { [fenceAnnotation]: '{"replicas":-1}' } } } as KubeObject);
    expect(await lowerFence(scope, [api])).toMatchObject([{ result: 'error', message: expect.stringContaining('was edited by hand') }]);
    expect(replicasIn(world)).toBe(0);
  });
});

describe('the check before a fence', () => {
  const scaler = (more: Partial<HorizontalPodAutoscaler>): HorizontalPodAutoscaler => ({ metadata: { name: 'api' }, ...more, spec: { scaleTargetRef: { kind: 'Deployment', name: 'api' }, ...more.spec } });

  it('refuses a DaemonSet', () => {
    expect(checkFence([{ kind: 'daemonset', name: 'agent' }], []).problems).toMatchObject([{ cause: 'not-deployable', message: 'daemonset/agent cannot be stopped: a DaemonSet has no number of replicas.' }]);
  });
  it('warns of what may start a workload meanwhile, and of no other autoscaler', () => {
    const warningsFor = (...scalers: HorizontalPodAutoscaler[]) => checkFence([api, nightly], scalers).warnings;
    expect(warningsFor(scaler({ spec: { minReplicas: 2 } }), scaler({ spec: { minReplicas: 0, scaleTargetRef: { kind: 'Deployment', name: 'web' } } }))).toEqual([]);
    expect(warningsFor(scaler({ spec: { minReplicas: 0 } }))).toEqual(['The HorizontalPodAutoscaler api of deployment/api may scale from 0, and may start it while it is stopped.']);
    expect(warningsFor(scaler({ metadata: { name: 'keda-hpa-api', ownerReferences: [{ kind: 'ScaledObject', name: 'api' }] } })))
      .toEqual([expect.stringContaining('kubectl annotate scaledobject/api autoscaling.keda.sh/paused-replicas=0')]);
  });
  it('names what the account needs', () => {
    expect(fenceNeeds([api, nightly]).map(({ verb, resource, name }) => `${verb} ${resource}${name ? ` ${name}` : ''}`)).toEqual([
      'list deployments', 'watch deployments', 'list cronjobs', 'watch cronjobs', 'get deployments api', 'patch deployments api', 'get cronjobs nightly', 'patch cronjobs nightly',
      'list pods', 'watch pods', 'list replicasets', 'watch replicasets', 'list jobs', 'watch jobs',
    ]);
  });
});

describe('a label selector', () => {
  it.each([
    ['In', ['a', 'b'], true], ['In', ['c'], false], ['NotIn', ['c'], true], ['NotIn', ['a'], false], ['Exists', [], true], ['DoesNotExist', [], false],
  ] as const)('with %s %j', (operator, values, expected) => {
    const pod = { metadata: { labels: { tier: 'a' } } };
    expect(matches({ matchExpressions: [{ key: 'tier', operator, values }] }, pod)).toBe(expected);
    expect(matches({ matchLabels: { tier: 'a', other: 'x' } }, pod)).toBe(false);
    expect(matches({ matchExpressions: [{ key: 'none', operator, values }] }, pod)).toBe(operator === 'NotIn' || operator === 'DoesNotExist');
  });
});
