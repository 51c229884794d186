import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Api } from '../../../src/kubernetes/client/api.js';
import type { Evidence } from '../../../src/outcome/errors.js';
import { RolloutError } from '../../../src/outcome/errors.js';
import { bounded, evidenceOf } from '../../../src/target/set-image/evidence.js';
import { FailedRollout } from '../../../src/kubernetes/judge/follow.js';
import { fakePorts } from '../../kubernetes/client/fake-ports.js';
import type { KubeEvent } from '../../../src/kubernetes/client/objects.js';
import { backingOff, event, newImage, pod, running, target, waiting } from '../../kubernetes/judge/build.js';
import { fakeCluster } from './fake-cluster.js';
import { midway } from '../../kubernetes/judge/judging.js';
import type { OpenRelease } from '../../../src/target/set-image/open-release.js';

const bytesOf = (pieces: readonly Evidence[]) => pieces.reduce((sum, { title, text }) => sum + Buffer.byteLength(title) + Buffer.byteLength(text), 0);

describe('evidence is bounded', () => {
  it('to 64 KiB, whatever there is, and keeps the end of what is too long', () => {
    const piece = fc.record({ title: fc.string({ maxLength: 60 }), text: fc.tuple(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.nat(3000)).map(([text, count]) => text.repeat(count)) });
    fc.assert(fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const kept = bounded(pieces);
      expect(bytesOf(kept)).toBeLessThanOrEqual(64 * 1024 + 16);
      for (const { title, text } of kept) {
        const whole = pieces.filter((each) => each.title === title).map((each) => each.text);
        expect(whole.some((each) => each === text || each.endsWith(text.replace(/^…\uFFFD*/, '')))).toBe(true);
      }
    }), { numRuns: 60 });
  });
  it('not at all when it is short', () => {
    const pieces = [{ title: 'a', text: 'x' }, { title: 'b', text: 'y'.repeat(1000) }];
    expect(bounded(pieces)).toEqual(pieces);
  });
});

