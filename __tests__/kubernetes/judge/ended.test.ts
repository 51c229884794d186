import { describe, expect, it } from '@jest/globals';
import type { KubeObject, Pod } from '../../../src/kubernetes/client/objects.js';
import { World } from '../../../src/kubernetes/observe/world.js';
import { controllerRevision, daemonset, deployment, gone, oldImage, pod, ended, replicaSet, newImage, set, statefulset, target } from './build.js';
import { judgeOf, messageOf, midway, replicaSets, settle, word, worldOf, type JudgeOptions } from './judging.js';

const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
const nodePorts = { reason: 'NodePorts', message: "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports" };

interface End { readonly reason: string; readonly message?: string }

const created = (made: Pod, second: number): Pod => ({ ...made, metadata: { ...made.metadata, creationTimestamp: at(second) } });

/** A new pod that was created at this second and ended as Failed at once. */
const failed = (second: number, { reason, message }: End, name = `p${second}`): Pod => {
  const made = created(pod(name, { statuses: [], conditions: [] }), second);
  return { ...made, status: { phase: 'Failed', reason, message } };
};
/** The same, but it ended at a later second. */
const lived = (from: number, to: number, end: End, name = `p${from}`): Pod => {
  const made = failed(from, end, name);
  return { ...made, status: { ...made.status, conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: at(to) }] } };
};
const cycle = (end: End, ...seconds: number[]): Pod[] => seconds.map((second) => failed(second, end));

const verdict = (objects: readonly KubeObject[], options: JudgeOptions = {}) => {
  const { decision, atMs } = settle(judgeOf(midway(...objects), options));
  return [word(decision), atMs, messageOf(decision)] as const;
};

