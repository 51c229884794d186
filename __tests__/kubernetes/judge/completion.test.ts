import { describe, expect, it } from '@jest/globals';
import type { KubeObject, Workload } from '../../../src/kubernetes/client/objects.js';
import type { ServiceExpectation } from '../../../src/kubernetes/judge/expectation.js';
import { completionOf } from '../../../src/kubernetes/judge/completion.js';
import {
  controllerRevision, daemonset, deployment, newImage, oldImage, pod, replicaSet, running, set, slice, statefulset, target, template, waiting, type
  PodOptions, type WorkloadOptions,
} from './build.js';
import { judgeOf, messageOf, replicaSets, settle, word, worldOf, type JudgeOptions } from './judging.js';

const done = [pod('a'), pod('b')];
const waitingFor = (kind: 'deployment' | 'statefulset' | 'daemonset' | 'cronjob', objects: readonly KubeObject[]) => completionOf(worldOf(objects).view(target(kind))).waitingFor;

describe('a Deployment is rolled out', () => {
  const with_ = (status: Workload['status']) => waitingFor('deployment', [deployment({ status }), ...replicaSets(), ...done]);
  it.each([
    [{}, undefined],
    [{ updatedReplicas: 1 }, '1 of 2 new pods created'],
    [{ updatedReplicas: undefined }, '0 of 2 new pods created'],
    [{ replicas: 3 }, '1 old pod pending termination'],
    [{ replicas: 5 }, '3 old pods pending termination'],
    [{ availableReplicas: 1 }, '1 of 2 pods available'],
    [{ availableReplicas: undefined }, '0 of 2 pods available'],
  ])('with the status %j: still to come: %s', (status, still) => expect(with_(status)).toBe(still));

  it('when it is seen which ReplicaSet is the new one', () => {
    expect(waitingFor('deployment', [deployment(), replicaSet('rs-old', oldImage)])).toBe('waiting for the new ReplicaSet');
  });
  it('when its pods were seen to be ready, whatever its status says already', () => {
    expect(waitingFor('deployment', [deployment(), ...replicaSets(), pod('a')])).toBe('1 of 2 new pods ready');
  });
  it('at once when it is scaled to nothing', () => {
    expect(waitingFor('deployment', [deployment({ spec: { replicas: 0 } })])).toBeUndefined();
  });
  it('with one pod when nothing is said of their number', () => {
    expect(waitingFor('deployment', [deployment({ spec: { replicas: undefined }, status: { replicas: 1, updatedReplicas: 1, availableReplicas: 1 } }), ...replicaSets(), pod('a')])).toBeUndefined();
  });
  it('never when it is not there', () => expect(waitingFor('deployment', [])).toBe('the workload does not exist'));
});

