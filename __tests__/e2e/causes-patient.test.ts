import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentWebhook } from './harness/admission.js';
import { call, closeApi, pathOf, type Any } from './harness/api.js';
import { calm, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { checkCase, verdictSeconds } from './harness/case.js';
import { expectEnding } from './harness/ending.js';
import { environment, eventually, pause } from './harness/environment.js';
import { closeImages, type PushedImage } from './harness/images.js';
import { aboutToChange, once, rollingOut } from './harness/moments.js';
import type { Space } from './harness/namespace.js';
import { registryProxy, type RegistryProxy } from './harness/registry-proxy.js';
import { runAction } from './harness/run-action.js';
import { runningImages } from './harness/snapshot.js';

// The long times of the table as they stand, which no setting shortens here. They are waited for side by side, so that
// all of them take as long as the longest, and hardly any work.

jest.setTimeout(600_000);

const minute = 60;
/** What is not sure at once is said while it is waited for. */
const heldUp = 'The rollout is delayed';

const longestWaits: Readonly<Record<string, (space: Space) => Promise<void>>> = {
  'unschedulable: 3 minutes': async (space) => {
    const room = await withRoom(space);
    try {
      await checkCase(space, {
        cause: 'unschedulable', what: '', healthy: { replicas: 1, pod: room.pod }, prepare: room.close, mend: room.open,
        sure: [3 * minute, 4.5 * minute], told: ['cannot be scheduled', 'node affinity/selector'], evidence: /FailedScheduling/,
      }, await variant('v2'));
    } finally {
      await room.close();
    }
  },

  'unschedulable, and an autoscaler adds a node: longer than 3 minutes, and deployed when the node is there': async (space) => {
    const room = await withRoom(space);
    try {
      await startHealthy(space, { replicas: 1, pod: room.pod });
      await room.close();
      const growing = once(rollingOut, async () => {
        await scalesUp(space, await pendingPod(space));
        await pause(3.4 * minute * 1000);
        await room.open();
      });
      const v2 = await variant('v2');
      const result = await runAction({ inputs: rolloutInputs(space, v2), onLine: growing.onLine, withinMs: 300_000 });
      await growing.done();
      expectEnding(result, { verdict: 'deployed' });
      expect(verdictSeconds(result)).toBeGreaterThan(3.3 * minute);
      expect(result.commands.filter(({ name }) => name === 'warning').map(({ message }) => message).join()).toContain('cannot be scheduled');
      expect(result.raw).toContain(heldUp);
      expect(await runningImages(space, 'web')).toEqual([`${v2.name}@${v2.digest}`]);
    } finally {
      await room.close();
    }
  },

  'admission-denied, as a webhook does not answer: 60 s': async (space) => {
    let remove: (() => Promise<void>) | undefined;
    try {
      await checkCase(space, {
        cause: 'admission-denied', what: '', sure: [60, 180], told: ['guard.example.com', 'context deadline exceeded'], evidence: /FailedCreate/,
        prepare: async () => {
          remove = await silentWebhook(space);
        },
        mend: async () => remove?.(),
      }, await variant('v2'));
    } finally {
      await remove?.();
    }
  },

  'a webhook that does not answer for 25 s: deployed': async (space) => {
    await startHealthy(space);
    const remove = await silentWebhook(space);
    try {
      const back = once(rollingOut, () => pause(25_000).then(remove));
      const v2 = await variant('v2');
      const result = await runAction({ inputs: rolloutInputs(space, v2), onLine: back.onLine });
      await back.done();
      expectEnding(result, { verdict: 'deployed' });
      expect(verdictSeconds(result)).toBeGreaterThan(20);
    } finally {
      await remove();
    }
  },

  'quota-exceeded by a pod that takes 45 s to go: deployed': async (space) => {
    await startHealthy(space, {
      replicas: 1, spec: { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } },
      container: { env: [{ name: 'MODE', value: 'hang-on-term' }] }, pod: { terminationGracePeriodSeconds: 45 },
    });
    await space.apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'few' }, spec: { hard: { pods: '1' } } });
    await space.until('ResourceQuota', 'few', 'is counted', (quota) => quota.status?.used?.pods === '1');
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2')), withinMs: 200_000 });
    expectEnding(result, { verdict: 'deployed' });
    expect(verdictSeconds(result)).toBeGreaterThan(40);
  },

  'image-pull-failed, as the registry is overloaded: 2 minutes': withRegistry(async (space, registry, image) => {
    await checkCase(space, {
      cause: 'image-pull-failed', what: '', inputs: { workloads: 'deployment/web:web' }, atChange: async () => registry.refuse(429),
      sure: [2 * minute, 4 * minute], told: ['429'], evidence: /Failed to pull image/,
    }, image);
  }),

  'a registry that is down for 25 s: deployed': withRegistry(async (space, registry, image) => {
    await startHealthy(space);
    const back = once(aboutToChange, async () => {
      registry.refuse(503);
      await pause(25_000);
      registry.refuse(undefined);
    });
    const result = await runAction({ inputs: rolloutInputs(space, image, { workloads: 'deployment/web:web' }), onLine: back.onLine });
    await back.done();
    expectEnding(result, { verdict: 'deployed' });
    expect(result.raw).toContain(heldUp);
    expect(verdictSeconds(result)).toBeGreaterThan(20);
  }),

  'a pull that takes its time (ContainerCreating): deployed': withRegistry(async (space, registry, image) => {
    await startHealthy(space);
    const slow = once(aboutToChange, async () => registry.delay(7000));
    const result = await runAction({ inputs: rolloutInputs(space, image, { workloads: 'deployment/web:web' }), onLine: slow.onLine });
    await slow.done();
    expectEnding(result, { verdict: 'deployed' });
    expect(verdictSeconds(result)).toBeGreaterThan(14);
  }),

  'volume-mount, of something that may still come: 2 minutes': async (space) => {
    const folder = mkdtempSync(join(tmpdir(), 'deploy-e2e-volume-'));
    try {
      await checkCase(space, {
        cause: 'volume-mount', what: '', sure: [2 * minute, 4 * minute], told: ['hostPath type check failed'], evidence: /FailedMount/,
        healthy: { container: { volumeMounts: [{ name: 'data', mountPath: '/data' }] }, pod: { volumes: [{ name: 'data', hostPath: { path: folder, type: 'Directory' } }] } },
        prepare: async () => rmSync(folder, { recursive: true }), mend: async () => mkdirSync(folder),
      }, await variant('v2'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },

  'container-start, as the image names no program: 30 s': async (space) => {
    await checkCase(space, {
      cause: 'container-start', what: '', sure: [30, 150], told: ['cannot be created', 'no command specified'], evidence: /no command specified/,
    }, await variant('v2', calm, { tag: 'v2-no-program', entrypoint: 'none' }));
  },

  'not-ready: twice what its own probes allow': async (space) => {
    await checkCase(space, {
      cause: 'not-ready', what: '', sure: [84, 200], told: ['does not become ready', '503'], evidence: /Unhealthy|statuscode: 503/,
      healthy: { replicas: 1, container: { readinessProbe: { httpGet: { path: '/ready', port: 8080 }, initialDelaySeconds: 40, periodSeconds: 1, timeoutSeconds: 1 } } },
    }, await variant('v2', 'unready'));
  },
};

/** Pods that only fit on the node while it carries the label of the space. */
async function withRoom(space: Space): Promise<{ readonly pod: Any; readonly open: () => Promise<unknown>; readonly close: () => Promise<unknown> }> {
  const [node] = (await call('GET', '/api/v1/nodes')).items;
  const label = (value: string | null): Promise<unknown> =>
    call('PATCH', `/api/v1/nodes/${node.metadata.name}`, { metadata: { labels: { [`room.example/${space.name}`]: value } } }, 'application/merge-patch+json');
  await label('yes');
  return { pod: { nodeSelector: { [`room.example/${space.name}`]: 'yes' } }, open: () => label('yes'), close: () => label(null) };
}

const pendingPod = (space: Space): Promise<Any> => eventually('a pod without a node', async () =>
  (await space.list('Pod', 'app=web')).find((pod) => pod.status.conditions?.some((c: Any) => c.reason === 'Unschedulable')));

/** What the cluster autoscaler writes about a pod for which it adds a node. */
const scalesUp = (space: Space, { metadata }: Any): Promise<unknown> => call('POST', pathOf('Event', space.name), {
  metadata: { name: `${metadata.name}.scale-up` }, type: 'Normal', reason: 'TriggeredScaleUp', message: 'pod triggered scale-up: [{pool 1->2 (max: 3)}]',
  source: { component: 'cluster-autoscaler' }, firstTimestamp: new Date().toISOString(), lastTimestamp: new Date().toISOString(), count: 1,
  involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: space.name, name: metadata.name, uid: metadata.uid },
});

/** An image that no node has yet, behind a registry that can be told to misbehave. */
function withRegistry(body: (space: Space, registry: RegistryProxy, image: PushedImage) => Promise<void>): (space: Space) => Promise<void> {
  return async (space) => {
    const registry = await registryProxy();
    try {
      const image = await variant('v2', calm, { fresh: true, tag: `patient-${space.name}` });
      await body(space, registry, { ...image, name: image.name.replace(environment().registry, registry.host) });
    } finally {
      await registry.close();
    }
  };
}

const runs = new Map<string, Promise<void>>();
beforeAll(() => {
  for (const [index, [what, body]] of Object.entries(longestWaits).entries()) {
    // One after another: it is not the node that is to be waited for.
    const run = pause(2500 * index).then(inSpace('patient', body));
    // It is told by the test that asks for it, which may come later.
    run.catch(() => undefined);
    runs.set(what, run);
  }
});
afterAll(async () => {
  await Promise.allSettled(runs.values());
  closeApi();
  closeImages();
});

describe('as long as the table says, and no longer', () => {
  it.each(Object.keys(longestWaits))('%s', (what) => runs.get(what));
});