describe('new pods that end as Failed', () => {
  it('three times within a minute for the same reason are a failure, with the words of the node', () => {
    expect(verdict(cycle(nodePorts, 0, 1, 2))).toEqual(['unschedulable', 0, `3 new pods ended in phase Failed, the last of them p2: NodePorts: ${nodePorts.message}`]);
  });

  it.each<[string, End, string]>([
    ['more CPU than the node has', { reason: 'OutOfcpu', message: 'Pod was rejected: Node didn\'t have enough resource: cpu' }, 'unschedulable'],
    ['more pods than the node takes', { reason: 'OutOfpods' }, 'unschedulable'],
    ['another node is meant', { reason: 'NodeAffinity', message: 'Pod was rejected: Predicate NodeAffinity failed' }, 'unschedulable'],
    ['preempted by a critical pod', { reason: 'Preempting' }, 'unschedulable'],
    ['a device plugin', { reason: 'UnexpectedAdmissionError', message: 'Allocate failed due to no healthy devices present' }, 'container-start'],
    ['an alignment that the node cannot give', { reason: 'TopologyAffinityError', message: 'Resources cannot be allocated with Topology locality' }, 'container-start'],
    ['a reason of a later version', { reason: 'SomethingNew' }, 'container-start'],
    ['a sysctl', { reason: 'SysctlForbidden', message: 'forbidden sysctl: "kernel.msgmax" not allowlisted' }, 'admission-denied'],
    ['a volume that is too large', { reason: 'Evicted', message: 'Usage of EmptyDir volume "data" exceeds the limit "1Mi". ' }, 'evicted'],
    ['a container that writes too much', { reason: 'Evicted', message: 'Container app exceeded its local ephemeral storage limit "1Mi". ' }, 'evicted'],
    ['a pod that writes too much', { reason: 'Evicted', message: 'Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ' }, 'evicted'],
    ['a node under pressure', { reason: 'Evicted', message: 'The node was low on resource: memory. Container app was using 1Gi, request is 0, has larger consumption of memory. ' }, 'unschedulable'],
  ])('for %s are named', (_what, end, cause) => {
    expect(verdict(cycle(end, 0, 5, 10)).slice(0, 2)).toEqual([cause, 0]);
  });

  it.each([1, 5, 20])('after %d s each are a failure after three, although each is created in the second in which the pod before it ended', (seconds) => {
    const rounds = (count: number, end: End): Pod[] => Array.from({ length: count }, (_each, index) => lived(index * seconds, (index + 1) * seconds, end));
    const shortOfMemory = { reason: 'Evicted', message: 'The node was low on resource: memory. ' };
    const ownLimit = { reason: 'Evicted', message: 'Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ' };
    expect(verdict(rounds(2, shortOfMemory), { patience: { deadlineAt: 60_000 } })[0]).toBe('deadline');
    for (const count of [3, 10]) {
      expect(verdict(rounds(count, shortOfMemory)).slice(0, 2)).toEqual(['unschedulable', 0]);
      expect(verdict(rounds(count, ownLimit)).slice(0, 2)).toEqual(['evicted', 0]);
    }
  });

  it('count by rounds, not by pods: two replicas whose pods are replaced at different times', () => {
    const replicas = [lived(0, 20, nodePorts, 'a0'), lived(1, 21, nodePorts, 'b0'), lived(20, 40, nodePorts, 'a1'), lived(21, 41, nodePorts, 'b1')];
    expect(verdict(replicas, { patience: { deadlineAt: 60_000 } })[0]).toBe('deadline');
    expect(verdict([...replicas, lived(40, 60, nodePorts, 'a2')]).slice(0, 2)).toEqual(['unschedulable', 0]);
  });

  it.each<[string, readonly Pod[]]>([
    ['two of them', cycle(nodePorts, 0, 1)],
    ['three that were created together, of three replicas', [failed(0, nodePorts, 'a'), failed(0, nodePorts, 'b'), failed(0, nodePorts, 'c')]],
    ['three for three reasons', [failed(0, nodePorts), failed(1, { reason: 'OutOfcpu' }), failed(2, { reason: 'OutOfpods' })]],
    ['three in more than a minute', cycle({ reason: 'OutOfpods' }, 0, 40, 80)],
    ['those of a node that shuts down', cycle({ reason: 'NodeShutdown', message: 'Pod was rejected as the node is shutting down.' }, 0, 1, 2, 3)],
  ])('%s are none by themselves, and are named at the deadline', (_what, pods) => {
    const [cause, atMs, message] = verdict(pods, { patience: { deadlineAt: 60_000 } });
    expect([cause, atMs]).toEqual(['deadline', 60_000]);
    expect(message).toContain(`new pods end in phase Failed (${pods.at(-1)?.status?.reason}) for 60 s; `);
    expect(message).toMatch(/ended in phase Failed(, the last of them \w+)?: \w+/);
  });

  it('at any pace when they exceed a limit of their own', () => {
    expect(verdict(cycle({ reason: 'Evicted', message: 'Usage of EmptyDir volume "data" exceeds the limit "1Mi". ' }, 0, 100, 200))[0]).toBe('evicted');
  });

  it('are told of before they are a failure, and are the pods that evidence is gathered from', () => {
    const asked = judgeOf(midway(...cycle(nodePorts, 0)), { patience: { deadlineAt: 60_000 } });
    asked.at(0);
    expect(asked.at(15_000)).toMatchObject({ state: 'wait', suspects: [{ message: expect.stringContaining('pod p0 ended in phase Failed: NodePorts') }] });
    expect(asked.at(60_000)).toMatchObject({ cause: 'deadline', pod: { metadata: { name: 'p0' } } });
  });

  it('are forgiven once a pod after them is ready', () => {
    expect(verdict([...cycle(nodePorts, 0, 1, 2), created(pod('q'), 3)])[0]).toBe('deadline');
  });

  it('are not what is waited for once a pod after them is ready', () => {
    const rolling = deployment({ status: { updatedReplicas: 2, replicas: 3, availableReplicas: 2 } });
    const pods = [failed(0, { reason: 'Evicted' }), created(pod('q'), 3), created(pod('r'), 4)];
    const { decision } = settle(judgeOf(worldOf([rolling, ...replicaSets(), ...pods]), { patience: { deadlineAt: 60_000 } }));
    expect(messageOf(decision)).toBe('deployment/api did not finish in time: 2/2 ready · 1 old pod pending termination for 60 s');
    expect(decision).toMatchObject({ cause: 'deadline', pod: undefined });
  });

  it('are not what is waited for once they are replaced and an old pod does not terminate', () => {
    const owned = { owner: 'uid-api', labels: { 'controller-revision-hash': 'api-new' } };
    const evicted = { ...created(pod('api-1', { ...owned, uid: 'uid-first', statuses: [], conditions: [] }), 0), status: { phase: 'Failed', reason: 'Evicted' } };
    const old = pod('api-0', { owner: 'uid-api', labels: { 'controller-revision-hash': 'api-old' }, image: oldImage, statuses: [ended({ exitCode: 0 })], deleted: true });
    const held = { ...old, metadata: { ...old.metadata, finalizers: ['example.com/hold'], deletionGracePeriodSeconds: 30 } };
    const world = new World();
    const half = statefulset({ status: { updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 } });
    for (const object of [half, evicted, created(pod('api-1', owned), 3), held]) world.apply(set(object), 0);
    const { decision } = settle(judgeOf(world, { target: target('statefulset'), patience: { deadlineAt: 60_000 } }));
    expect(messageOf(decision)).toBe('statefulset/api did not finish in time: 1/2 ready · '
      + 'pod api-0 of the old version has been terminating for 60 s (30 s are allowed), blocked by its finalizer example.com/hold');
    expect(decision).toMatchObject({ cause: 'deadline', pod: { metadata: { name: 'api-0' } } });
  });

  it('are what is waited for while the pods that are ready are older', () => {
    expect(judgeOf(midway(created(pod('q'), 0), failed(5, { reason: 'Evicted' }))).at(0)).toMatchObject({ progress: '1/2 ready · new pods end in phase Failed (Evicted)' });
  });

  it('before the change are none of its business', () => {
    const pods = cycle(nodePorts, 0, 1, 2);
    expect(verdict(pods, { expected: { endedBefore: new Set(pods.map(({ metadata }) => metadata?.uid ?? '')) } })[0]).toBe('deadline');
  });

  it('of the old version are none of its business', () => {
    const old = cycle(nodePorts, 0, 1, 2).map((each) => ({ ...each, metadata: { ...each.metadata, ownerReferences: [{ uid: 'uid-rs-old', controller: true }] } }));
    expect(verdict(old)[0]).toBe('deadline');
  });
});