describe('a Deployment that is held at its first wave', () => {
  const wave = (workload: WorkloadOptions, replicas: number, ...pods: KubeObject[]) => {
    const set_ = { ...replicaSet('rs-new', newImage), spec: { ...replicaSet('rs-new', newImage).spec, replicas } };
    return completionOf(worldOf([deployment(workload), set_, ...pods]).view(target()), 'first-wave');
  };
  const held = { spec: { paused: true } };
  it.each([
    ['no pod is wanted yet', held, 0, [], 'waiting for the first new pods'],
    ['it is not paused yet', {}, 1, [pod('a')], 'waiting for the pause'],
    ['not all of the wave are ready', held, 2, [pod('a'), pod('b', { statuses: [waiting('ContainerCreating')] })], '1 of 2 first pods ready'],
    ['one more is seen than the ReplicaSet was seen to want', held, 1, [pod('a'), pod('b', { statuses: [waiting('ContainerCreating')] })], '1 of 2 first pods ready'],
    ['the controller has not seen the pause', { ...held, status: { observedGeneration: 1 } }, 2, done, 'waiting for the pause'],
    ['all of the wave are ready', held, 2, done, undefined],
  ] as const)('%s', (_what, workload, replicas, pods, still) => expect(wave(workload, replicas, ...pods).waitingFor).toBe(still));

  describe('and goes on before it is let', () => {
    const starting = () => pod('b', { statuses: [waiting('ContainerCreating')] });
    const wants = (replicas: number) => ({ ...replicaSet('rs-new', newImage), spec: { ...replicaSet('rs-new', newImage).spec, replicas } });
    const begun = (then: () => readonly KubeObject[]) => {
      const world = worldOf([deployment(held), wants(2), pod('a'), starting()]);
      const asked = judgeOf(world, { expected: { goal: 'first-wave' } });
      const before = asked.at(0);
      for (const object of then()) world.apply(set(object));
      return [before, asked.at(1000)].map((decision) => (decision.state === 'wait' ? decision.progress : word(decision)));
    };
    it('because somebody lifts the pause: its wave is what there is then', () => {
      const lifted = () => deployment({ generation: 4, status: { observedGeneration: 4 } });
      expect(begun(() => [lifted()])).toEqual(['first pods 1/2 ready · b waiting for node node-1 to start container app', 'first pods 1/2 ready · b waiting for node node-1 to start container app']);
      expect(begun(() => [lifted(), pod('b')])).toEqual([expect.any(String), 'done']);
    });
    it('because an autoscaler wants no pod at all: its wave is over', () => {
      const none = () => deployment({ generation: 4, spec: { replicas: 0, paused: true }, status: { observedGeneration: 4 } });
      expect(begun(() => [none(), wants(0), pod('a', { deleted: true }), pod('b', { deleted: true })])).toEqual([expect.any(String), 'done']);
    });
  });

  it('is done at once, whatever the endpoints are', () => {
    const set_ = { ...replicaSet('rs-new', newImage), spec: { ...replicaSet('rs-new', newImage).spec, replicas: 1 } };
    const world = worldOf([deployment(held), set_, pod('a'), slice('api', { old: {} })]);
    const services = [{ name: 'api', exact: true, selects: true }];
    expect(word(judgeOf(world, { expected: { goal: 'first-wave', services } }).at(0))).toBe('done');
  });
});

describe('a StatefulSet is rolled out', () => {
  const last = pod('api-1', { owner: 'uid-api', labels: { 'controller-revision-hash': 'api-new' } });
  const pods = [pod('api-0', { owner: 'uid-api', labels: { 'controller-revision-hash': 'api-new' } }), last];
  const with_ = (options: WorkloadOptions, ...objects: KubeObject[]) => waitingFor('statefulset', [statefulset(options), ...objects]);

  it('when every pod is of the new revision, ready and available', () => expect(with_({}, ...pods)).toBeUndefined());
  it('not before every pod is updated', () => expect(with_({ status: { updatedReplicas: 1 } }, ...pods)).toBe('1 of 2 pods updated'));
  it('not before every pod is available', () => expect(with_({ status: { availableReplicas: 1 } }, ...pods)).toBe('1 of 2 pods available'));
  it('by readyReplicas where a cluster does not tell availableReplicas', () => expect(with_({ status: { availableReplicas: undefined, readyReplicas: 1 } }, ...pods)).toBe('1 of 2 pods available'));
  it('not before the new pods were seen to be ready', () => expect(with_({}, last)).toBe('1 of 2 new pods ready'));
  it('when the pods above the partition are updated', () => {
    const options = { spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } }, status: { updatedReplicas: 1 } };
    const old = pod('api-0', { owner: 'uid-api', labels: { 'controller-revision-hash': 'api-old' } });
    expect(with_(options, old, last)).toBeUndefined();
  });
  it('when the pods above the partition are updated, whatever the number of the first pod is', () => {
    const spec = { ordinals: { start: 5 }, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } };
    const numbered = (ordinal: number, hash: string) => pod(`api-${ordinal}`, { owner: 'uid-api', labels: { 'controller-revision-hash': hash } });
    const world = worldOf([statefulset({ spec, status: { updatedReplicas: 1 } }), numbered(5, 'api-old'), numbered(6, 'api-new'), slice('api', { 'api-5': {}, 'api-6': {} })]);
    const view = world.view(target('statefulset'));
    expect([view.newPods, view.oldPods, view.keptPods].map((pods) => pods.map((each) => each.metadata?.name))).toEqual([['api-6'], [], ['api-5']]);
    const services = [{ name: 'api', exact: true, selects: true }];
    expect(word(settle(judgeOf(world, { target: target('statefulset'), expected: { services } })).decision)).toBe('done');
    // Below the first number there is none that is meant to stay.
    const early = worldOf([statefulset({ spec }), numbered(6, 'api-old')]).view(target('statefulset'));
    expect([early.oldPods.length, early.keptPods.length]).toEqual([1, 0]);
  });
  it('at once when the partition lets none go', () => {
    expect(with_({ spec: { updateStrategy: { rollingUpdate: { partition: 9 } } }, status: { updatedReplicas: 0 } })).toBeUndefined();
  });
  it('whether or not its currentRevision has caught up', () => expect(with_({ status: { currentRevision: 'api-old' } }, ...pods)).toBeUndefined());
  it('with the pods of the updateRevision as the new ones', () => {
    const old = pod('api-0', { owner: 'uid-api', labels: { 'controller-revision-hash': 'api-old' } });
    const view = worldOf([statefulset(), old, last]).view(target('statefulset'));
    expect([view.newPods.map((each) => each.metadata?.name), view.oldPods.map((each) => each.metadata?.name)]).toEqual([['api-1'], ['api-0']]);
  });
  it('with none as new while no updateRevision is told', () => {
    expect(worldOf([statefulset({ status: { updateRevision: undefined } }), ...pods]).view(target('statefulset')).newPods).toEqual([]);
  });
});

