import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RollingUpdate, Workload } from '../../../src/kubernetes/client/objects.js';
import type { SmokeCheck } from '../../../src/config/config.js';
import { CancelledError } from '../../../src/outcome/errors.js';
import type { OpenRelease } from '../../../src/target/set-image/open-release.js';
import { fakePorts } from '../../kubernetes/client/fake-ports.js';
import { handClock } from '../../kubernetes/client/hand-clock.js';
import { describeWave, pausedDeployment, pauseAtFirstPods, resumeOperations, whyNotProvedFirst, resume } from '../../../src/target/set-image/pause.js';
import { restorePatch } from '../../../src/target/set-image/restore.js';
import { deployment, oldImage, service, target } from '../../kubernetes/judge/build.js';
import { deploymentPath } from './fake-cluster.js';
import { applyPatch } from './json-patch.js';
import { simulate } from '../../kubernetes/judge/simulation.js';
import { firstWaveSize } from '../../../src/kubernetes/observe/surge.js';
import type { PausedDeployment } from '../../../src/target/set-image/image-change.js';

const sized = (replicas: number | undefined, rollingUpdate?: RollingUpdate) => deployment({ spec: { replicas, strategy: rollingUpdate && { rollingUpdate } } });

describe('the first wave', () => {
  it.each([
    [8, undefined, { pods: 4, of: 8, oldPodsGone: 2 }],
    [1, undefined, { pods: 1, of: 1, oldPodsGone: 0 }],
    [undefined, undefined, { pods: 1, of: 1, oldPodsGone: 0 }],
    [3, undefined, { pods: 1, of: 3, oldPodsGone: 0 }],
    [10, { maxSurge: 0, maxUnavailable: 0 }, { pods: 1, of: 10, oldPodsGone: 1 }],
    [10, { maxSurge: 0, maxUnavailable: 3 }, { pods: 3, of: 10, oldPodsGone: 3 }],
    [4, { maxSurge: 1, maxUnavailable: '100%' }, { pods: 4, of: 4, oldPodsGone: 4 }],
    [4, { maxSurge: '100%', maxUnavailable: 0 }, { pods: 4, of: 4, oldPodsGone: 0 }],
    [4, { maxSurge: 9, maxUnavailable: 9 }, { pods: 4, of: 4, oldPodsGone: 4 }],
    [7, { maxSurge: '10%', maxUnavailable: '10%' }, { pods: 1, of: 7, oldPodsGone: 0 }],
    [2, { maxSurge: '0%', maxUnavailable: '1%' }, { pods: 1, of: 2, oldPodsGone: 1 }],
  ])('of %s pods with %j is %j', (replicas, rollingUpdate, size) => expect(firstWaveSize(sized(replicas, rollingUpdate))).toEqual(size));

  it('is said in a sentence', () => {
    expect(describeWave(target(), sized(1))).toBe('The first pods of deployment/api are checked before the others: at most 1 of 1 pods, with every old pod kept');
    expect(describeWave(target(), sized(8))).toBe('The first pods of deployment/api are checked before the others: at most 4 of 8 pods, with at least 6 old pods kept');
  });
});

describe('a workload is not proved first', () => {
  const check = (name: string): SmokeCheck => ({ text: name, target: { type: 'service', name, path: '/' }, statuses: [200] });
  const address: SmokeCheck = { text: 'x', target: { type: 'url', url: 'https://x.example/' }, statuses: [200] };
  it.each([
    ['but a Deployment that a check asks is', target(), deployment(), [check('api')], undefined],
    ['that is no Deployment', target('statefulset'), deployment(), [check('api')], 'only a Deployment can be paused'],
    ['that has the image already', target('deployment', { containers: [{ name: 'app', before: oldImage, after: oldImage }] }), deployment(), [check('api')], 'it has this image already'],
    ['whose old pods go first', target(), deployment({ spec: { strategy: { type: 'Recreate' } } }), [check('api')],
      'its strategy is Recreate, which removes all old pods first'],
    ['without replicas', target(), deployment({ spec: { replicas: 0 } }), [check('api')], 'it has no replicas'],
    ['that is gone', target(), undefined, [check('api')], 'it has no replicas'],
    ['when a check asks another Service', target(), deployment(), [check('other')], 'no smoke check requests one of its Services'],
    ['when a check asks an address', target(), deployment(), [address], 'no smoke check requests one of its Services'],
  ] as const)('%s', (_what, of, workload, checks, reason) => {
    expect(whyNotProvedFirst(of, workload, [service('api'), service('other', { selector: { app: 'other' } })], checks)).toBe(reason);
  });
});