describe('new pods that their controller removes before it creates the next', () => {
  const kinds = [
    ['statefulset', [statefulset({ status: { updatedReplicas: 0, readyReplicas: 0, availableReplicas: 0 } })], 'api-new'],
    ['daemonset', [daemonset({ status: { updatedNumberScheduled: 0, numberAvailable: 0 } }), controllerRevision(1, 'b')], 'b'],
  ] as const;
  it.each(kinds)('%s: they count all the same', (kind, objects, hash) => {
    const world = worldOf([...objects, replicaSet('unrelated', newImage)]);
    for (const [index, each] of cycle(nodePorts, 0, 1, 2).entries()) {
      const made = { ...each, metadata: { ...each.metadata, ownerReferences: [{ uid: 'uid-api', controller: true }], labels: { 'controller-revision-hash': hash } } };
      world.apply(set(made));
      if (index < 2) expect(judgeOf(world, { target: target(kind) }).at(0).state).toBe('wait');
      world.apply(gone({ ...made, metadata: { ...made.metadata, deletionTimestamp: at(9) } }));
    }
    expect(word(judgeOf(world, { target: target(kind) }).at(0))).toBe('unschedulable');
  });

  it('a pod that ends because it is deleted is not one of them', () => {
    const world = midway();
    for (const each of cycle({ reason: '' }, 0, 1, 2)) {
      const made = { ...each, metadata: { ...each.metadata, deletionTimestamp: at(9) } };
      world.apply(set(made));
      world.apply(gone(made));
    }
    expect(word(settle(judgeOf(world, { patience: { deadlineAt: 30_000 } })).decision)).toBe('deadline');
    expect(world.view(target()).endedPods).toEqual([]);
  });
});