describe('a DaemonSet is rolled out', () => {
  const [old, now] = [{ hash: 'a', image: oldImage }, { hash: 'b', image: newImage }];
  const of = (name: string, { hash, image }: typeof old, options: PodOptions = {}) => pod(name, { owner: 'uid-api', labels: { 'controller-revision-hash': hash }, image, ...options });
  const revisions = [controllerRevision(1, 'a', oldImage), controllerRevision(2, 'b')];
  const still = (options: WorkloadOptions, ...pods: KubeObject[]) => waitingFor('daemonset', [daemonset(options), ...revisions, ...pods]);
  const both = [of('api-1', now), of('api-2', now)];
  it.each([
    [{}, undefined],
    [{ updatedNumberScheduled: 1 }, '1 of 2 pods updated'],
    [{ numberAvailable: 1 }, '1 of 2 pods available'],
    [{ numberAvailable: undefined }, '0 of 2 pods available'],
  ])('with the status %j: still to come: %s', (status, missing) => expect(still({ status }, ...both)).toBe(missing));

  it('when its pods were seen to be ready, whatever its status says already', () => {
    expect([still({}), still({}, of('api-1', now))]).toEqual(['0 of 2 new pods ready', '1 of 2 new pods ready']);
  });
  it('not while an old pod is there beside its new one', () => expect(still({}, ...both, of('api-0', old))).toBe('1 old pod pending termination'));
  it('at once when no node is meant for it', () => {
    expect(still({ status: { desiredNumberScheduled: 0, updatedNumberScheduled: undefined, numberAvailable: undefined } })).toBeUndefined();
  });

  describe('without the nodes that are away: they take no new pod', () => {
    const conditions = (containersReady: string) => [{ type: 'Ready', status: 'False' }, { type: 'ContainersReady', status: containersReady }];
    const away = { conditions: conditions('True') };
    const counted = (updated: number, available: number, desired: number) =>
      ({ status: { desiredNumberScheduled: desired, updatedNumberScheduled: updated, numberAvailable: available } });
    const anywhere = { ...template(newImage), spec: { ...template(newImage).spec, tolerations: [{ operator: 'Exists' }] } };
    const everywhere = (updated: number, available: number, desired: number) =>
      ({ ...counted(updated, available, desired), spec: { template: anywhere } });
    const tolerant = { ...controllerRevision(3, 'b'), data: { spec: { template: anywhere } } };

    it('which the controller does not count by itself', () => {
      expect(still(counted(1, 1, 1), of('api-1', now), of('api-2', old, away))).toBeUndefined();
      // One of two nodes that are there has no pod at the moment.
      expect(still(counted(1, 1, 2), of('api-1', now), of('api-2', old, away))).toBe('1 of 2 pods updated');
    });
    it.each([
      ['an old pod on the node that is away', of('api-2', old, away), undefined],
      ['one that is going, for ever', of('api-2', old, { ...away, deleted: true }), undefined],
      ['one that is only slow', of('api-2', old, { conditions: conditions('False') }), '1 of 2 pods updated'],
      ['one that waits for something of its own', { ...of('api-2', old, away), spec: { readinessGates: [{ conditionType: 'x' }] } }, '1 of 2 pods updated'],
    ])('nor when its pods tolerate that, with %s', (_what, other, missing) => {
      expect(waitingFor('daemonset', [daemonset(everywhere(1, 1, 2)), ...revisions, tolerant, of('api-1', now), other])).toBe(missing);
    });
    it('but not with an old pod on a node that is there, though one on a node that is away is updated', () => {
      const pods = [of('api-1', now, away), of('api-2', now), of('api-3', old)];
      expect(waitingFor('daemonset', [daemonset(everywhere(2, 2, 3)), ...revisions, tolerant, ...pods])).toBe('1 old pod pending termination');
    });
  });

  describe('with the pods of the ControllerRevision that has its template as the new ones', () => {
    const pods = [of('api-a', old), of('api-b', now), of('api-c', { hash: 'c', image: 'registry.example/api:0' })];
    const seen = (workload: Workload, ...given: KubeObject[]) => worldOf([workload, ...pods, ...given]).view(target('daemonset')).newPods.map((each) => each.metadata?.name);
    const third = controllerRevision(3, 'c', 'registry.example/api:0');
    it('whatever their order and number', () => {
      expect(seen(daemonset(), third, ...revisions)).toEqual(['api-b']);
      // Going back to an old template gives its revision the highest number, and that is seen later than the template.
      expect(seen(daemonset({ image: oldImage }), ...revisions)).toEqual(['api-a']);
    });
    it('the newer of two that have it', () => expect(seen(daemonset(), controllerRevision(4, 'c'), ...revisions)).toEqual(['api-c']));
    it('and none while it was not seen', () => {
      expect(seen(daemonset(), third, controllerRevision(1, 'a', oldImage))).toEqual([]);
      expect(seen(daemonset())).toEqual([]);
    });
    it('also when the controller and the API server write differently what nobody has set', () => {
      const { metadata, spec } = template(newImage);
      const written = { metadata: { ...metadata, creationTimestamp: null }, spec: { ...spec, securityContext: {} } };
      expect(seen(daemonset(), { ...controllerRevision(2, 'b'), data: { spec: { template: written } } } as unknown as KubeObject)).toEqual(['api-b']);
    });
  });

  it('and is not judged by the image of before while its ControllerRevision was not seen', () => {
    const missing = of('api-1', old, { statuses: [waiting('ErrImagePull', `failed to resolve reference "${oldImage}": ${oldImage}: not found`)] });
    const status = { updatedNumberScheduled: 0, numberAvailable: 0 };
    expect(word(judgeOf(worldOf([daemonset({ status }), controllerRevision(1, 'a', oldImage), missing]), { target: target('daemonset') }).at(0))).toBe('wait');
  });
});

