import { describe, expect, it } from '@jest/globals';
import type { KubeObject, Workload } from '../../../src/kubernetes/client/objects.js';
import { causes } from '../../../src/outcome/causes.js';
import { backingOff, deployment, ended, event, newImage, pod, replicaSet, restarted, running, set, waiting, type PodOptions } from './build.js';
import { judgeOf, messageOf, midway, replicaSets, settle, word, worldOf, type JudgeOptions } from './judging.js';

/** What is decided about one new pod `p` in the middle of a rollout, and when. */
function verdictOn(options: PodOptions, more: readonly KubeObject[] = [], judged: JudgeOptions = {}): readonly [string, number, string] {
  const { decision, atMs } = settle(judgeOf(midway(pod('p', options), ...more), judged));
  return [word(decision), atMs, messageOf(decision)];
}

const never = 600_000;
const status = (...statuses: PodOptions['statuses'] & object) => ({ statuses });
const init = (...initStatuses: PodOptions['initStatuses'] & object): PodOptions =>
  ({ initStatuses, statuses: [waiting('PodInitializing')], initContainers: [{ name: 'migrate', image: newImage }] });

describe('a new pod whose image cannot be had', () => {
  const notFound = 'rpc error: code = NotFound desc = failed to pull and unpack image "r/api:2": failed to resolve reference "r/api:2": r/api:2: not found';
  const unpacking = 'rpc error: code = NotFound desc = failed to pull and unpack image "r/api:2":';
  it.each([
    ['not found', waiting('ErrImagePull', notFound), 'image-not-found', 0],
    ['not found, in the words of a newer kubelet', waiting('ImagePullBackOff', `Back-off pulling image "r/api:2": ErrImagePull: ${notFound}`), 'image-not-found', 0],
    ['unknown manifest', waiting('ErrImagePull', 'manifest for r/api:2 not found: manifest unknown: manifest unknown'), 'image-not-found', 0],
    ['no such platform', waiting('ErrImagePull', 'no match for platform in manifest: not found'), 'image-platform-missing', 0],
    ['unauthorized', waiting('ErrImagePull', 'failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized'), 'image-pull-denied', 15_000],
    ['denied', waiting('ErrImagePull', 'pull access denied, repository does not exist or may require authorization'), 'image-pull-denied', 15_000],
    ['too many requests', waiting('ErrImagePull', 'unexpected status code 429 Too Many Requests'), 'image-pull-failed', 120_000],
    ['timeout', waiting('ImagePullBackOff', 'dial tcp 10.0.0.1:443: i/o timeout'), 'image-pull-failed', 120_000],
    ['server error', waiting('ErrImagePull', 'unexpected status code 503 Service Unavailable'), 'image-pull-failed', 120_000],
    ['a snapshot that the node has lost', waiting('ErrImagePull', `${unpacking} failed to prepare extraction snapshot "extract-1 sha256:92": parent snapshot sha256:0b does not exist: not found`), 'image-pull-failed', 120_000],
    ['content that the node has lost', waiting('ErrImagePull', `${unpacking} failed to unpack image on snapshotter overlayfs: content digest sha256:73: not found`), 'image-pull-failed', 120_000],
    ['a layer that the node has lost', waiting('ErrImagePull', `${unpacking} failed to extract layer sha256:4d: NotFound: failed to get reader from content store: content digest sha256:51: not found`),
      'image-pull-failed', 120_000],
    ['a layer that the registry has not', waiting('ErrImagePull', `${unpacking} failed to copy: httpReadSeeker: failed open: could not fetch content descriptor sha256:73 from remote: not found`),
      'image-not-found', 0],
    ['unknown words', waiting('ErrImagePull', 'x509: certificate signed by unknown authority'), 'image-pull-failed', 120_000],
    ['no words at all', waiting('ErrImagePull'), 'image-pull-failed', 120_000],
    ['invalid name', waiting('InvalidImageName', 'couldn\'t parse image name'), 'image-name-invalid', 0],
    ['never to be pulled', waiting('ErrImageNeverPull', 'Container image "r/api:2" is not present with pull policy of Never'), 'image-name-invalid', 0],
  ] as const)('%s', (_words, seen, cause, after) => {
    expect(verdictOn(status(seen)).slice(0, 2)).toEqual([cause, after]);
  });

  it('says which container of which pod, which image, and the registry’s words without their wrapping', () => {
    expect(verdictOn(status(waiting('ErrImagePull', notFound)))[2]).toBe(
      `container app of pod p cannot pull ${newImage}: r/api:2: not found`);
    expect(verdictOn(status(waiting('ErrImagePull')))[2]).toBe(`container app of pod p cannot pull ${newImage}: the node reported no reason`);
    expect(verdictOn(status(waiting('ErrImageNeverPull')))[2]).toBe(
      `container app of pod p is not allowed to pull ${newImage} (imagePullPolicy: Never), and the node does not have it`);
    expect(verdictOn(status(waiting('InvalidImageName')))[2]).toBe(`container app of pod p has an invalid image name: ${newImage}`);
  });

  it('is found from the event before the status shows it', () => {
    const words = event('uid-p', 'Failed', `Failed to pull image "r/api:2": ${notFound}`, { container: 'app' });
    expect(verdictOn(status(waiting('ContainerCreating')), [words]).slice(0, 2)).toEqual(['image-not-found', 0]);
    expect(verdictOn(status(waiting('ContainerCreating'), waiting('ContainerCreating', undefined, { name: 'other' })), [words])[2]).toContain('container app of pod p');
  });

  it('is judged by the event’s words when the status only says "back-off"', () => {
    const words = event('uid-p', 'Failed', `Failed to pull image "r/api:2": ${notFound}`);
    expect(verdictOn(status(waiting('ImagePullBackOff', 'Back-off pulling image "r/api:2"')), [words]).slice(0, 2)).toEqual(['image-not-found', 0]);
  });

  it('is not judged by the words about another container', () => {
    const words = event('uid-p', 'Failed', `Failed to pull image "r/api:2": ${notFound}`, { container: 'other' });
    expect(verdictOn(status(waiting('ContainerCreating')), [words]).slice(0, 2)).toEqual(['deadline', never]);
  });

  it.each([
    ['registry.example/app:403', '"registry.example/app:403": registry.example/app:403: not found'],
    ['registry.example/app:503', 'failed to resolve reference "registry.example/app:503": registry.example/app:503: not found'],
    ['registry.example/timeout/forbidden:1', 'registry.example/timeout/forbidden:1: not found'],
    [`registry.example/app:429@sha256:${'a'.repeat(64)}`, `registry.example/app:429@sha256:${'a'.repeat(64)}: not found`],
  ])('is not judged by the words in its own name: %s', (image, message) => {
    expect(verdictOn({ image, ...status(waiting('ErrImagePull', message)) }).slice(0, 2)).toEqual(['image-not-found', 0]);
  });

  it('counts for init containers as well', () => {
    expect(verdictOn(init(waiting('ErrImagePull', notFound, { name: 'migrate' }))).slice(0, 2)).toEqual(['image-not-found', 0]);
  });
});

