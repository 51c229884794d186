import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { changedDeployments, newPods, silentWebhook, type Guarded } from './harness/admission.js';
import { faultProxy } from './harness/api-fault-proxy.js';
import { call, closeApi, pathOf, type Any } from './harness/api.js';
import { calm, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectTold } from './harness/ending.js';
import { pause } from './harness/environment.js';
import { closeImages, type PushedImage } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import { aboutToChange, once, rollingOut, type Moment } from './harness/moments.js';
import type { Space } from './harness/namespace.js';
import { runAction, type ActionResult, type ActionRun } from './harness/run-action.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';
import { deployment, service, statefulset } from './harness/workloads.js';

// Clusters that are full, slow, or full of strange things: a verdict is as true there as anywhere.

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const referenceOf = ({ name, digest }: PushedImage): string => `${name}@${digest}`;

/** What has to be true after a good run and after a bad one, besides the verdict: nobody is held, the lock is free, the ledger knows. */
async function expectTidy(space: Space, phase: 'verified' | 'restored', app = 'app'): Promise<void> {
  expect((await space.list('Deployment')).filter(({ spec }) => spec.paused || spec.minReadySeconds).map(({ metadata }) => metadata.name)).toEqual([]);
  expect((await ledgerOf(space, app)).run.phase).toBe(phase);
  expect((await space.get('Lease', `deploy-lock-${app}`)).spec.holderIdentity).toBe('');
}

async function expectDeployed(space: Space, result: ActionResult, image: PushedImage): Promise<void> {
  expectEnding(result, { verdict: 'deployed' });
  expect(await runningImages(space, 'web')).toEqual([referenceOf(image)]);
  await expectTidy(space, 'verified');
}

/** A version that ends at once goes back to exactly what was there, and then a good one is deployed. */
async function expectBothVerdicts(space: Space, run: Partial<ActionRun> = {}): Promise<void> {
  const [before, running] = [await snapshotOf(space), await runningImages(space, 'web')];
  const bad = await runAction({ ...run, inputs: rolloutInputs(space, await variant('v2', 'crash')) });
  expectEnding(bad, { verdict: 'rolled-back', cause: 'crash-loop' });
  expectTold(bad, 'cannot read config/production.yml');
  expect(await snapshotOf(space)).toEqual(before);
  expect(await runningImages(space, 'web')).toEqual(running);
  await expectTidy(space, 'restored');
  const v2 = await variant('v2');
  await expectDeployed(space, await runAction({ ...run, inputs: rolloutInputs(space, v2) }), v2);
}

/** Lets a webhook time out for so long, from a line of the log on. */
const silentFor = (space: Space, guarded: Guarded, ms: number, at: (line: string) => boolean): Moment => once(at, async () => {
  const remove = await silentWebhook(space, guarded);
  await pause(ms);
  await remove();
});

describe('an admission webhook that times out', () => {
  // First, as it takes a minute.
  it.concurrent('for the change, without an end: it is named, and nothing was changed', inSpace('webhook', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const remove = await silentWebhook(space, changedDeployments);
    try {
      const result = await runAction({ inputs: rolloutInputs(space, await variant('v2')) });
      expectEnding(result, { verdict: 'failed', cause: 'admission-denied', stage: 'rollout' });
      expectTold(result, 'guard.example.com', 'context deadline exceeded');
      expect(await snapshotOf(space)).toEqual(before);
    } finally {
      await remove();
    }
  }));

  it.concurrent.each([
    ['for new pods, from the change on', newPods, aboutToChange],
    ['for the change itself', changedDeployments, aboutToChange],
    ['for what is changed while it is proved first', changedDeployments, rollingOut],
  ] as const)('%s, for some seconds: it is waited for', async (_, guarded, at) => inSpace('webhook', async (space) => {
    await startHealthy(space);
    const silent = silentFor(space, guarded, 4000, at);
    const v2 = await variant('v2', `${calm},slow-ready=1s`);
    const result = await runAction({ inputs: rolloutInputs(space, v2), onLine: silent.onLine });
    await silent.done();
    await expectDeployed(space, result, v2);
  })());

  it.concurrent('for what puts the images back, for some seconds: they are', inSpace('webhook', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const silent = silentFor(space, changedDeployments, 6000, rollingOut);
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2', 'crash')), onLine: silent.onLine });
    await silent.done();
    expectEnding(result, { verdict: 'rolled-back', cause: 'crash-loop' });
    expect(await snapshotOf(space)).toEqual(before);
    await expectTidy(space, 'restored');
  }));
});