it('a CronJob is rolled out when its image is set', () => {
  expect(waitingFor('cronjob', [{ kind: 'CronJob', metadata: { name: 'api', uid: 'uid-api' } }])).toBeUndefined();
});

describe('traffic', () => {
  const exact: ServiceExpectation = { name: 'api', exact: true, selects: true };
  const any: ServiceExpectation = { name: 'api', exact: false, selects: true };
  const serving = (service: ServiceExpectation, ...objects: KubeObject[]): JudgeOptions & { objects: KubeObject[] } =>
    ({ objects: [deployment(), ...replicaSets(), ...done, ...objects], expected: { services: [service] } });
  const old = (deleted: boolean) => pod('old', { owner: 'uid-rs-old', deleted });
  const right = { a: {}, b: {} };

  it.each([
    ['the new pods and no others', serving(exact, slice('api', right))],
    ['an old pod that is not ready', serving(exact, old(false), slice('api', { ...right, old: { ready: false } }))],
    ['an old pod that is terminating', serving(exact, old(true), slice('api', { ...right, old: { terminating: true } }))],
    ['a stranger behind a Service that nobody asks', serving(any, slice('api', { ...right, stranger: {} }))],
    ['only some of the new pods, where the Service does not select them', serving({ name: 'api', exact: true, selects: false }, slice('api', { a: {} }))],
    ['nobody, as it was scaled to nothing meanwhile', { objects: [deployment({ spec: { replicas: 0 } }), ...replicaSets()], expected: { services: [exact] } }],
    ['a slice of another Service', serving(exact, slice('api', right), slice('other', { old: {} }), old(true))],
  ])('to %s is right', (_what, { objects, ...options }) => {
    const { decision, atMs } = settle(judgeOf(worldOf(objects), options));
    expect([word(decision), atMs]).toEqual(['done', 2000]);
  });

  it.each([
    ['an old pod', serving(any, old(false), slice('api', { ...right, old: {} })), 'Service api still sends traffic to old of the old version'],
    ['an old pod that is going', serving(any, old(true), slice('api', { ...right, old: {} })), 'Service api still sends traffic to old of the old version'],
    ['a stranger behind a Service that smoke asks', serving(exact, slice('api', { ...right, stranger: {} })), 'Service api sends traffic to stranger, which is not a new pod of this run'],
    ['not all of the new pods', serving(any, slice('api', { a: {} })), 'Service api does not send traffic to b yet'],
    ['nothing, as nothing is behind it', serving(any), 'Service api does not send traffic to a yet'],
    ['nothing, as nothing behind it is ready', serving({ ...exact, selects: false }, slice('api', { a: { ready: false } })), 'Service api has no ready endpoints'],
  ])('to %s is wrong, and a failure after 10 s', (_what, { objects, ...options }, message) => {
    const asked = judgeOf(worldOf(objects), options);
    for (let at = 0; at < 10_000; at += 1000) expect(asked.at(at)).toMatchObject({ state: 'wait', rolledOut: true, progress: `2/2 ready · ${message}` });
    expect(asked.at(9_999).state).toBe('wait');
    const decision = asked.at(10_000);
    expect([word(decision), messageOf(decision)]).toEqual(['wrong-version-serving', message]);
  });

  it('to a pod of another workload of the same run is right', () => {
    const { objects, ...options } = serving(exact, slice('api', { ...right, other: {} }));
    const { decision } = settle(judgeOf(worldOf(objects), { ...options, newPodsOfRun: new Set(['uid-a', 'uid-b', 'uid-other']) }));
    expect(word(decision)).toBe('done');
  });

  it.each([
    ['an old pod of another workload of the run', slice('api', { ...right, other: {} })],
    ['nothing, as the other workload replaces its only pod', slice('api', { other: { ready: false } })],
  ])('to %s is no failure as long as that one is on its way', (_what, endpoints) => {
    let isOnItsWay = true;
    const world = worldOf([deployment(), ...replicaSets(), ...done, endpoints]);
    const asked = judgeOf(world, { expected: { services: [{ name: 'api', exact: true, selects: false }] }, othersRolledOut: () => !isOnItsWay });
    for (let at = 0; at < 100_000; at += 1000) expect(asked.at(at).state).toBe('wait');
    isOnItsWay = false;
    for (let at = 100_000; at < 110_000; at += 1000) expect(asked.at(at).state).toBe('wait');
    expect(word(asked.at(110_000))).toBe('wrong-version-serving');
  });

  it('to the pods that a partition keeps as they are is right', () => {
    const numbered = (name: string, hash: string) => pod(name, { owner: 'uid-api', labels: { 'controller-revision-hash': hash } });
    const workload = statefulset({ spec: { updateStrategy: { rollingUpdate: { partition: 1 } } }, status: { updatedReplicas: 1 } });
    const world = worldOf([workload, numbered('api-0', 'api-old'), numbered('api-1', 'api-new'), slice('api', { 'api-0': {}, 'api-1': {} })]);
    expect(word(settle(judgeOf(world, { target: target('statefulset'), expected: { services: [exact] } })).decision)).toBe('done');
  });

  it('is not looked at before the controller has finished', () => {
    const objects = [deployment({ status: { updatedReplicas: 1 } }), ...replicaSets(), ...done, old(false), slice('api', { old: {} })];
    expect(judgeOf(worldOf(objects), { expected: { services: [exact] } }).at(0)).toMatchObject({ state: 'wait', rolledOut: false });
  });
});

