import { describe, expect, it } from '@jest/globals';
import { resources } from '../../../src/kubernetes/client/resources.js';
import fc from 'fast-check';
import type { Condition, ContainerStatus, KubeEvent, Pod } from '../../../src/kubernetes/client/objects.js';
import { podStates, type PodStateName } from '../../../src/kubernetes/judge/pod-states.js';
import { stateOf } from '../../../src/kubernetes/judge/pod-state.js';
import { ended, event, newImage, pod, restarted, running, waiting, type PodOptions } from './build.js';
import { judgeOf, messageOf, midway, settle, word } from './judging.js';

const scheduled: Condition = { type: 'PodScheduled', status: 'True' };
const unready: Condition = { type: 'Ready', status: 'False' };
const creating = waiting('ContainerCreating');
const initializing = waiting('PodInitializing');
const migrate = [{ name: 'migrate', image: newImage }];
const proxy = [{ name: 'proxy', image: newImage, restartPolicy: 'Always', startupProbe: {} }];
const hooked = [{ name: 'app', image: newImage, lifecycle: { postStart: { exec: { command: ['/register'] } } } }];
const of = (options: PodOptions, spec: Pod['spec'] = {}): Pod => {
  const made = pod('p', { conditions: [scheduled, unready], ...options });
  return { ...made, spec: { ...made.spec, ...spec } };
};
const about = (reason: string, container?: string): KubeEvent => event('uid-p', reason, 'x', { container });