describe('a new pod whose container ends', () => {
  it.each([
    ['once, and is not started again yet', ended()],
    ['once, and runs again', restarted(1)],
    ['with code 0 once', ended({ exitCode: 0, reason: 'Completed' })],
    ['once by OOM', restarted(1, { exitCode: 137, reason: 'OOMKilled' })],
    ['once because it could not be started', ended({ exitCode: 128, reason: 'StartError' })],
  ] as const)('is tolerated %s', (_how, seen) => {
    expect(judgeOf(midway(pod('p', status(seen)))).at(0).state).toBe('wait');
  });

  it.each([
    ['twice', ended({}, { restartCount: 1 }), 'crash-loop', 'exited twice, last with exit code 1'],
    ['twice, and runs again', restarted(2), 'crash-loop', 'exited twice, last with exit code 1'],
    ['five times', restarted(5, { exitCode: 3 }), 'crash-loop', 'exited 5 times, last with exit code 3'],
    ['twice with code 0', ended({ exitCode: 0, reason: 'Completed' }, { restartCount: 1 }), 'crash-loop', 'exited twice, last with exit code 0 (Completed)'],
    ['by a signal', restarted(2, { exitCode: 139, signal: 11 }), 'crash-loop', 'exited twice, last with signal 11'],
    ['by a signal that is told as a code', restarted(2, { exitCode: 139 }), 'crash-loop', 'exited twice, last with exit code 139'],
    ['twice by OOM', restarted(2, { exitCode: 137, reason: 'OOMKilled' }), 'out-of-memory', 'ran out of memory and was killed twice; it has no memory limit, so the node ran out of memory'],
    ['twice because it could not be started', ended({ exitCode: 128, reason: 'StartError', message: 'exec: "serve": executable file not found in $PATH' }, { restartCount: 1 }),
      'container-start', 'cannot be started: exec: "serve": executable file not found in $PATH'],
    ['twice because it could not be run', backingOff(2, { exitCode: 127, reason: 'ContainerCannotRun' }), 'container-start', 'cannot be started: exit code 127 (ContainerCannotRun)'],
    ['while RunContainerError', waiting('RunContainerError', 'x', { restartCount: 2, lastState: { terminated: { exitCode: 1, message: 'no such device' } } }),
      'container-start', 'cannot be started: no such device'],
  ] as const)('is a failure at once %s', (_how, seen, cause, message) => {
    expect(verdictOn(status(seen))).toEqual([cause, 0, `container app of pod p ${message}`]);
  });

  it('is a failure at once when the node backs off from it', () => {
    expect(verdictOn(status(backingOff(1))).slice(0, 2)).toEqual(['crash-loop', 0]);
  });

  it('names the limit of the memory', () => {
    const seen = { ...status(restarted(2, { exitCode: 137, reason: 'OOMKilled' })), containers: [{ name: 'app', image: newImage, resources: { limits: { memory: '64Mi' } } }] };
    expect(verdictOn(seen)[2]).toBe('container app of pod p ran out of memory and was killed twice; its memory limit is 64Mi');
  });

  it('names the limit of an init container', () => {
    const killed = init(restarted(2, { exitCode: 137, reason: 'OOMKilled' }, { name: 'migrate' }));
    const seen = { ...killed, initContainers: [{ name: 'migrate', image: newImage, resources: { limits: { memory: '32Mi' } } }] };
    expect(verdictOn(seen)[2]).toBe('container migrate of pod p ran out of memory and was killed twice; its memory limit is 32Mi');
  });

  it.each([['liveness', 'Container app failed liveness probe, will be restarted'], ['startup', 'Container app failed startup probe, will be restarted']])(
    'is told from one that its %s probe had killed', (probe, words) => {
      const killing = event('uid-p', 'Killing', words, { type: 'Normal' });
      expect(verdictOn(status(restarted(2, { exitCode: 143 })), [killing])).toEqual(['probe-killed', 0, `container app of pod p was killed twice by its ${probe} probe`]);
      expect(judgeOf(midway(pod('p', status(restarted(1, { exitCode: 143 }))), killing)).at(0).state).toBe('wait');
    });

  it.each([[1, 'crash-loop'], [2, 'crash-loop'], [0, 'probe-killed'], [137, 'probe-killed'], [143, 'probe-killed']])(
    'with exit code %d, and a probe that failed as well, is %s: what ends by itself fails its probe too', (exitCode, cause) => {
      const killing = event('uid-p', 'Killing', 'Container app failed liveness probe, will be restarted');
      expect(verdictOn(status(restarted(2, { exitCode })), [killing])[0]).toBe(cause);
    });

  it.each(['liveness', 'startup'])('with an exit code of its own is told with its %s probe, for which the node kills it', (probe) => {
    const words = `its ${probe} probe failed as well, and the node reported that it kills the container for that`;
    const killing = (container: string) => event('uid-p', 'Killing', `Container ${container} failed ${probe} probe, will be restarted`, { type: 'Normal' });
    expect(verdictOn(status(restarted(2)), [killing('app')])).toEqual(['crash-loop', 0, `container app of pod p exited twice, last with exit code 1; ${words}`]);
    expect(verdictOn(init(restarted(2, {}, { name: 'proxy' })), [killing('proxy')])).toEqual(
      ['init-failed', 0, `container proxy of pod p (init container) failed twice, last with exit code 1; ${words}`]);
    expect(verdictOn(status(restarted(2)), [killing('proxy')])[2]).toBe('container app of pod p exited twice, last with exit code 1');
  });

  it('is not called killed by a probe when another container was', () => {
    const killing = event('uid-p', 'Killing', 'Container proxy failed liveness probe, will be restarted');
    expect(verdictOn(status(restarted(2)), [killing])[0]).toBe('crash-loop');
  });

  it('does not count what had happened before the change', () => {
    const before = { expected: { restartsBefore: new Map([['uid-p/app', 7]]) } };
    expect(judgeOf(midway(pod('p', status(running({ restartCount: 7, lastState: { terminated: { exitCode: 1 } } })))), before).at(0).state).toBe('wait');
    expect(judgeOf(midway(pod('p', status(restarted(8)))), before).at(0).state).toBe('wait');
    expect(verdictOn(status(restarted(9)), [], before)).toEqual(['crash-loop', 0, 'container app of pod p exited twice, last with exit code 1']);
  });

  it('is not counted for old pods', () => {
    const old = pod('old', { owner: 'uid-rs-old', ...status(backingOff(9)) });
    expect(judgeOf(midway(pod('p'), old)).at(0).state).toBe('wait');
  });
});