describe('being done', () => {
  it('takes 2 s in which nothing changed', () => {
    const asked = judgeOf(worldOf([deployment(), ...replicaSets(), ...done]));
    expect(asked.at(5000)).toEqual({ state: 'wait', progress: '2/2 ready', rolledOut: true, recheckAt: 7000, suspects: [] });
    expect(asked.at(6999).state).toBe('wait');
    expect(asked.at(7000)).toEqual({ state: 'done', progress: '2/2 ready' });
  });

  it('starts anew when the traffic was wrong in between', () => {
    const services = [{ name: 'api', exact: true, selects: true }];
    const world = worldOf([deployment(), ...replicaSets(), ...done, slice('api', { a: {}, b: {} })]);
    const asked = judgeOf(world, { expected: { services } });
    asked.at(0);
    world.apply(set(slice('api', { a: {} })));
    expect(asked.at(1000).state).toBe('wait');
    world.apply(set(slice('api', { a: {}, b: {} })));
    expect(asked.at(2000).state).toBe('wait');
    expect(asked.at(3999).state).toBe('wait');
    expect(asked.at(4000).state).toBe('done');
  });

  it('starts anew when a pod was lost in between', () => {
    const world = worldOf([deployment(), ...replicaSets(), ...done]);
    const asked = judgeOf(world);
    asked.at(0);
    world.apply(set(deployment({ status: { availableReplicas: 1 } })));
    asked.at(1900);
    world.apply(set(deployment()));
    expect(asked.at(2000)).toMatchObject({ state: 'wait', recheckAt: 4000 });
  });
});