describe('objects as large as the API server takes them', () => {
  // All annotations of an object together may have 256 KiB.
  const note = 'x'.repeat(250 * 1024);
  const heavy = (object: Any): Any => {
    const copy = structuredClone(object);
    for (const metadata of [copy.metadata, copy.spec.template.metadata]) metadata.annotations = { 'example.com/note': note };
    return copy;
  };

  it.concurrent('annotations of 250 kB on the workload, its pods and its neighbours: 2 MB a list', inSpace('heavy', async (space) => {
    const { reference } = await variant('v1');
    const neighbours = ['one', 'two', 'three'].map((name) => heavy(deployment(name, { image: reference, replicas: 0 })));
    await space.apply(...neighbours, service('web'), heavy(deployment('web', { image: reference })));
    await space.rolledOut('Deployment', 'web');
    await expectBothVerdicts(space);
  }));
});

describe('names as long as they may be', () => {
  const of = (length: number): string => 'n'.repeat(length);
  const longApp = of(63);

  it.concurrent('Deployment, Service, container and app', inSpace('names', async (space) => {
    const [name, container] = [of(253), of(63)];
    const front = service(of(63), { app: 'web' });
    const { reference } = await variant('v1');
    const workload = deployment('web', { image: reference, container: { name: container } });
    workload.metadata.name = name;
    await space.apply(front, workload);
    await space.rolledOut('Deployment', name);
    const inputs = { app: longApp, workloads: `deployment/${name}`, smoke: `service/${of(63)}/ -> 200 contains v2` };
    const before = await snapshotOf(space);
    const bad = await runAction({ inputs: rolloutInputs(space, await variant('v2', `${calm},wrong-answer`), inputs) });
    expectEnding(bad, { verdict: 'rolled-back', cause: 'smoke-failed' });
    expect(await snapshotOf(space)).toEqual(before);
    await expectTidy(space, 'restored', longApp);
    const v2 = await variant('v2');
    const good = await runAction({ inputs: rolloutInputs(space, v2, inputs) });
    expectEnding(good, { verdict: 'deployed' });
    expectTold(good, `deployment/${name}`);
    expect(await runningImages(space, 'web')).toEqual([referenceOf(v2)]);
    await expectTidy(space, 'verified', longApp);
  }));

  it.concurrent('StatefulSet; an app that is named after a long image', inSpace('names', async (space) => {
    // Its pods carry its name with the hash of a revision as a label.
    const name = of(52);
    const repository = `e2e/${'Part_of.an-image'.toLowerCase().repeat(6)}`;
    const [v1, v2] = [await variant('v1', calm, { repository }), await variant('v2', calm, { repository })];
    const workload = statefulset('web', { image: v1.reference });
    workload.metadata.name = name;
    await space.apply(service('web'), workload);
    await space.rolledOut('StatefulSet', name);
    const result = await runAction({ inputs: rolloutInputs(space, v2, { workloads: `statefulset/${name}` }) });
    expectEnding(result, { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([referenceOf(v2)]);
    const [lease] = await space.list('Lease');
    await expectTidy(space, 'verified', lease.metadata.name.replace('deploy-lock-', ''));
  }));
});

describe('objects in which almost nothing stands', () => {
  it.concurrent('neighbours without owner, status, target or selector', inSpace('bare', async (space) => {
    await startHealthy(space);
    const address = { addressType: 'IPv4', endpoints: [{ addresses: ['192.0.2.1'] }], ports: [] };
    const slice = (name: string, labels: Any): Any => ({ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name, labels }, ...address });
    const bare: Any = { selector: { matchLabels: { app: 'bare' } }, template: { metadata: { labels: { app: 'bare' } }, spec: { containers: [{ name: 'c', image: 'bare' }] } } };
    await space.apply(
      slice('nobody', {}), slice('elsewhere', { 'kubernetes.io/service-name': 'no-such-service' }),
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'outside' }, spec: { type: 'ExternalName', externalName: 'example.com', selector: { app: 'web' } } },
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'by-hand' }, spec: { ports: [{ port: 80 }] } },
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'headless' }, spec: { clusterIP: 'None', selector: { app: 'web' } } },
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'orphan' }, spec: { replicas: 0, ...bare } },
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'paused' }, spec: { replicas: 0, paused: true, ...bare } },
    );
    await call('POST', pathOf('Event', space.name), { metadata: { generateName: 'bare-' }, involvedObject: { namespace: space.name } });
    const v2 = await variant('v2');
    const result = await runAction({ inputs: rolloutInputs(space, v2) });
    expectEnding(result, { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([referenceOf(v2)]);
  }));
});

/** Makes so many events, about the workload and about others, sixteen at a time. Resolves when all are there. */
async function makeEvents(space: Space, count: number): Promise<void> {
  const { metadata: { uid } } = await space.get('Deployment', 'web');
  const about = (index: number): Any => (index % 2 === 0 ? { kind: 'Deployment', name: 'web', uid } : { kind: 'Pod', name: `ghost-${index}`, uid: `ghost-${index}` });
  const message = 'Failed to pull image "x": rpc error: code = NotFound desc = failed to resolve reference: not found; failed liveness probe; exceeded quota';
  let left = count;
  await Promise.all(Array.from({ length: 16 }, async () => {
    for (; left > 0; left -= 1) {
      await call('POST', pathOf('Event', space.name), {
        metadata: { generateName: 'noise-' }, involvedObject: { namespace: space.name, ...about(left) }, reason: 'Failed', type: 'Warning', message, count: 1,
      });
    }
  }));
}