describe('an init container', () => {
  it.each([
    ['that fails once', ended({}, { name: 'migrate' })],
    ['that works', ended({ exitCode: 0, reason: 'Completed' }, { name: 'migrate' })],
    ['that works at the third time', ended({ exitCode: 0, reason: 'Completed' }, { name: 'migrate', restartCount: 2 })],
  ])('%s is tolerated', (_how, seen) => {
    expect(judgeOf(midway(pod('p', init(seen)))).at(0).state).toBe('wait');
  });

  it('that fails again after one retry is a failure', () => {
    expect(verdictOn(init(ended({ exitCode: 2 }, { name: 'migrate', restartCount: 1 })))).toEqual(
      ['init-failed', 0, 'container migrate of pod p (init container) failed twice, last with exit code 2']);
    expect(verdictOn(init(backingOff(1, {}, { name: 'migrate' }))).slice(0, 2)).toEqual(['init-failed', 0]);
  });

  it('that is a sidecar is a container like any other', () => {
    const seen = { ...init(restarted(2, {}, { name: 'migrate' })), initContainers: [{ name: 'migrate', restartPolicy: 'Always' }] };
    expect(verdictOn(seen)[0]).toBe('crash-loop');
  });
});

describe('a container that cannot be configured', () => {
  const missing = waiting('CreateContainerConfigError', 'couldn\'t find key greeting in ConfigMap ns/settings');

  it('is a failure after 10 s, not before', () => {
    const asked = judgeOf(midway(pod('p', status(missing))));
    expect(asked.at(0).state).toBe('wait');
    expect(asked.at(9999).state).toBe('wait');
    expect(asked.at(10_000)).toMatchObject({
      state: 'failed', cause: 'container-config', container: 'app',
      message: 'container app of pod p cannot be configured: couldn\'t find key greeting in ConfigMap ns/settings',
    });
  });

  it('is not one while the kubelet’s own cache is late', () => {
    for (const kind of ['configmap', 'secret']) {
      expect(verdictOn(status(waiting('CreateContainerConfigError', `failed to sync ${kind} cache: timed out waiting for the condition`)))[0]).toBe('deadline');
    }
  });
});

