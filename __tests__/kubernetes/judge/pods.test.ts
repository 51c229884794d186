import { describe, expect, it } from '@jest/globals';
import type { Probe } from '../../../src/kubernetes/client/objects.js';
import { probeAllowanceMs } from '../../../src/kubernetes/judge/probes.js';
import { ended, event, newImage, pod, running, waiting } from './build.js';
import { judgeOf, messageOf, midway, settle, word } from './judging.js';

const second = 1000;

/** Asked every second, the first time at which it no longer waits. */
function firstVerdict(asked: ReturnType<typeof judgeOf>, everyMs = second): readonly [string, number] {
  for (let at = 0; ; at += everyMs) {
    const decision = asked.at(at);
    if (decision.state !== 'wait') return [word(decision), at];
  }
}

describe('a pod that fits on no node', () => {
  const unscheduled = pod('p', {
    statuses: [], conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available: 3 Insufficient memory.' }],
  });

  it('is a failure after 180 s, not before', () => {
    const asked = judgeOf(midway(unscheduled));
    for (let at = 0; at < 180_000; at += second) expect(asked.at(at).state).toBe('wait');
    expect(asked.at(179_999).state).toBe('wait');
    expect(messageOf(asked.at(180_000))).toBe('pod p cannot be scheduled: 0/3 nodes are available: 3 Insufficient memory.');
  });

  it('is given 600 s when an autoscaler adds a node', () => {
    const growing = event('uid-p', 'TriggeredScaleUp', 'pod triggered scale-up: [{group 1->2 (max: 5)}]', { type: 'Normal' });
    expect(firstVerdict(judgeOf(midway(unscheduled, growing), { patience: { deadlineAt: 900_000 } }))).toEqual(['unschedulable', 600_000]);
  });

  it('is none when it is held back on purpose', () => {
    const gated = pod('p', { statuses: [], conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] });
    expect(firstVerdict(judgeOf(midway(gated)))).toEqual(['deadline', 600_000]);
  });
});

describe('a volume that cannot be mounted', () => {
  const creating = pod('p', { statuses: [waiting('ContainerCreating')] });
  const failed = (message: string) => event('uid-p', 'FailedMount', message);

  it.each([
    ['MountVolume.SetUp failed for volume "config" : configmap "settings" not found', 20_000],
    ['MountVolume.SetUp failed for volume "keys" : references non-existent secret key: tls.key', 20_000],
    ['MountVolume.SetUp failed for volume "keys" : secrets "keys" not found', 20_000],
    ['error processing PVC web/data: failed to fetch PVC from API server: persistentvolumeclaims "data" not found', 20_000],
    ['Unable to attach or mount volumes: timed out waiting for the condition', 120_000],
    ['MountVolume.MountDevice failed for volume "pvc-1" : kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: '
      + 'driver name efs.csi.aws.com not found in the list of registered CSI drivers', 120_000],
    ['AttachVolume.Attach failed for volume "pvc-1" : rpc error: code = NotFound desc = Instance "i-0abc" not found', 120_000],
  ])('%s', (message, after) => {
    const asked = judgeOf(midway(creating, failed(message)));
    for (let at = 0; at < after; at += second) expect(asked.at(at).state).toBe('wait');
    expect(asked.at(after - 1).state).toBe('wait');
    expect(asked.at(after)).toMatchObject({ state: 'failed', cause: 'volume-mount', message: `pod p cannot mount a volume: ${message}` });
  });

  it('FailedAttachVolume is the same trouble', () => {
    expect(firstVerdict(judgeOf(midway(creating, event('uid-p', 'FailedAttachVolume', 'Multi-Attach error'))))).toEqual(['volume-mount', 120_000]);
  });

  it('is none while the kubelet’s own cache is late', () => {
    expect(firstVerdict(judgeOf(midway(creating, failed('failed to sync configmap cache: timed out waiting for the condition'))))).toEqual(['deadline', 600_000]);
  });

  it.each([
    ['an init container runs', pod('p', { initStatuses: [running({ name: 'init' })], statuses: [waiting('PodInitializing')] }), 'Scheduled'],
    ['an image is pulled', creating, 'Pulling'],
    ['an image cannot be pulled', pod('p', { statuses: [waiting('ImagePullBackOff', 'i/o timeout')] }), 'BackOff'],
  ] as const)('is over when %s', (_what, seen, later) => {
    const events = [failed('configmap "settings" not found'), event('uid-p', later, 'x', { type: 'Normal' })];
    expect(firstVerdict(judgeOf(midway(seen, ...events)))[0]).not.toBe('volume-mount');
  });

  it('is over once a container has started', () => {
    expect(judgeOf(midway(pod('p', { statuses: [running({ ready: false })] }), failed('configmap "settings" not found'))).at(0).state).toBe('wait');
    const asked = judgeOf(midway(pod('p', { statuses: [running()] }), failed('configmap "settings" not found')));
    expect(firstVerdict(asked)).toEqual(['deadline', 600_000]);
  });
});