describe('thousands of events', () => {
  it.concurrent('that were there before, and that come meanwhile', inSpace('events', async (space) => {
    await startHealthy(space);
    await makeEvents(space, 1500);
    const more: Promise<void>[] = [];
    const onLine = (line: string): void => {
      if (aboutToChange(line)) more.push(makeEvents(space, 800));
    };
    await expectBothVerdicts(space, { onLine });
    await Promise.all(more);
    expect(more).toHaveLength(2);
  }));
});

/** Deletes every pod of the app, new and old, each 50 ms, until so many are deleted or it is told to stop. */
function storm(space: Space, count = Infinity): { readonly over: Promise<number>; stop(): Promise<number> } {
  let [stopped, deleted] = [false, 0];
  const over = (async () => {
    while (!stopped && deleted < count) {
      for (const { metadata } of await space.list('Pod', 'app=web')) {
        await call('DELETE', `${pathOf('Pod', space.name, metadata.name)}?gracePeriodSeconds=0`).then(() => (deleted += 1), () => undefined);
      }
      await pause(50);
    }
    return deleted;
  })();
  return {
    over,
    stop: () => {
      stopped = true;
      return over;
    },
  };
}

describe('pods that are deleted each 50 ms', () => {
  it.concurrent.each(['true', 'false'])('twenty of them (prove-first: %s): it is waited for', async (proveFirst) => inSpace('storm', async (space) => {
    await startHealthy(space);
    const blow = once(aboutToChange, () => storm(space, 20).over);
    const v2 = await variant('v2');
    const result = await runAction({ inputs: rolloutInputs(space, v2, { 'prove-first': proveFirst }), onLine: blow.onLine });
    await blow.done();
    await expectDeployed(space, result, v2);
  })());

  it.concurrent('until the time is over: rolled back when it has ended', inSpace('storm', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    let blowing: ReturnType<typeof storm> | undefined;
    const onLine = (line: string): void => {
      if (aboutToChange(line)) blowing = storm(space);
      if (line.includes('old images restored')) void blowing?.stop();
    };
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2'), { timeout: '8s' }), onLine });
    expect(await blowing?.stop()).toBeGreaterThan(2);
    expectEnding(result, { verdict: 'rolled-back', cause: 'deadline' });
    expect(await snapshotOf(space)).toEqual(before);
    await expectTidy(space, 'restored');
  }));
});

describe('an API server that is overloaded', () => {
  it.concurrent('for longer than a minute, once the images are set: the release is kept', inSpace('overload', async (space) => {
    await startHealthy(space);
    const proxy = await faultProxy(space);
    try {
      const overload = once(rollingOut, async () => {
        proxy.set({ status: 429 });
        await pause(75_000);
        proxy.set();
      });
      const v2 = await variant('v2', `${calm},slow-ready=2s`);
      const result = await runAction({ inputs: rolloutInputs(space, v2, { kubeconfig: proxy.kubeconfig }), onLine: overload.onLine });
      await overload.done();
      expect(proxy.requests.some(({ answered }) => answered === 429)).toBe(true);
      await expectDeployed(space, result, v2);
    } finally {
      await proxy.close();
    }
  }));
});

describe('an API server that answers with a web page', () => {
  it.concurrent('for three seconds of the rollout: a blip', inSpace('html', async (space) => {
    await startHealthy(space);
    const proxy = await faultProxy(space);
    try {
      const blip = once(rollingOut, async () => {
        proxy.set({ html: true });
        proxy.cutAll();
        await pause(3000);
        proxy.set();
      });
      const v2 = await variant('v2', `${calm},slow-ready=2s`);
      const result = await runAction({ inputs: rolloutInputs(space, v2, { kubeconfig: proxy.kubeconfig }), onLine: blip.onLine });
      await blip.done();
      await expectDeployed(space, result, v2);
    } finally {
      await proxy.close();
    }
  }));

  it.concurrent('to the change itself: failed, and nothing was changed', inSpace('html', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const proxy = await faultProxy(space);
    try {
      const page = { html: true, when: ({ method, path }: { method: string; path: string }) => method === 'PATCH' && path.includes('/deployments/web'), times: 1 };
      const onLine = (line: string): void => {
        if (aboutToChange(line)) proxy.set(page);
      };
      const result = await runAction({ inputs: rolloutInputs(space, await variant('v2'), { kubeconfig: proxy.kubeconfig }), onLine });
      expectEnding(result, { verdict: 'failed', cause: 'api-unreachable', stage: 'rollout' });
      expect(await snapshotOf(space)).toEqual(before);
      await expectTidy(space, 'restored');
    } finally {
      await proxy.close();
    }
  }));
});
