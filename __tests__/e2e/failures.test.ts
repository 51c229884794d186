import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { closeApi, type Any } from './harness/api.js';
import { calm, imageOf, inSpace, rolloutInputs, startHealthy, variant, type HealthyOptions } from './harness/app.js';
import { evidenceOf, expectAllGivenBack, expectSure, type Case } from './harness/case.js';
import { expectEnding, expectHidden, expectTold } from './harness/ending.js';
import { environment } from './harness/environment.js';
import { closeImages, type PushedImage } from './harness/images.js';
import { startLoad } from './harness/load.js';
import type { Space } from './harness/namespace.js';
import { registryProxy } from './harness/registry-proxy.js';
import { runAction } from './harness/run-action.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';
import { configmap, deployment } from './harness/workloads.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

interface Failing {
  readonly cause: string;
  readonly what: string;
  readonly healthy?: HealthyOptions;
  /** Done between the healthy version and the run. */
  readonly prepare?: (space: Space) => Promise<void>;
  /** Done just before the images are set, when everything has been checked. */
  readonly atChange?: (space: Space) => Promise<unknown>;
  readonly image: () => Promise<PushedImage>;
  readonly inputs?: Readonly<Record<string, string>>;
  /** Seconds from the change to the verdict. */
  readonly sure: Case['sure'];
  /** What log, summary and report have to say. */
  readonly told: readonly string[];
  /** In the evidence of the report. */
  readonly evidence: RegExp;
}

const wantsGreeting: HealthyOptions = {
  container: { env: [{ name: 'GREETING', valueFrom: { configMapKeyRef: { name: 'settings', key: 'greeting' } } }] },
};

const failing: readonly Failing[] = [
  { cause: 'crash-loop', what: 'ends with code 1 at once', image: () => variant('v2', 'crash'), sure: [0, 180], told: ['exit code 1', 'cannot read config/production.yml'], evidence: /cannot read config/ },
  { cause: 'crash-loop', what: 'ends with code 0 at once', image: () => variant('v2', 'exit-zero'), sure: [0, 180], told: ['exit code 0'], evidence: /fault-app v2 starts/ },
  {
    cause: 'crash-loop', what: 'of a StatefulSet, which stays stuck until its broken pod is deleted', healthy: { kind: 'StatefulSet' },
    image: () => variant('v2', 'crash'), inputs: { workloads: 'statefulset/web' }, sure: [0, 180], told: ['cannot read config/production.yml'], evidence: /cannot read config/,
  },
  {
    cause: 'crash-loop', what: 'of a DaemonSet', healthy: { kind: 'DaemonSet' }, image: () => variant('v2', 'crash'), inputs: { workloads: 'daemonset/web' },
    sure: [0, 180], told: ['cannot read config/production.yml'], evidence: /cannot read config/,
  },
  { cause: 'not-ready', what: 'starts and is never ready', image: () => variant('v2', 'unready'), sure: [60, 180], told: ['ready', '503'], evidence: /statuscode: 503/ },
  {
    cause: 'image-name-invalid', what: 'the node is not allowed to pull what it does not have', healthy: { container: { imagePullPolicy: 'Never' } },
    image: () => variant('v2', calm, { tag: 'v2-fresh', fresh: true }), sure: [0, 180], told: ['Never'], evidence: /ErrImageNeverPull/,
  },
  {
    cause: 'container-config', what: 'a key of a ConfigMap goes away after the check', healthy: wantsGreeting,
    atChange: (space) => space.patch('ConfigMap', 'settings', { data: { greeting: null, other: 'x' } }),
    image: () => variant('v2'), sure: [10, 180], told: ['greeting', 'settings'], evidence: /key greeting/,
  },
  { cause: 'deadline', what: 'is not done within the timeout', image: () => variant('v2', `${calm},slow-ready=60s`), inputs: { timeout: '12s' }, sure: [12, 180], told: ['deployment/web'], evidence: /statuscode: 503/ },
  {
    cause: 'deadline', what: 'Kubernetes itself gave up', healthy: { spec: { progressDeadlineSeconds: 8 } }, image: () => variant('v2', `${calm},slow-ready=60s`),
    inputs: { 'prove-first': 'false' }, sure: [8, 180], told: ['deployment/web'], evidence: /statuscode: 503/,
  },
  { cause: 'smoke-failed', what: 'answers 500', image: () => variant('v2', `${calm},wrong-answer`), sure: [0, 180], told: ['500', 'service/web/'], evidence: /fault-app v2 starts/ },
  { cause: 'smoke-failed', what: 'answers another text', image: () => variant('v2', `${calm},wrong-text`), sure: [0, 180], told: ['welcome to nginx', 'v2'], evidence: /fault-app v2 starts/ },
  {
    cause: 'wrong-version-serving', what: 'the Service also leads to pods of somebody else', image: () => variant('v2'),
    healthy: { labels: { tier: 'front' } },
    prepare: async (space) => {
      await space.apply(deployment('legacy', { image: (await variant('v1')).reference, replicas: 1, labels: { tier: 'front' } }));
      await space.rolledOut('Deployment', 'legacy');
      await space.patch('Service', 'web', { spec: { selector: { app: null, tier: 'front' } } });
    },
    sure: [10, 180], told: ['legacy'], evidence: /events of deployment\/web/,
  },
];