describe('the evidence of a failure', () => {
  const broken = pod('p', {
    statuses: [backingOff(3)], containers: [{ name: 'app', image: newImage, readinessProbe: { periodSeconds: 3 } }],
    conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady', message: 'containers with unready status: [app]' }, { type: 'PodScheduled', status: 'True' }],
  });
  const often: KubeEvent = { ...event('uid-p', 'BackOff', 'Back-off restarting'), count: 3 };
  const world = midway(broken, often, event('uid-api', 'ScalingReplicaSet', 'Scaled up', { type: 'Normal' }), event('uid-rs-new', 'FailedCreate', 'quota'));
  const failure = new FailedRollout([{ workload: target(), cause: 'crash-loop', message: 'it crashes', pod: broken, container: 'app' }]);
  const logs: Api['raw'] = async (path) => ({ status: 200, headers: {}, body: path.includes('previous=true') ? 'panic: no\n' : 'starting\n' });
  const gathered = (raw: Api['raw'], error: RolloutError = failure, inWorld = world) => {
    const release = { ports: fakePorts(), cluster: fakeCluster({ raw }), watched: { world: inWorld }, changes: [target()] };
    return evidenceOf(release as unknown as OpenRelease, error);
  };

  it('is the log of before the last restart and of now, events, conditions and the probe', async () => {
    expect(await gathered(logs)).toEqual([
      { title: 'log of container app of pod p, before its last restart', text: 'panic: no', decisive: 'panic: no' },
      { title: 'log of container app of pod p', text: 'starting', decisive: 'starting' },
      { title: 'events of pod p', text: 'Warning BackOff (3 times): Back-off restarting' },
      { title: 'events of deployment/api', text: 'Normal  ScalingReplicaSet: Scaled up\nWarning FailedCreate: quota' },
      { title: 'conditions of pod p', text: 'Ready=False ContainersNotReady containers with unready status: [app]' },
      { title: 'readiness probe of container app', text: '{"periodSeconds":3}' },
    ]);
  });
  it('does without logs that cannot be read, or that the node has removed', async () => {
    for (const raw of [
      (() => Promise.reject(new Error('cut'))) satisfies Api['raw'],
      (async () => ({ status: 403, headers: {}, body: 'no' })) satisfies Api['raw'],
      (async () => ({ status: 200, headers: {}, body: 'unable to retrieve container logs for containerd://1' })) satisfies Api['raw'],
      (async () => ({ status: 200, headers: {}, body: 'failed to try resolving symlinks in path "/var/log/pods/web_p_1/app/0.log": lstat /var/log/pods/web_p_1/app/0.log: no such file or directory\n' })) satisfies Api['raw'],
    ]) expect((await gathered(raw)).map(({ title }) => title)).toEqual(['events of pod p', 'events of deployment/api', 'conditions of pod p', 'readiness probe of container app']);
  });
  it('asks for no more than the end of a log', async () => {
    const asked: string[] = [];
    await gathered(async (path, options) => (asked.push(`${path} ${options?.maxBytes}`), { status: 200, headers: {}, body: '' }));
    expect(asked.sort()).toEqual([
      '/api/v1/namespaces/web/pods/p/log?container=app&tailLines=60&limitBytes=1048576 1048576',
      '/api/v1/namespaces/web/pods/p/log?container=app&tailLines=60&limitBytes=1048576&previous=true 1048576',
    ]);
  });
  it('keeps the last whole lines of a log with long lines, where the reason is', async () => {
    const body = `${`{"level":"info","at":"${'x'.repeat(1000)}"}\n`.repeat(50)}panic: no\n`;
    const [first] = await gathered(async () => ({ status: 200, headers: {}, body }));
    expect(first).toMatchObject({ decisive: 'panic: no', text: expect.stringMatching(/^\{"level"[^]*\}\npanic: no$/) });
    expect(first?.text.length).toBeLessThanOrEqual(16 * 1024);
  });
  it('keeps the end of one line that is longer', async () => {
    const [first] = await gathered(async () => ({ status: 200, headers: {}, body: `${'x'.repeat(50_000)} the end\n` }));
    expect(first?.text).toMatch(/^x+ the end$/);
  });
  it('of a wrong answer is the log of a new pod', async () => {
    const well = midway(pod('q', { statuses: [running()] }));
    expect(await gathered(logs, new RolloutError('smoke-failed', 'x'), well)).toContainEqual({ title: 'log of container app of pod q', text: 'starting' });
  });
  it('of a container that is waited for is its log, also of an init container', async () => {
    const initializing = pod('i', { statuses: [waiting('PodInitializing')], initStatuses: [running({ name: 'migrate', ready: false })], initContainers: [{ name: 'migrate' }] });
    const late = new FailedRollout([{ workload: target(), cause: 'deadline', message: 'late', pod: initializing, container: 'migrate' }]);
    expect(await gathered(logs, late, midway(initializing))).toContainEqual({ title: 'log of container migrate of pod i', text: 'starting' });
  });
  it('of several containers that run and are not ready is the log of each', async () => {
    const two = pod('t', { statuses: [running({ ready: false }), running({ name: 'proxy', ready: false }), running({ name: 'well' })] });
    const late = new FailedRollout([{ workload: target(), cause: 'deadline', message: 'late', pod: two }]);
    const titles = (await gathered(logs, late, midway(two))).map(({ title }) => title);
    expect(titles.filter((title) => title.startsWith('log'))).toEqual(['log of container app of pod t', 'log of container proxy of pod t']);
  });
  it('of a pod that ended or does not terminate says so', async () => {
    const leaving = pod('l', { deleted: true });
    const held = { ...leaving, metadata: { ...leaving.metadata, deletionGracePeriodSeconds: 30, finalizers: ['example.com/hold'] } };
    const refused = { ...pod('r', { statuses: [] }), status: { phase: 'Failed', reason: 'NodePorts', message: 'Pod was rejected' } };
    const late = new FailedRollout([held, refused].map((each) => ({ workload: target(), cause: 'deadline' as const, message: 'late', pod: each })));
    const pieces = await gathered(logs, late, midway(held, refused));
    expect(pieces).toContainEqual({
      title: 'state of pod l', text: 'terminating, due to be gone by 2026-01-01T00:00:00Z, on node node-1\nfinalizers: example.com/hold',
    });
    expect(pieces).toContainEqual({ title: 'state of pod r', text: 'phase Failed: NodePorts: Pod was rejected' });
  });
  it('is none when the cluster has nothing to say of it', async () => {
    expect(await gathered(logs, new RolloutError('cancelled', 'x'))).toEqual([]);
  });
});
