import { describe, expect, it } from '@jest/globals';
import type { KubeObject, Workload } from '../../../src/kubernetes/client/objects.js';
import { occurrenceOf } from '../../../src/kubernetes/judge/symptom.js';
import { daemonset, deployment, event, gone, newImage, oldImage, pod, replicaSet, statefulset, target, set } from './build.js';
import { judgeOf, messageOf, replicaSets, settle, word, worldOf, type JudgeOptions } from './judging.js';

const busy: Workload['status'] = { updatedReplicas: 0, replicas: 2, availableReplicas: 2 };

function seen(objects: readonly KubeObject[], options: JudgeOptions = {}): readonly [string, number] {
  const { decision, atMs } = settle(judgeOf(worldOf(objects), options));
  return [word(decision), atMs];
}

describe('pods that cannot even be made', () => {
  const refused = (message: string): KubeObject[] => [
    deployment({ status: busy }), replicaSet('rs-old', oldImage),
    replicaSet('rs-new', newImage, { revision: 2, conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }] }),
  ];
  const quota = 'pods "api-x" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=4, limited: pods=4';

  it.each([
    [quota, 'quota-exceeded', 20_000],
    ['pods "api-x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false', 'admission-denied', 20_000],
    ['admission webhook "policy.example" denied the request: no latest tags', 'admission-denied', 20_000],
    ['Internal error occurred: failed calling webhook "policy.example": Post "https://policy": context deadline exceeded', 'admission-denied', 60_000],
    ['admission webhook "policy.example" denied the request: exceeded quota: team', 'admission-denied', 20_000],
    ['admission webhook "policy.example" denied the request: the host already exists', 'admission-denied', 20_000],
    ['pods "api-x" is forbidden: a pod of this name already exists elsewhere', 'admission-denied', 20_000],
    ['failed calling webhook "policy.example": dial tcp 10.0.0.9:443: connect: connection refused', 'admission-denied', 60_000],
    ['failed calling webhook "policy.example": no endpoints available for service "policy"', 'admission-denied', 60_000],
  ])('%s', (message, cause, after) => {
    const asked = judgeOf(worldOf(refused(message)));
    for (let at = 0; at < after; at += 1000) expect(asked.at(at).state).toBe('wait');
    expect(asked.at(after - 1).state).toBe('wait');
    expect(asked.at(after)).toMatchObject({ state: 'failed', cause, message: `new pods of deployment/api cannot be created: ${message}` });
  });

  it.each([
    'etcdserver: request timed out', 'etcdserver: leader changed', 'pods "api-x" already exists', 'rpc error: code = Unavailable desc = transport is closing',
    'pods "api-x" is forbidden: not yet ready to handle request',
  ])('is no failure before the deadline for an error that the controller retries: %s', (message) => {
    const { decision, atMs } = settle(judgeOf(worldOf(refused(message)), { patience: { deadlineAt: 90_000 } }));
    expect([word(decision), atMs, messageOf(decision)]).toEqual(['deadline', 90_000, expect.stringContaining(`new pods of deployment/api cannot be created: ${message}`)]);
  });
  it('is certain at once where the namespace is being deleted', () => {
    expect(seen(refused('pods "api-x" is forbidden: unable to create new content in namespace shop because it is being terminated'))).toEqual(['not-deployable', 0]);
  });

  it('is told from the Deployment’s own condition as long as there is no new ReplicaSet', () => {
    const conditions = [{ type: 'ReplicaFailure', status: 'True', message: quota }];
    expect(seen([deployment({ status: { ...busy, conditions } }), replicaSet('rs-old', oldImage)])).toEqual(['quota-exceeded', 20_000]);
  });

  it('of an earlier version is none of this one’s, though the Deployment copies it', () => {
    const conditions = [{ type: 'ReplicaFailure', status: 'True', message: quota }];
    expect(seen([deployment({ status: { ...busy, conditions } }), ...replicaSets()])[0]).toBe('deadline');
  });

  it('for want of quota may mend itself while old pods are on their way out', () => {
    const leaving = pod('old', { owner: 'uid-rs-old', deleted: true });
    const world = worldOf([...refused(quota), leaving]);
    const asked = judgeOf(world);
    for (let at = 0; at < 60_000; at += 1000) expect(asked.at(at).state).toBe('wait');
    world.apply(gone(leaving));
    // The controller tries again after pauses that double: the next time may be at 120 s.
    for (let at = 60_000; at < 140_000; at += 1000) expect(asked.at(at).state).toBe('wait');
    expect(word(asked.at(140_000))).toBe('quota-exceeded');
  });

  it('for want of quota is a failure when old pods do not go', () => {
    expect(seen([...refused(quota), pod('old', { owner: 'uid-rs-old', deleted: true })])).toEqual(['quota-exceeded', 120_000]);
  });

  it('is over when the condition is', () => {
    const world = worldOf(refused(quota));
    const asked = judgeOf(world);
    for (let at = 0; at < 19_000; at += 1000) asked.at(at);
    for (const object of [replicaSet('rs-new', newImage, { revision: 2 }), deployment({ status: busy })]) {
      world.apply(set(object));
    }
    for (let at = 19_000; at < 60_000; at += 1000) expect(asked.at(at).state).toBe('wait');
  });

  describe.each([['statefulset', statefulset({ status: { updatedReplicas: 0 } })], ['daemonset', daemonset({ status: { updatedNumberScheduled: 0 } })]] as const)(
    'of a %s, which has no condition for it', (kind, workload) => {
      const of = { target: target(kind) };
      const failed = () => event('uid-api', 'FailedCreate', quota);

      it('is told from the newest event', () => {
        expect(seen([workload, failed()], of)).toEqual(['quota-exceeded', 20_000]);
      });
      it('is over once a pod was made', () => {
        expect(seen([workload, failed(), event('uid-api', 'SuccessfulCreate', 'created pod')], of)[0]).toBe('deadline');
      });
      it('is none when it happened before the change', () => {
        const old = failed();
        expect(seen([workload, old], { ...of, expected: { eventsBefore: new Set([occurrenceOf(old)]) } })[0]).toBe('deadline');
      });
      it('counts when it happens again, which is told by the same event', () => {
        const old = failed();
        const again = { ...old, metadata: { ...old.metadata, resourceVersion: '999999' } };
        expect(seen([workload, old, again], { ...of, expected: { eventsBefore: new Set([occurrenceOf(old)]) } })).toEqual(['quota-exceeded', 20_000]);
      });
      it('is none when it happened to somebody else', () => {
        expect(seen([workload, event('uid-other', 'FailedCreate', quota)], of)[0]).toBe('deadline');
      });
    });
});