describe('rolled back, object by object', () => {
  const named = failing.map((each) => [`${each.cause}: ${each.what}`, each] as const);
  it.concurrent.each(named)('%s', async (_, each) => inSpace('failing', async (space) => {
    if (each.healthy === wantsGreeting) await space.apply(configmap('settings', { greeting: 'hi' }));
    await startOnNode(space, each);
    await each.prepare?.(space);
    const [before, running] = [await snapshotOf(space), await runningImages(space, 'web')];
    const host = (await space.get('Service', 'web')).spec.clusterIP;
    // Late is not lost: on a machine that has much to do, an answer takes its time.
    const load = startLoad({ host, perSecond: 10, timeoutMs: 15_000 });
    const image = await each.image();
    const change = atChange(() => each.atChange?.(space));
    const result = await runAction({ inputs: rolloutInputs(space, image, each.inputs), onLine: change.onLine });
    await change.done();
    const { errors } = await load.stop();

    expectEnding(result, { verdict: 'rolled-back', cause: each.cause });
    expect(result.outputs.stage).toMatch(/^(rollout|smoke)$/);
    expectTold(result, ...each.told);
    expect(evidenceOf(result)).toMatch(each.evidence);
    expectSure(result, each.sure);
    expect(await snapshotOf(space)).toEqual(before);
    expect(await runningImages(space, 'web')).toEqual(running);
    expect(result.report).toMatchObject({ verdict: 'rolled-back', failure: { cause: each.cause } });
    expect(result.commands.filter(({ name }) => name === 'error')).toHaveLength(1);
    await expectAllGivenBack(space, result);
    expect(result.post).toMatchObject({ exitCode: 0, outputs: {} });
    // Old pods of a Deployment never went away: nobody noticed anything.
    if ((each.healthy?.kind ?? 'Deployment') === 'Deployment') expect(errors).toEqual([]);
    expectHidden(result, space.token);
  })());
});

/** Acts once, when the command that sets the images is printed, just before it is run. */
function atChange(act: () => Promise<unknown> | undefined): { readonly onLine: (line: string) => void; readonly done: () => Promise<unknown> } {
  let acting: Promise<unknown> | undefined;
  return {
    onLine: (line) => {
      if (line.includes('[command]kubectl') && line.includes(' set image ')) acting ??= act();
    },
    done: async () => acting,
  };
}

/** With imagePullPolicy Never the healthy image has to be on the node before. */
async function startOnNode(space: Space, each: Failing): Promise<void> {
  if (each.healthy?.container?.imagePullPolicy === 'Never') {
    await space.apply(deployment('warm', { image: (await variant('v1')).reference, replicas: 1 }));
    await space.rolledOut('Deployment', 'warm');
  }
  await startHealthy(space, each.healthy);
}

