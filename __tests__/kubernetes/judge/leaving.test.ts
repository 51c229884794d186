import { describe, expect, it } from '@jest/globals';
import type { KubeObject, Metadata, Pod } from '../../../src/kubernetes/client/objects.js';
import {
  controllerRevision, daemonset, deployment, ended, event, newImage, oldImage, pod, running, set, statefulset, target, waiting, type PodOptions,
} from './build.js';
import { judgeOf, messageOf, replicaSets, word, type JudgeOptions } from './judging.js';
import { World } from '../../../src/kubernetes/observe/world.js';

const leavingPod = (options: PodOptions = {}, metadata: Metadata = {}): Pod => {
  const made = pod('api-1', { owner: 'uid-api', labels: { 'controller-revision-hash': 'api-old' }, image: oldImage, statuses: [ended({ exitCode: 0 })], deleted: true, ...options });
  return { ...made, metadata: { ...made.metadata, deletionGracePeriodSeconds: 30, ...metadata } };
};
const hold = { finalizers: ['example.com/hold'] };
const halfDone = statefulset({ status: { updatedReplicas: 0, readyReplicas: 1, availableReplicas: 1 } });

/** What is judged of a world in which a pod was seen to begin to terminate at second 10. */
function judged(leaving: Pod, { objects = [halfDone], kind = 'statefulset', deadlineAt = 60_000 }: {
  readonly objects?: readonly KubeObject[]; readonly kind?: 'statefulset' | 'daemonset' | 'deployment'; readonly deadlineAt?: number;
} = {}) {
  const world = new World();
  for (const object of [...objects, leaving]) world.apply(set(object), 10_000);
  const options: JudgeOptions = { target: target(kind), patience: { deadlineAt } };
  return { world, asked: judgeOf(world, options) };
}

describe('an old pod that does not terminate', () => {
  it('is what is waited for, and named with what holds it once its grace period is over: in a warning, in progress, and at the deadline', () => {
    const { asked } = judged(leavingPod({}, hold));
    expect(asked.at(11_000)).toMatchObject({ progress: '0/2 ready · waiting for api-1 to terminate', suspects: [] });
    expect(asked.at(44_999)).toMatchObject({ suspects: [], recheckAt: 45_000 });
    const overdue = 'pod api-1 of the old version has been terminating for 35 s (30 s are allowed), blocked by its finalizer example.com/hold';
    expect(asked.at(45_000)).toMatchObject({ progress: `0/2 ready · ${overdue}`, suspects: [{ message: overdue }] });
    const decision = asked.at(60_000);
    expect([word(decision), messageOf(decision)]).toEqual(['deadline', `statefulset/api did not finish in time: 0/2 ready · ${overdue.replace('35 s', '50 s')}`]);
    expect(decision).toMatchObject({ pod: { metadata: { name: 'api-1' } }, hint: expect.stringContaining('finalizer') });
  });

  it('is named by whoever goes back as well, and not counted anew by them', () => {
    const { world } = judged(leavingPod({}, hold));
    expect(judgeOf(world, { target: target('statefulset') }).at(100_000)).toMatchObject({
      suspects: [{ message: 'pod api-1 of the old version has been terminating for 90 s (30 s are allowed), blocked by its finalizer example.com/hold' }],
    });
  });

  it.each<[string, Pod, readonly KubeObject[], RegExp, RegExp]>([
    ['its node', leavingPod({ statuses: [running()], reason: 'NodeLost' }), [], /: node node-1 does not report$/, /kubectl delete pod api-1 --force --grace-period=0.*identity/],
    ['its node, by an event', leavingPod({ statuses: [running()] }), [event('uid-api-1', 'NodeNotReady', 'Node is not ready')], /: node node-1 does not report$/, /Check the node node-1/],
    ['a container', leavingPod({ statuses: [running()] }), [], /: container app has not exited$/, /node-1/],
    ['a container that cannot be stopped', leavingPod({ statuses: [running()] }), [event('uid-api-1', 'FailedKillPod', 'error killing pod: timed out')],
      /: container app has not exited \(error killing pod: timed out\)$/, /node-1/],
    ['a hook', leavingPod({ statuses: [waiting('ContainerCreating')], containers: [{ name: 'app', image: oldImage, lifecycle: { postStart: {} } }] }),
      [event('uid-api-1', 'Started', 'Started container app', { container: 'app' })], /: the postStart hook of container app has not finished$/, /node-1/],
    ['several finalizers', leavingPod({}, { finalizers: ['a/b', 'c/d'] }), [], /, blocked by its finalizers a\/b, c\/d$/, /kubectl edit pod api-1/],
    ['nobody knows what', leavingPod(), [], /\(30 s are allowed\)$/, /node-1/],
  ])('names what holds it: %s', (_what, leaving, events, message, hint) => {
    const { asked } = judged(leaving, { objects: [halfDone, ...events] });
    const decision = asked.at(60_000);
    expect(messageOf(decision)).toMatch(message);
    expect(decision).toMatchObject({ hint: expect.stringMatching(hint) });
  });

  it('is allowed what its template says, also once the kubelet has set its grace period to 0, and longer where somebody gave it longer', () => {
    const of = (deletionGracePeriodSeconds: number): unknown => judged(leavingPod({}, { ...hold, deletionGracePeriodSeconds })).asked.at(60_000);
    expect([of(0), of(40)]).toEqual([
      expect.objectContaining({ message: expect.stringContaining('(30 s are allowed)') }), expect.objectContaining({ message: expect.stringContaining('(40 s are allowed)') }),
    ]);
  });

  it('is called by its images, whatever template the workload has by now', () => {
    const called = (image: string, hash: string) => /^.* · (.*) has been/.exec(messageOf(judged(leavingPod({ image, labels: { 'controller-revision-hash': hash } })).asked.at(60_000)))?.[1];
    for (const hash of ['api-new', 'api-old']) {
      expect([newImage, oldImage, 'other'].map((image) => called(image, hash))).toEqual(['pod api-1 of the new version', 'pod api-1 of the old version', 'pod api-1']);
    }
  });

  const allowed = (objects: readonly KubeObject[], kind: 'daemonset' | 'deployment', leaving: Pod) => messageOf(judged(leaving, { objects, kind }).asked.at(60_000));
  it('holds up a Deployment that is recreated, and a DaemonSet', () => {
    const recreated = [deployment({ spec: { strategy: { type: 'Recreate' } }, status: { updatedReplicas: 0, replicas: 0, availableReplicas: 0 } }), ...replicaSets()];
    expect(allowed(recreated, 'deployment', leavingPod({ owner: 'uid-rs-old' }, hold))).toContain('has been terminating for 50 s');
    const daemons = [daemonset({ status: { updatedNumberScheduled: 0, numberAvailable: 1 } }), controllerRevision(1, 'old', oldImage), controllerRevision(2, 'new')];
    expect(allowed(daemons, 'daemonset', leavingPod({}, hold))).toContain('has been terminating for 50 s');
  });
  it('does not hold up a Deployment that rolls', () => {
    const rolling = [deployment({ status: { updatedReplicas: 1, replicas: 2, availableReplicas: 2 } }), ...replicaSets()];
    expect(allowed(rolling, 'deployment', leavingPod({ owner: 'uid-rs-old' }, hold))).toBe('deployment/api did not finish in time: 0/2 ready · 1 of 2 new pods created');
  });
});