describe('somebody else', () => {
  const superseded = (...objects: KubeObject[]) => {
    const { decision } = settle(judgeOf(worldOf(objects)));
    return [word(decision), messageOf(decision)];
  };

  it('set another image', () => {
    const other = 'registry.example/api:hotfix';
    expect(superseded(deployment({ image: other, generation: 3, status: { observedGeneration: 2 } }))).toEqual(
      ['superseded', `container app of deployment/api was set to ${other} by someone else during the run`]);
  });
  it('put the old image back', () => {
    expect(superseded(deployment({ image: oldImage, generation: 3 }))[0]).toBe('superseded');
  });
  it('deleted the workload', () => {
    expect(superseded(...replicaSets())).toEqual(['superseded', 'deployment/api was deleted during the run']);
  });
  it('is deleting the workload', () => {
    expect(superseded(deployment({ deleted: true }))).toEqual(['superseded', 'deployment/api is being deleted']);
  });
  it('made it anew', () => {
    expect(superseded(deployment({ uid: 'uid-other' }))).toEqual(['superseded', 'deployment/api was deleted and recreated during the run']);
  });
  it('scaled it: that is no harm', () => {
    const scaled = deployment({ generation: 5, spec: { replicas: 1 }, status: { observedGeneration: 5 } });
    expect(seen([scaled, ...replicaSets(), pod('p')])).toEqual(['done', 2000]);
  });
  it('changed a container that is not of this run: that is no harm', () => {
    const spec = { template: { metadata: { labels: { app: 'api' } }, spec: { containers: [{ name: 'app', image: newImage }, { name: 'proxy', image: 'proxy:9' }] } } };
    expect(judgeOf(worldOf([deployment({ generation: 3, spec })])).at(0).state).toBe('wait');
  });
});

