import { describe, expect, it } from '@jest/globals';
import type { KubeObject, Pod } from '../../../src/kubernetes/client/objects.js';
import { controllerRevision, daemonset, gone, pod, replicaSet, newImage, set, statefulset, target } from './build.js';
import { judgeOf, messageOf, midway, settle, word, worldOf, type JudgeOptions } from './judging.js';

const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
const nodePorts = { reason: 'NodePorts', message: "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports" };

interface End { readonly reason: string; readonly message?: string }

/** A new pod that was created at this second and ended as Failed at once. */
const failed = (second: number, { reason, message }: End, name = `p${second}`): Pod => {
  const made = pod(name, { statuses: [], conditions: [] });
  return { ...made, metadata: { ...made.metadata, creationTimestamp: at(second) }, status: { phase: 'Failed', reason, message } };
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
    const ready = pod('q');
    const later = { ...ready, metadata: { ...ready.metadata, creationTimestamp: at(3) } };
    expect(verdict([...cycle(nodePorts, 0, 1, 2), later])[0]).toBe('deadline');
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