describe('rolled back, because the nodes see the registry otherwise than the check did', () => {
  it.concurrent('image-not-found: the image went away after the check', inSpace('notfound', async (space) => {
    const proxy = await registryProxy();
    try {
      await startHealthy(space);
      const before = await snapshotOf(space);
      const v2 = await variant('v2');
      const inputs = rolloutInputs(space, { ...v2, name: v2.name.replace(environment().registry, proxy.host) }, { workloads: 'deployment/web:web' });
      const change = atChange(async () => proxy.refuse(404));
      const result = await runAction({ inputs, onLine: change.onLine });
      expectEnding(result, { verdict: 'rolled-back', cause: 'image-not-found', stage: 'rollout' });
      expectTold(result, 'not found');
      expect(evidenceOf(result)).toContain('Failed to pull image');
      expectSure(result, [0, 180]);
      expect(await snapshotOf(space)).toEqual(before);
      await expectAllGivenBack(space, result);
    } finally {
      await proxy.close();
    }
  }));

  it.concurrent('image-pull-denied: the pods have no login', inSpace('pulldenied', async (space) => {
    const { authRegistry, authUsername, authPassword } = environment();
    await startHealthy(space);
    const before = await snapshotOf(space);
    const v2 = await variant('v2', calm, { repository: 'private/app', withLogin: true, fresh: true });
    const result = await runAction({
      inputs: rolloutInputs(space, v2, { workloads: 'deployment/web:web', registry: authRegistry, 'registry-username': authUsername, 'registry-password': authPassword }),
    });
    expectEnding(result, { verdict: 'rolled-back', cause: 'image-pull-denied', stage: 'rollout' });
    expect(evidenceOf(result)).toContain('Failed to pull image');
    expectSure(result, [15, 180]);
    expect(await snapshotOf(space)).toEqual(before);
    await expectAllGivenBack(space, result);
    expectHidden(result, authPassword);
  }));
});

describe('what is not a failure', () => {
  it.concurrent('one single crash', inSpace('once', async (space) => {
    await startHealthy(space, { replicas: 1, container: { volumeMounts: [{ name: 'state', mountPath: '/state' }] }, pod: { volumes: [{ name: 'state', emptyDir: {} }] } });
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2', 'crash-once')) });
    expectEnding(result, { verdict: 'deployed' });
  }));

  it.concurrent('a slow start', inSpace('slow', async (space) => {
    await startHealthy(space, { replicas: 1 });
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2', 'slow-ready=15s')) });
    expectEnding(result, { verdict: 'deployed' });
  }));

  it.concurrent('a ProgressDeadlineExceeded of an earlier change', inSpace('stale', async (space) => {
    await startHealthy(space, { spec: { progressDeadlineSeconds: 5 } });
    const v2 = await variant('v2');
    const image = (await variant('v1')).name;
    const [container] = (await space.get('Deployment', 'web')).spec.template.spec.containers;
    await space.patch('Deployment', 'web', { spec: { template: { spec: { containers: [{ ...container, image: `${image}:no-such-tag` }] } } } });
    await space.until('Deployment', 'web', 'exceeds its deadline', (d) => d.status.conditions?.some((c: Any) => c.reason === 'ProgressDeadlineExceeded'));
    // The condition stays, and the run has the time that a busy node may need.
    await space.patch('Deployment', 'web', { spec: { progressDeadlineSeconds: 120 } });
    await space.until('Deployment', 'web', 'has not changed its mind', (d) => d.status.observedGeneration === d.metadata.generation
      && d.status.conditions?.some((c: Any) => c.reason === 'ProgressDeadlineExceeded'));
    const result = await runAction({ inputs: rolloutInputs(space, v2) });
    expectEnding(result, { verdict: 'deployed' });
  }));
});

describe('output of the app that tries to be more than text', () => {
  it.concurrent('stays text', inSpace('hostile', async (space) => {
    await startHealthy(space);
    const log = ['::error::pwned', '::set-output name=verdict::deployed', '::add-mask::deployment', '::stop-commands::x', '##[error]pwned', '\u001b[31mred', '<script>alert(1)</script>', '```', '@everyone'];
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2', 'crash', { tag: 'hostile', env: { LOG: log.join('\n') } })) });
    expectEnding(result, { verdict: 'rolled-back', cause: 'crash-loop' });
    const obeyed = result.commands.filter(({ name, message }) => /pwned|deployed/.test(message) && name !== 'error');
    expect(obeyed).toEqual([]);
    expect(result.commands.some(({ name }) => name === 'set-output' || name === 'stop-commands')).toBe(false);
    expect(result.commands.filter(({ name }) => name === 'add-mask').map(({ message }) => message)).not.toContain('deployment');
    expect(result.outputs.verdict).toBe('rolled-back');
    expect(result.raw).not.toContain('\u001b');
  }));
});

describe('rollback: off', () => {
  it.concurrent('leaves the new images, says so, and prints the commands', inSpace('off', async (space) => {
    const v1 = await startHealthy(space);
    const v2 = await variant('v2', 'crash');
    const result = await runAction({ inputs: rolloutInputs(space, v2, { rollback: 'off' }) });
    expectEnding(result, { verdict: 'rollback-failed', cause: 'crash-loop' });
    expect(await imageOf(space, 'Deployment', 'web')).toBe(`${v2.name}@${v2.digest}`);
    expectTold(result, `web=${v1.reference}`);
  }));
});