describe('the news of before the change', () => {
  it('decides nothing: an older generation still holds the old image', () => {
    expect(judgeOf(worldOf([deployment({ generation: 1, image: oldImage, status: { observedGeneration: 1 } })])).at(0)).toMatchObject(
      { state: 'wait', progress: 'waiting for the controller', rolledOut: false });
  });
  it('decides nothing: the controller has not looked at the change yet', () => {
    expect(judgeOf(worldOf([deployment({ status: { observedGeneration: 1 } }), ...replicaSets(), pod('a'), pod('b')])).at(0).state).toBe('wait');
  });
  it('ends at the deadline, and says who does not work', () => {
    const { decision, atMs } = settle(judgeOf(worldOf([deployment({ status: { observedGeneration: 1 } })]), { patience: { deadlineAt: 5000 } }));
    expect([atMs, word(decision), messageOf(decision)]).toEqual(
      [5000, 'deadline', 'the controller has not processed the change of deployment/api: either kube-controller-manager is not running, or a quota or an admission webhook rejects its new ReplicaSet']);
  });
});

describe('a change that the controller has not observed', () => {
  const quota = 'Failed to create new replica set "api-5657": replicasets.apps "api-5657" is forbidden: exceeded quota: objects, requested: count/replicasets.apps=1';
  const denied = 'Failed to create new replica set "api-5657": admission webhook "guard.example.com" denied the request: no';
  const refused = (message: string, lastUpdateTime = '2026-01-01T00:10:00Z') => deployment({
    status: { observedGeneration: 1, conditions: [{ type: 'Progressing', status: 'False', reason: 'ReplicaSetCreateError', lastUpdateTime, message }] },
  });
  const old = replicaSet('rs-old', oldImage, { revision: 1 });

  it.each([['quota-exceeded', quota], ['admission-denied', denied]])('because its ReplicaSet was refused is %s', (cause, message) => {
    expect(settle(judgeOf(worldOf([refused(message), old])))).toMatchObject(
      { atMs: 20_000, decision: { cause, message: `the controller cannot create the ReplicaSet of deployment/api: ${message}` } });
  });
  it.each(['etcdserver: request timed out', 'replicasets.apps "api-5657" already exists'])('because its ReplicaSet could not be stored is retried by the controller: %s', (why) => {
    const message = `Failed to create new replica set "api-5657": ${why}`;
    const { decision, atMs } = settle(judgeOf(worldOf([refused(message), old]), { patience: { deadlineAt: 90_000 } }));
    expect([word(decision), atMs, messageOf(decision)]).toEqual(
      ['deadline', 90_000, `deployment/api did not finish in time: the controller cannot create the ReplicaSet of deployment/api: ${message}`]);
  });
  it('because its namespace is being deleted is not deployable', () => {
    const message = 'Failed to create new replica set "api-5657": replicasets.apps "api-5657" is forbidden: unable to create new content in namespace shop because it is being terminated';
    expect(settle(judgeOf(worldOf([refused(message), old])))).toMatchObject({ atMs: 0, decision: { cause: 'not-deployable' } });
  });
  it('is told of before that, with the controller’s words', () => {
    const asked = judgeOf(worldOf([refused(quota), old]));
    asked.at(0);
    expect(asked.at(15_000)).toMatchObject({ progress: 'waiting for the controller', suspects: [{ message: expect.stringContaining('exceeded quota: objects') }] });
  });
  it('may be said by an event alone', () => {
    const stale = '2026-01-01T00:10:00Z';
    const world = worldOf([refused(denied, stale), old, event('uid-api', 'ReplicaSetCreateError', quota)]);
    expect(settle(judgeOf(world, { expected: { progressBefore: stale } })).decision).toMatchObject({ cause: 'quota-exceeded' });
  });
  it('is not judged by what an earlier change left', () => {
    const [stale, said] = ['2026-01-01T00:10:00Z', event('uid-api', 'ReplicaSetCreateError', quota)];
    const expected = { progressBefore: stale, eventsBefore: new Set([occurrenceOf(said)]) };
    expect(word(settle(judgeOf(worldOf([refused(quota, stale), old, said]), { expected, patience: { deadlineAt: 90_000 } })).decision)).toBe('deadline');
  });
  it('is not judged by a refusal that is over', () => {
    const { decision } = settle(judgeOf(worldOf([refused(quota), old, replicaSet('rs-new', newImage, { revision: 2 })]), { patience: { deadlineAt: 90_000 } }));
    expect(word(decision)).toBe('deadline');
  });

  const never = {
    observedGeneration: undefined, desiredNumberScheduled: 0, updatedNumberScheduled: 0, numberAvailable: 0,
    replicas: 0, updatedReplicas: 0, availableReplicas: 0,
  };
  it.each([
    ['deployment', deployment({ spec: { replicas: 0 }, status: never }), 'ReplicaSet'], ['statefulset', statefulset({ spec: { replicas: 0 }, status: never }), 'ControllerRevision'],
    ['daemonset', daemonset({ status: never }), 'ControllerRevision'],
  ] as const)('of a %s that it never looked at is not complete, though it counts nothing but noughts', (kind, workload, revision) => {
    const asked = judgeOf(worldOf([workload]), { target: target(kind), patience: { deadlineAt: 30_000 } });
    asked.at(0);
    const words = `the controller has not processed the change of ${kind}/api: either kube-controller-manager is not running, or a quota or an admission webhook rejects its new ${revision}`;
    expect(asked.at(15_000)).toMatchObject({ state: 'wait', suspects: [{ message: words }] });
    expect(asked.at(30_000)).toMatchObject({ cause: 'deadline', message: words, hint: expect.stringContaining('kubectl get resourcequota') });
  });
  it('of a DaemonSet that wants no node is complete once it was observed', () => {
    const idle = daemonset({ status: { desiredNumberScheduled: 0, updatedNumberScheduled: 0, numberAvailable: 0 } });
    const services = [{ name: 'api', exact: true, selects: true }];
    expect(word(settle(judgeOf(worldOf([idle]), { target: target('daemonset'), expected: { services } })).decision)).toBe('done');
  });
});