describe('a controller that does not go on', () => {
  const status = { updatedReplicas: 2, replicas: 2, availableReplicas: 1 };
  const stuck = (spec: object = {}) => judgeOf(worldOf([deployment({ spec, status }), ...replicaSets(), ...done]), { patience: { deadlineAt: 300_000 } });
  it('is told of after a minute, and named at the deadline with how long it has been', () => {
    const asked = stuck();
    expect(asked.at(0)).toMatchObject({ progress: '2/2 ready · 1 of 2 pods available', suspects: [] });
    expect(asked.at(60_000)).toMatchObject({ suspects: [{ message: 'deployment/api waits: 1 of 2 pods available for 60 s' }] });
    expect(messageOf(asked.at(300_000))).toBe('deployment/api did not finish in time: 2/2 ready · 1 of 2 pods available for 300 s');
  });
  it('may have to wait for minReadySeconds, which are named, and not told of before they are over', () => {
    const asked = stuck({ minReadySeconds: 50 });
    expect(asked.at(0)).toMatchObject({ progress: '2/2 ready · 1 of 2 pods available (minReadySeconds is 50)' });
    expect(asked.at(100_000)).toMatchObject({ suspects: [] });
    expect(asked.at(110_000)).toMatchObject({ suspects: [{ message: expect.stringContaining('minReadySeconds is 50') }] });
  });
});

describe('progress', () => {
  const progress = (...objects: KubeObject[]) => {
    const decision = judgeOf(worldOf([deployment({ status: { updatedReplicas: 1, replicas: 3, availableReplicas: 2 } }), ...replicaSets(), ...objects])).at(0);
    return decision.state === 'wait' ? decision.progress : decision;
  };
  it.each([
    ['without a new pod', [], '0/2 ready · 1 of 2 new pods created'],
    ['with a ready one', [pod('p')], '1/2 ready · 1 of 2 new pods created'],
    ['with one that waits for a node', [pod('p', { statuses: [], conditions: [{ type: 'PodScheduled', status: 'False' }] })], '0/2 ready · p waiting for a node'],
    ['with one that is being made', [pod('p', { statuses: [waiting('ContainerCreating')] })], '0/2 ready · p waiting for node node-1 to start container app'],
    ['with one that has run once', [pod('p', { statuses: [{ name: 'app', ready: false, state: { terminated: { exitCode: 4 } } }] })], '0/2 ready · p crashed with exit code 4 (app)'],
    ['with one that runs again', [pod('p', { statuses: [running({ ready: false, restartCount: 1 })] })], '0/2 ready · p restarted (app)'],
    ['with one that is not ready', [pod('p', { statuses: [running({ ready: false })] })], '0/2 ready · p started, not ready'],
    ['with one whose image is refused', [pod('p', { statuses: [waiting('ErrImagePull', '401 Unauthorized')] })], '0/2 ready · p ErrImagePull (app)'],
    ['with one that nobody has taken up', [{ ...pod('p'), spec: {}, status: {} } as KubeObject], '0/2 ready · p waiting for the scheduler'],
  ] as const)('%s', (_what, objects, text) => expect(progress(...objects)).toBe(text));
});