describe('why a container cannot be configured', () => {
  const root = 'container has runAsNonRoot and image will run as root (pod: "p_web(1)", container: app)';
  const named = 'container has runAsNonRoot and image has non-numeric user (web), cannot verify user is non-root (pod: "p_web(1)", container: app)';
  it.each([
    ['the image runs as root', root, 0, /USER.*runAsUser/],
    ['the image names its user by a word', named, 0, /given by name.*numeric `USER`/],
    ['the pod template wants root', 'container\'s runAsUser breaks non-root policy (pod: "p_web(1)", container: app)', 0, /pod template sets both/],
    ['an object is missing', 'configmap "settings" not found', 10_000, /Create the missing ConfigMap or Secret/],
    ['a key is missing', 'couldn\'t find key greeting in ConfigMap ns/settings', 10_000, /Add the missing key/],
    ['a variable is missing', 'missing value for POD_NAME', 10_000, /subPathExpr/],
    ['a path is wrong', 'error SubPath `/x` must not be an absolute path', 10_000, /subPath/],
    ['something else', 'host IP unknown', 10_000, undefined],
  ] as const)('%s', (_why, words, after, hint) => {
    const { decision, atMs } = settle(judgeOf(midway(pod('p', status(waiting('CreateContainerConfigError', words))))));
    expect([atMs, decision]).toEqual([after, expect.objectContaining({ cause: 'container-config', message: `container app of pod p cannot be configured: ${words}` })]);
    const { hint: said } = decision as { hint?: string };
    if (hint === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(hint);
    if (after === 0) expect(said).not.toMatch(/ConfigMap/);
  });
  it('is nothing while the kubelet has only just started', () => {
    expect(verdictOn(status(waiting('CreateContainerConfigError', 'services have not yet been read at least once, cannot construct envvars')))[0]).toBe('deadline');
  });
  it('no sentence of the cause itself speaks of one reason', () => {
    expect(causes['container-config'].sentence + causes['container-config'].hint).not.toMatch(/ConfigMap|Secret/);
  });
});

describe('a container that the node kills', () => {
  const hooked = (exec: string[]) => [{ name: 'app', image: newImage, lifecycle: { postStart: { exec: { command: exec } } } }];
  const killed = [event('uid-p', 'FailedPostStartHook', 'PostStartHook failed', { container: 'app' }), event('uid-p', 'Killing', 'FailedPostStartHook', { container: 'app', type: 'Normal' })];
  it.each([
    ['ended well when it was told to', restarted(2, { exitCode: 0, reason: 'Completed' })], ['ended by the signal', restarted(2, { exitCode: 143 })],
    ['is backed off from', backingOff(1, { exitCode: 0, reason: 'Completed' })],
  ])('because its postStart hook failed: one that %s', (_how, seen) => {
    expect(verdictOn({ ...status(seen), containers: hooked(['/app', 'register']) }, killed)).toEqual(
      ['hook-failed', 0, 'container app of pod p was killed twice because its postStart hook failed (`/app register`)']);
  });
  it('is told with the kubelet’s words while it has them', () => {
    const words = 'Exec lifecycle hook ([/app register]) failed - error: command exited with 7';
    const seen = waiting('PostStartHookError', words, { restartCount: 1, lastState: { terminated: { exitCode: 0 } } });
    expect(verdictOn({ ...status(seen), containers: hooked(['/app', 'register']) }, killed)[2]).toMatch(/hook failed \(`\/app register`\): Exec lifecycle hook .* exited with 7$/);
  });
  it('is not blamed on the hook when it ended with a code of its own', () => {
    expect(verdictOn({ ...status(restarted(2, { exitCode: 1 })), containers: hooked(['/app', 'register']) }, killed)).toEqual(
      ['crash-loop', 0, 'container app of pod p exited twice, last with exit code 1; its postStart hook failed as well (`/app register`)']);
  });
  it('is not blamed on the hook of another container', () => {
    const other = killed.map((each) => ({ ...each, involvedObject: { ...each.involvedObject, fieldPath: 'spec.containers{proxy}' } }));
    expect(verdictOn(status(restarted(2, { exitCode: 0, reason: 'Completed' })), other)[0]).toBe('crash-loop');
  });
  it('for a reason of its own is told with that reason', () => {
    const resized = event('uid-p', 'Killing', 'Container app resize requires restart', { container: 'app', type: 'Normal' });
    expect(verdictOn(status(restarted(2, { exitCode: 143 })), [resized])).toEqual(['crash-loop', 0, 'container app of pod p was killed twice by the node: Container app resize requires restart']);
  });
  it('because its pod is stopped is told as any other', () => {
    const stopping = event('uid-p', 'Killing', 'Stopping container app', { container: 'app', type: 'Normal' });
    expect(verdictOn(status(restarted(2, { exitCode: 143 })), [stopping])[2]).toBe('container app of pod p exited twice, last with exit code 143');
  });
});

describe('a container that waits for a reason of its own', () => {
  it.each([['PreStartHookError', 'container-start', 30_000], ['PreCreateHookError', 'container-start', 30_000], ['KillContainerError', 'deadline', never], ['SomethingNew', 'deadline', never]])('%s', (reason, cause, after) => {
    const [word, atMs, message] = verdictOn(status(waiting(reason, 'why it is so')));
    expect([word, atMs]).toEqual([cause, after]);
    expect(message).toContain('why it is so');
  });
});

describe('a sandbox that the node cannot create', () => {
  const words = 'rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "kata" is configured';
  const said = event('uid-p', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${words}`);
  it('is a failure after 120 s, told of before that', () => {
    const asked = judgeOf(midway(pod('p', status(waiting('ContainerCreating'))), said));
    expect(asked.at(0)).toMatchObject({ progress: '0/2 ready · p waiting for its sandbox, which the node cannot create' });
    for (let at = 5000; at < 120_000; at += 5000) asked.at(at);
    expect(asked.at(119_000)).toMatchObject({ state: 'wait', suspects: [{ message: expect.stringContaining('no runtime for "kata"') }] });
    expect(asked.at(120_000)).toMatchObject({
      cause: 'container-start', hint: expect.stringContaining('network plugin'),
      message: 'node node-1 cannot create the sandbox of pod p: failed to get sandbox runtime: no runtime for "kata" is configured',
    });
  });
  it.each([
    ['an image is pulled', pod('p', status(waiting('ContainerCreating'))), [event('uid-p', 'Pulling', 'x', { container: 'app' })]],
    ['a container has run', pod('p', status(ended())), []],
  ] as const)('is over once %s', (_what, seen, later) => {
    expect(settle(judgeOf(midway(seen, said, ...later))).decision).toMatchObject({ cause: 'deadline', message: expect.not.stringContaining('sandbox') });
  });
});

it('a container that cannot be made is a failure after 30 s', () => {
  const [cause, after, message] = verdictOn(status(waiting('CreateContainerError', 'no command specified')));
  expect([cause, after, message]).toEqual(['container-start', 30_000, 'container app of pod p cannot be created: no command specified']);
});

describe('pods that are never asked', () => {
  it('those of a node that is lost', () => {
    expect(judgeOf(midway(pod('p', { reason: 'NodeLost', ...status(ended({}, { restartCount: 5 })) }))).at(0).state).toBe('wait');
  });
  it('those that are being deleted', () => {
    expect(judgeOf(midway(pod('p', { deleted: true, ...status(backingOff(5)) }))).at(0).state).toBe('wait');
  });
  it('ContainerCreating is no trouble by itself', () => {
    expect(verdictOn(status(waiting('ContainerCreating')))[0]).toBe('deadline');
  });
  it('a pod without any status', () => {
    expect(judgeOf(midway({ ...pod('p'), status: undefined } as KubeObject)).at(0).state).toBe('wait');
  });
});

describe('a container that has ended once', () => {
  const begin = Date.UTC(2026, 0, 1);
  const lived = (ms: number) => ({ startedAt: new Date(begin).toISOString(), finishedAt: new Date(begin + ms).toISOString() });
  const oneMore = (terminated: object) => pod('a', { statuses: [restarted(1, {}, { ready: true, lastState: { terminated: { exitCode: 1, reason: 'Error', ...terminated } } })] });
  const doneAfter = (terminated: object, judged: JudgeOptions = {}) => {
    const { decision, atMs } = settle(judgeOf(worldOf([deployment(), ...replicaSets(), oneMore(terminated), pod('b')]), judged));
    return [word(decision), atMs];
  };

  it.each([
    ['0 s', 0, 5000], ['2 s', 2000, 5000], ['2.5 s', 2500, 5000], ['3 s', 3000, 6000], ['10 s', 10_000, 20_000],
    ['29 s', 29_000, 58_000], ['30 s', 30_000, 60_000], ['31 s', 31_000, 60_000], ['an hour', 3_600_000, 60_000], ['less than nothing', -9000, 5000],
  ])('after %s has to live for twice as long, within bounds', (_life, ms, after) => {
    expect(doneAfter(lived(ms))).toEqual(['done', after]);
  });
  it('has to live for the least when it is not known how long it did', () => {
    expect(doneAfter({})).toEqual(['done', 5000]);
    expect(doneAfter({ finishedAt: 'yesterday', startedAt: 'once' })).toEqual(['done', 5000]);
  });
  it('has to live for twice as long as a sidecar, too', () => {
    const proxy = restarted(1, {}, { name: 'proxy', ready: true, lastState: { terminated: { exitCode: 1, ...lived(10_000) } } });
    const sidecar = pod('a', { initContainers: [{ name: 'proxy', restartPolicy: 'Always' }], initStatuses: [proxy] });
    const { decision, atMs } = settle(judgeOf(worldOf([deployment(), ...replicaSets(), sidecar, pod('b')])));
    expect([word(decision), atMs]).toEqual(['done', 20_000]);
  });
  it('is not yet done a moment before', () => {
    const asked = judgeOf(worldOf([deployment(), ...replicaSets(), oneMore(lived(10_000)), pod('b')]));
    expect(asked.at(0).state).toBe('wait');
    expect([asked.at(19_999), asked.at(20_000)].map(word)).toEqual(['wait', 'done']);
  });
  it('before the change counts as any other', () => {
    expect(doneAfter(lived(10_000), { expected: { restartsBefore: new Map([['uid-a/app', 1]]) } })).toEqual(['done', 2000]);
  });
  it('is found in its loop when it ends again before that', () => {
    const world = worldOf([deployment(), ...replicaSets(), oneMore(lived(10_000)), pod('b')]);
    const asked = judgeOf(world);
    for (const at of [0, 5000, 10_000]) expect(asked.at(at).state).toBe('wait');
    world.apply(set(pod('a', { statuses: [backingOff(1)] })));
    world.apply(set(pod('a', { statuses: [restarted(2)] })));
    expect(word(asked.at(11_000))).toBe('crash-loop');
  });
});

it('a pause of somebody else in the middle is theirs; one after the end is no matter', () => {
  const paused = (status: Workload['status']): Workload => {
    const it = deployment({ spec: { paused: true }, status });
    return { ...it, metadata: { ...it.metadata, managedFields: [{ manager: 'kubectl-rollout', fieldsV1: { 'f:spec': { 'f:paused': {} } } }] } };
  };
  const inTheMiddle = judgeOf(worldOf([paused({ updatedReplicas: 1 }), ...replicaSets(), pod('a')])).at(0);
  expect([word(inTheMiddle), messageOf(inTheMiddle)]).toEqual(['superseded', 'deployment/api was paused by someone else during the run: 1 of 2 new pods created']);
  expect(judgeOf(worldOf([paused({}), ...replicaSets(), pod('a'), pod('b')])).at(0).state).toBe('wait');
});

it('a pod template that somebody changed while its first wave was held is theirs', () => {
  const held = worldOf([deployment({ spec: { paused: true, template: { metadata: { labels: { app: 'api', theirs: 'yes' } }, spec: { containers: [{ name: 'app', image: newImage }] } } } }), replicaSet('rs-old', 'x')]);
  const decision = judgeOf(held, { expected: { goal: 'first-wave' } }).at(0);
  expect([word(decision), messageOf(decision)]).toEqual(['superseded', 'the pod template of deployment/api was changed by someone else while it was paused at its first pods']);
});