describe('ProgressDeadlineExceeded', () => {
  const exceeded = (lastUpdateTime: string): KubeObject[] => [
    deployment({
      status: {
        ...busy, conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', lastUpdateTime, message: 'ReplicaSet "rs-new" has timed out progressing.' }],
      },
    }), ...replicaSets(),
  ];

  it('is a failure when it is of this change', () => {
    const { decision } = settle(judgeOf(worldOf(exceeded('2026-01-01T00:10:00Z')), { expected: { progressBefore: '2026-01-01T00:00:00Z' } }));
    expect([word(decision), messageOf(decision)]).toEqual(
      ['deadline', 'Kubernetes gave up on deployment/api: ReplicaSet "rs-new" has timed out progressing.']);
  });
  it('is a failure when there was no such condition before', () => {
    expect(seen(exceeded('2026-01-01T00:10:00Z'))).toEqual(['deadline', 0]);
  });
  it('is none when it is what an earlier change left', () => {
    const stale = '2026-01-01T00:00:00Z';
    expect(judgeOf(worldOf(exceeded(stale)), { expected: { progressBefore: stale } }).at(0).state).toBe('wait');
  });
  it('says what the pods were waiting for', () => {
    const stuck = pod('p', { statuses: [{ name: 'app', ready: false, state: { running: {} } }] });
    const { decision } = settle(judgeOf(worldOf([...exceeded('2026-01-01T00:10:00Z'), stuck])));
    expect(messageOf(decision)).toBe(
      'Kubernetes gave up on deployment/api: ReplicaSet "rs-new" has timed out progressing.; container app of pod p runs but does not become ready');
  });
});

describe('the deadline of the run', () => {
  it('says how far it was and what was in the way', () => {
    const objects = [
      deployment({ status: { updatedReplicas: 1, replicas: 3, availableReplicas: 2 } }), ...replicaSets(),
      pod('p', { statuses: [], conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available.' }] }),
    ];
    const { decision, atMs } = settle(judgeOf(worldOf(objects), { patience: { deadlineAt: 90_000 } }));
    expect([atMs, word(decision), messageOf(decision)]).toEqual(
      [90_000, 'deadline', expect.stringMatching(/^deployment\/api did not finish in time: 0\/2 ready · p waiting for a node.*; pod p cannot be scheduled: 0\/3 nodes are available\.$/)]);
  });
  it('does not come before a cause that is certain in the same moment', () => {
    const objects = [deployment({ status: busy }), ...replicaSets(), pod('p', { statuses: [{ name: 'app', ready: false, state: { running: {} } }] })];
    expect(seen(objects, { patience: { deadlineAt: 60_000 } })).toEqual(['not-ready', 60_000]);
  });
  it('does not spoil what is done in the same moment', () => {
    expect(seen([deployment(), ...replicaSets(), pod('a'), pod('b')], { patience: { deadlineAt: 2000 } })).toEqual(['done', 2000]);
  });
});