/** A pod for each state, the events of it, and what is said of it. */
const examples: Readonly<Record<PodStateName, readonly (readonly [pod: Pod, events: readonly KubeEvent[], words: string])[]>> = {
  'node-lost': [
    [of({ reason: 'NodeLost' }), [], 'node node-1 does not report'],
    [of({ statuses: [running()], conditions: [unready, { type: 'ContainersReady', status: 'True' }] }), [], 'node node-1 does not report'],
    [of({ statuses: [creating] }), [about('Scheduled'), about('NodeNotReady')], 'node node-1 does not report'],
  ],
  'disrupted': [[
    of({ statuses: [running({ ready: false })], conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' }] }),
    [], 'about to be terminated: Eviction API: evicting',
  ]],
  'container-waiting': [
    [of({ statuses: [waiting('ErrImagePull')] }), [], 'ErrImagePull (app)'],
    [of({ statuses: [initializing], initStatuses: [waiting('CrashLoopBackOff', undefined, { name: 'migrate' })], initContainers: migrate }), [], 'CrashLoopBackOff (migrate)'],
    [of({ statuses: [waiting('SomethingNew')] }), [], 'SomethingNew (app)'],
  ],
  'crashed': [[of({ statuses: [ended({ exitCode: 4 })] }), [], 'crashed with exit code 4 (app)']],
  'exited': [[of({ statuses: [ended({ exitCode: 0 })] }), [], 'exited with exit code 0 (app)']],
  'restarted': [[of({ statuses: [restarted(1)] }), [], 'restarted (app)']],
  'gated': [[
    of({ statuses: [], conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }, { nodeName: undefined, schedulingGates: [{ name: 'example.com/quota' }] }),
    [], 'waiting for its scheduling gates (example.com/quota)',
  ]],
  'unschedulable': [[of({ statuses: [], conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] }, { nodeName: undefined }), [], 'waiting for a node']],
  'pending': [
    [of({ statuses: [], conditions: [] }, { nodeName: undefined }), [], 'waiting for the scheduler'],
    [of({ statuses: [], conditions: [] }, { nodeName: undefined, schedulerName: 'batch' }), [], 'waiting for the scheduler batch'],
  ],
  'not-acknowledged': [[of({ statuses: [] }), [], 'waiting for node node-1 to accept it']],
  'mounting': [[of({ statuses: [creating] }), [about('FailedMount')], 'waiting for a volume to be mounted']],
  'sandbox': [[of({ statuses: [creating] }), [about('FailedCreatePodSandBox')], 'waiting for its sandbox, which the node cannot create']],
  'pulling': [
    [of({ statuses: [creating] }), [about('Pulling', 'app')], 'pulling the image of container app'],
    [of({ statuses: [initializing], initStatuses: [waiting('PodInitializing', undefined, { name: 'migrate' })], initContainers: migrate }), [about('Pulling', 'migrate')],
      'pulling the image of init container migrate'],
  ],
  'preparing': [[
    of({ statuses: [creating], conditions: [scheduled, unready, { type: 'PodReadyToStartContainers', status: 'False' }] }), [about('Scheduled')],
    'waiting for node node-1 to prepare its network and volumes',
  ]],
  'init-running': [[of({ statuses: [initializing], initStatuses: [running({ name: 'migrate', ready: false })], initContainers: migrate }), [], 'init container migrate is running']],
  'sidecar-starting': [[
    of({ statuses: [initializing], initStatuses: [running({ name: 'proxy', ready: false, started: false })], initContainers: proxy }), [],
    'sidecar proxy has not passed its startup probe',
  ]],
  'hook-running': [
    [of({ statuses: [creating], containers: hooked }), [about('Created', 'app'), about('Started', 'app')], 'the postStart hook of container app is running'],
    [of({ statuses: [initializing], initStatuses: [waiting('PodInitializing', undefined, { name: 'proxy' })], initContainers: [{ ...hooked[0], name: 'proxy', restartPolicy: 'Always' }] }),
      [about('Started', 'proxy')], 'the postStart hook of init container proxy is running'],
  ],
  'creating': [
    [of({ statuses: [creating], containers: hooked }), [about('Created', 'app')], 'waiting for node node-1 to start container app'],
    [of({ statuses: [creating] }), [about('Started', 'app')], 'waiting for node node-1 to start container app'],
    [of({ statuses: [creating] }), [], 'waiting for node node-1 to start container app'],
    [of({ statuses: [creating] }), [about('Pulling', 'app'), about('Pulled', 'app')], 'waiting for node node-1 to start container app'],
    [of({ statuses: [creating] }), [about('Pulling', 'other')], 'waiting for node node-1 to start container app'],
    [of({ statuses: [waiting('')] }), [], 'waiting for node node-1 to start container app'],
    [of({ statuses: [initializing], initStatuses: [waiting('PodInitializing', undefined, { name: 'migrate' })], initContainers: migrate }), [],
      'waiting for node node-1 to start init container migrate'],
    // A sidecar that runs lets the next container start; nothing is said of that one yet.
    [of({ statuses: [], initStatuses: [running({ name: 'proxy', started: true })], initContainers: proxy }), [], 'waiting for node node-1 to start container app'],
  ],
  'startup': [[
    of({ statuses: [running({ ready: false, started: false })], containers: [{ name: 'app', startupProbe: {} }] }), [], 'started, startup probe not passed (app)',
  ]],
  'not-ready': [[of({ statuses: [running({ ready: false, started: true })] }), [], 'started, not ready']],
  'gate': [[
    of({ statuses: [running()], conditions: [scheduled, unready, { type: 'ContainersReady', status: 'True' }] }, { readinessGates: [{ conditionType: 'example.com/lb' }] }), [],
    'waiting for its readiness gates (example.com/lb)',
  ]],
  'settling': [[of({ statuses: [running()] }), [], 'containers ready, pod not ready']],
};

describe('a pod that is not ready', () => {
  const all = Object.entries(examples).flatMap(([name, of]) => of.map(([seen, events, words]) => [name, words, seen, events] as const));
  it.each(all)('%s: %s', (name, words, seen, events) => {
    expect(stateOf(seen, events)).toMatchObject({ name, words });
  });

  it.each(all)('%s: %s: is told of while it lasts, and named at the deadline, with the pod to gather evidence from', (name, words, seen, events) => {
    const objects = [seen, ...events];
    const deadlineAt = 250_000;
    const asked = judgeOf(midway(...objects), { patience: { deadlineAt, of: notBeforeTheDeadline } });
    const told = new Set<string>();
    for (let at = 0; at < deadlineAt; at += 5000) {
      const decision = asked.at(at);
      if (decision.state !== 'wait') throw new Error(`${name} has ended as ${word(decision)}`);
      for (const { message } of decision.suspects) told.add(message);
    }
    const decision = asked.at(deadlineAt);
    expect(word(decision)).toBe('deadline');
    const lasting = /running$/.test(name) ? words.replace(/ is running$/, ' has been running for 250 s') : `${words} for 250 s`;
    expect(messageOf(decision)).toContain(`deployment/api did not finish in time: 0/2 ready · p ${lasting}`);
    expect(decision).toMatchObject({ pod: { metadata: { name: 'p' } } });
    expect([...told].length).toBeGreaterThan(0);
  });

  it('is never said to be pulling what no event says is pulled', () => {
    for (const [name, , seen] of all) if (name !== 'pulling') expect(stateOf(seen, []).words).not.toMatch(/pulling/);
  });

  it('has a state, whatever the cluster says of it', () => {
    const some = <T>(...values: T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
    const state = fc.record({
      waiting: some({ reason: 'ContainerCreating' }, { reason: 'PodInitializing' }, { reason: 'Other' }, {}), running: some({}), terminated: some({ exitCode: 0 }, { exitCode: 1 }, {}),
    });
    const status: fc.Arbitrary<ContainerStatus> = fc.record({ name: some('app', 'migrate', 'proxy'), ready: some(true, false), started: some(true, false), restartCount: some(0, 1), state });
    const condition: fc.Arbitrary<Condition> = fc.record({
      type: some('PodScheduled', 'Ready', 'ContainersReady', 'DisruptionTarget', 'PodReadyToStartContainers', 'x'), status: some('True', 'False', 'Unknown'), reason: some('SchedulingGated', 'y'),
    });
    const anyPod: fc.Arbitrary<Pod> = fc.record({
      spec: some({}, { nodeName: 'n', containers: [{ name: 'app' }], initContainers: [...migrate, ...proxy], readinessGates: [{ conditionType: 'x' }] }),
      status: fc.record({ phase: some('Pending', 'Running', 'Unknown'), containerStatuses: fc.array(status, { maxLength: 2 }), initContainerStatuses: fc.array(status, { maxLength: 2 }), conditions: fc.array(condition) }),
    }) as fc.Arbitrary<Pod>;
    const events = fc.array(fc.constantFrom('FailedMount', 'Pulling', 'Pulled', 'FailedCreatePodSandBox', 'NodeNotReady', 'Started').map((reason) => about(reason)), { maxLength: 3 });
    fc.assert(fc.property(anyPod, events, (seen, of) => {
      const { name, words, lasting } = stateOf(seen, of);
      expect(podStates[name]).toBeDefined();
      expect(words).not.toMatch(/undefined|^$/);
      expect(lasting(9)).toMatch(/9 s$/);
    }));
  });
});

const long = 900_000;
/** What has a cause of its own is given more time than the deadline. */
const notBeforeTheDeadline = { 'image-pull-failed': long, 'crash-loop': long, 'init-failed': long, 'unschedulable': long, 'volume-mount': long, 'container-start': long, 'not-ready': long };

it('an init container that runs is named with its log’s container, and a hint that leads there', () => {
  const [[seen] = []] = examples['init-running'];
  const { decision, atMs } = settle(judgeOf(midway(seen as Pod), { patience: { deadlineAt: 40_000 } }));
  expect([atMs, decision]).toEqual([40_000, expect.objectContaining({
    cause: 'deadline', container: 'migrate', hint: expect.stringContaining('log of the init container'),
    message: 'deployment/api did not finish in time: 0/2 ready · p init container migrate has been running for 40 s',
  })]);
});

it('what Kubernetes gives up on is named as well', () => {
  const [[seen] = []] = examples['init-running'];
  const world = midway(seen as Pod);
  const asked = judgeOf(world);
  asked.at(0);
  const workload = world.byName(resources.deployments, 'api') as Record<string, unknown> & { status?: object; metadata?: object };
  const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', lastUpdateTime: '2026-01-01T00:10:00Z', message: 'it has timed out progressing.' }];
  world.apply({ resource: resources.deployments, type: 'set',
    object: { ...workload, metadata: { ...workload.metadata, resourceVersion: '999999' }, status: { ...workload.status, conditions } } as never });
  expect(asked.at(30_000)).toMatchObject({
    cause: 'deadline', container: 'migrate', message: 'Kubernetes gave up on deployment/api: it has timed out progressing.; p init container migrate has been running for 30 s',
  });
});