describe('a hold', () => {
  // It stands at what this run wrote, and nobody else has changed it.
  const of = target('deployment', { containers: [{ name: 'app', before: 'registry.example/api:0', after: oldImage }] });
  const timing = fc.record({
    progressDeadlineSeconds: fc.option(fc.integer({ min: 2, max: 2000 }), { nil: undefined }),
    minReadySeconds: fc.option(fc.integer({ min: 1, max: 1999 }), { nil: undefined }),
  }).filter(({ progressDeadlineSeconds: deadline = 600, minReadySeconds = 0 }) => minReadySeconds < deadline);
  const standing = (timing: Partial<Workload['spec']>) => {
    const simulation = simulate();
    const spec = JSON.parse(JSON.stringify({ ...simulation.deployment().spec, ...timing })) as Workload['spec'];
    simulation.cluster.put(deploymentPath, { ...simulation.deployment(), spec } as Workload);
    const held = pausedDeployment(of, simulation.deployment());
    return { simulation, spec, held, release: { ...simulation.release, changes: [of], paused: new Map([[of.ref, held]]) } };
  };
  const limits = { until: 0, signal: new AbortController().signal };

  it('makes no new pod available before it is let go, and leaves nothing behind', async () => {
    await fc.assert(fc.asyncProperty(timing, async (times) => {
      const { simulation, spec, release } = standing(times);
      await pauseAtFirstPods(release, [of], new Map(), limits);
      expect(simulation.deployment().spec).toEqual({ ...spec, paused: true, minReadySeconds: (times.progressDeadlineSeconds ?? 600) - 1 });
      const generations = await resume(release, [of], limits);
      expect(simulation.deployment().spec).toEqual(spec);
      expect(generations).toEqual(new Map([[of.ref, simulation.deployment().metadata?.generation]]));
    }));
  });

  it('is not made where somebody else has paused it in that moment', async () => {
    const { simulation, release } = standing({});
    const now = simulation.deployment();
    const theirs = { ...now, spec: { ...now.spec, paused: true }, metadata: { ...now.metadata, managedFields: [{ manager: 'kubectl-rollout', fieldsV1: { 'f:spec': { 'f:paused': {} } } }] } };
    simulation.cluster.put(deploymentPath, theirs as Workload);
    await expect(pauseAtFirstPods(release, [of], new Map(), limits)).rejects.toMatchObject({ code: 'superseded', message: 'deployment/api was paused by someone else right after its image was set.' });
    expect(simulation.deployment().spec).toEqual(theirs.spec);
  });

  it('leaves nothing behind when somebody has changed the progress deadline meanwhile', async () => {
    const { simulation, spec, release, held } = standing({ progressDeadlineSeconds: 600 });
    await pauseAtFirstPods(release, [of], new Map(), limits);
    const longer = { ...simulation.deployment().spec, progressDeadlineSeconds: 900 };
    simulation.cluster.put(deploymentPath, { ...simulation.deployment(), spec: longer } as Workload);
    const recorded = JSON.parse(JSON.stringify(held)) as PausedDeployment;
    expect(applyPatch(simulation.deployment(), resumeOperations(simulation.deployment(), recorded))?.spec).toEqual({ ...spec, progressDeadlineSeconds: 900 });
    await resume(release, [of], limits);
    expect(simulation.deployment().spec).toEqual({ ...spec, progressDeadlineSeconds: 900 });
  });

  /** Two Deployments whose first pods are there; the pause of `api` is not answered before its request is ended. */
  const slow = () => {
    const paused: string[] = [];
    const clock = handClock();
    const api = {
      get: async () => deployment(),
      patch: (path: string, _operations: unknown, options?: { signal?: AbortSignal }) => (path.endsWith('/worker')
        ? (paused.push('worker'), Promise.resolve(deployment()))
        : new Promise((_, reject) => options?.signal?.addEventListener('abort', () => reject(options.signal?.reason), { once: true }))),
    };
    const view = () => ({ workload: deployment(), replicaSet: { spec: { replicas: 1 } } });
    const changes = [of, { ...of, name: 'worker', ref: 'deployment/worker' }];
    const release = { cluster: { api, namespace: 'web' }, ports: fakePorts({ clock }), paused: new Map(), watched: { world: { view }, news: () => new Promise(() => undefined) } } as unknown as OpenRelease;
    return { release, changes, paused, clock };
  };
  const turns = async () => { for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve)); };

  it('of one Deployment does not wait for that of another', async () => {
    const { release, changes, paused, clock } = slow();
    const over = new AbortController();
    const pausing = pauseAtFirstPods(release, changes, new Map(), { until: 0, signal: over.signal }).catch(() => undefined);
    await turns();
    expect(paused).toEqual(['worker']);
    over.abort(new CancelledError('SIGTERM'));
    await turns();
    clock.advance(4000);
    await pausing;
  });
  it('that is not answered holds up a cancelled run for 4 s, and no longer', async () => {
    const { release, changes, clock } = slow();
    const over = new AbortController();
    let end = 'waits';
    const limit = { until: 0, signal: over.signal };
    const pausing = pauseAtFirstPods(release, changes, new Map(), limit).catch((error: { code?: string }) => (end = String(error.code)));
    await turns();
    over.abort(new CancelledError('SIGTERM'));
    await turns();
    clock.advance(3999);
    await turns();
    expect(end).toBe('waits');
    clock.advance(1);
    await pausing;
    expect(end).toBe('cancelled');
  });

  it('is lifted by what an older ledger says of it', () => {
    const spec = { paused: true, minReadySeconds: 599, progressDeadlineSeconds: 600 };
    expect(resumeOperations({ spec }, { ref: 'deployment/api', minReadySeconds: 5 })).toEqual([
      { op: 'test', path: '/spec/paused', value: true }, { op: 'remove', path: '/spec/paused' },
      { op: 'test', path: '/spec/minReadySeconds', value: 599 }, { op: 'replace', path: '/spec/minReadySeconds', value: 5 },
    ]);
  });

  it('leaves nothing behind when it is lifted with the images that are put back', async () => {
    await fc.assert(fc.asyncProperty(timing, async (times) => {
      const { simulation, spec, release, held } = standing(times);
      await pauseAtFirstPods(release, [of], new Map(), limits);
      const back = applyPatch(simulation.deployment(), restorePatch(of, simulation.deployment(), held) as never);
      const template = { ...spec?.template, spec: { containers: [{ name: 'app', image: 'registry.example/api:0' }] } };
      expect(back?.spec).toEqual({ ...spec, template });
    }));
  });
});