describe('a pod that runs but does not become ready', () => {
  const unready = (readinessProbe?: Probe) => pod('p', { statuses: [running({ ready: false })], containers: [{ name: 'app', image: newImage, readinessProbe }] });

  it('is a failure after 60 s, not before, with the probe’s own words', () => {
    const asked = judgeOf(midway(unready(), event('uid-p', 'Unhealthy', 'Readiness probe failed: HTTP probe failed\n with statuscode: 503')));
    for (let at = 0; at < 60_000; at += second) expect(asked.at(at).state).toBe('wait');
    expect(asked.at(59_999).state).toBe('wait');
    expect(asked.at(60_000)).toMatchObject({
      state: 'failed', cause: 'not-ready', container: 'app',
      message: 'container app of pod p runs but does not become ready: Readiness probe failed: HTTP probe failed with statuscode: 503',
    });
  });

  it('is given twice of what the probes allow', () => {
    // 40 + 10 + 5 seconds
    expect(firstVerdict(judgeOf(midway(unready({ initialDelaySeconds: 40, periodSeconds: 10, timeoutSeconds: 5 }))))).toEqual(['not-ready', 110_000]);
  });

  it('is given twice of what the pods before it took', () => {
    const slow = pod('old', {
      owner: 'uid-rs-old', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:01:15Z' }], statuses: [running()],
    });
    expect(firstVerdict(judgeOf(midway(unready(), slow)))).toEqual(['not-ready', 150_000]);
  });

  it('is not given more because an old pod became ready again days after its start', () => {
    const old = pod('old', { owner: 'uid-rs-old', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-09T00:00:00Z' }] });
    expect(firstVerdict(judgeOf(midway(unready(), old)))).toEqual(['not-ready', 60_000]);
  });

  it('names the container that is not ready', () => {
    const two = pod('p', { statuses: [running(), running({ name: 'proxy', ready: false })] });
    const asked = judgeOf(midway(two));
    asked.at(0);
    for (let at = second; at < 60_000; at += second) asked.at(at);
    expect(messageOf(asked.at(60_000))).toBe('container proxy of pod p runs but does not become ready');
  });

  it('may be held up by a sidecar, which is an init container that does not end', () => {
    const sidecar = (readinessProbe?: Probe) => midway(pod('p', {
      initContainers: [{ name: 'migrate', image: newImage }, { name: 'proxy', image: newImage, restartPolicy: 'Always', readinessProbe }],
      initStatuses: [ended({ exitCode: 0 }, { name: 'migrate', ready: true }), running({ name: 'proxy', ready: false })],
      conditions: [{ type: 'Ready', status: 'False' }],
    }));
    const { decision, atMs } = settle(judgeOf(sidecar()));
    expect([word(decision), atMs, messageOf(decision)]).toEqual(['not-ready', 60_000, 'container proxy of pod p runs but does not become ready']);
    expect(firstVerdict(judgeOf(sidecar({ initialDelaySeconds: 40, periodSeconds: 10, timeoutSeconds: 5 })))).toEqual(['not-ready', 110_000]);
  });

  it('waits as long as the settings say instead', () => {
    expect(firstVerdict(judgeOf(midway(unready()), { patience: { of: { 'not-ready': 5000 } } }))).toEqual(['not-ready', 5000]);
    expect(firstVerdict(judgeOf(midway(unready()), { patience: { of: { 'not-ready': 90_000 } } }))).toEqual(['not-ready', 90_000]);
  });

  it('starts anew after it was ready', () => {
    const world = midway(unready());
    const asked = judgeOf(world);
    asked.at(0);
    for (let at = second; at <= 50_000; at += second) asked.at(at);
    const ready = pod('p', { statuses: [running()] });
    world.apply({ resource: { group: '', plural: 'pods', kind: 'Pod', prefix: '/api/v1' }, type: 'set', object: ready });
    for (let at = 51_000; at < 62_000; at += second) expect(asked.at(at).state).toBe('wait');
    world.apply({ resource: { group: '', plural: 'pods', kind: 'Pod', prefix: '/api/v1' }, type: 'set', object: unready() });
    for (let at = 62_000; at < 122_000; at += second) expect(asked.at(at).state).toBe('wait');
    expect(word(asked.at(122_000))).toBe('not-ready');
  });
});

describe('what probes allow', () => {
  const allowance = (...probes: readonly { readinessProbe?: Probe; startupProbe?: Probe }[]) =>
    probeAllowanceMs({ spec: { containers: probes.map((probe) => ({ name: 'app', ...probe })) } });
  it.each([
    ['nothing without probes', [{}], 0],
    ['the defaults of Kubernetes', [{ readinessProbe: {} }], 11_000],
    ['a startup probe and all its failures', [{ startupProbe: { periodSeconds: 10, failureThreshold: 30 } }], 301_000],
    ['both, one after the other', [{ startupProbe: { periodSeconds: 1, failureThreshold: 5 }, readinessProbe: { periodSeconds: 1 } }], 8000],
    ['several successes', [{ readinessProbe: { successThreshold: 3, periodSeconds: 2 } }], 7000],
    ['the slowest container', [{ readinessProbe: { initialDelaySeconds: 5 } }, { readinessProbe: { initialDelaySeconds: 50 } }], 61_000],
  ] as const)('%s', (_what, probes, ms) => expect(allowance(...probes)).toBe(ms));
  it('nothing for a pod without a spec', () => expect(probeAllowanceMs({})).toBe(0));
});
