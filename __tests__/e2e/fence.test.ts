import { afterAll, describe, expect, it, jest } from '@jest/globals';
import type { WorkloadRef } from '../../src/config/config.js';
import { confirmFence, findFenced, lowerFence, raiseFence, type FenceScope } from '../../src/kubernetes/fence/fence.js';
import { closeApi, type Any } from './harness/api.js';
import { calm, inSpace, startHealthy, variant } from './harness/app.js';
import { clusterOf } from './harness/data/opened.js';
import { dataContext } from './harness/data/ports.js';
import { closeImages } from './harness/images.js';
import type { Space } from './harness/namespace.js';
import { grant } from './harness/rights.js';
import { cronjob } from './harness/workloads.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const web: WorkloadRef = { kind: 'deployment', name: 'web' };
const db: WorkloadRef = { kind: 'statefulset', name: 'db' };
const nightly: WorkloadRef = { kind: 'cronjob', name: 'nightly' };
const raising = { run: 'run-1', forMs: 120_000, signal: new AbortController().signal };

/** With the account of the documented Role. */
async function withScope(space: Space, body: (scope: FenceScope) => Promise<void>): Promise<void> {
  const context = dataContext();
  const cluster = await clusterOf(space, context);
  try {
    await body({ cluster, ports: context.ports });
  } finally {
    await cluster.close();
  }
}

/** What was there: without what every write changes. */
const specOf = async (space: Space, kind: string, name: string): Promise<Any> => {
  const { spec, metadata: { annotations } } = await space.get(kind, name);
  const { 'deployment.kubernetes.io/revision': _, ...own } = annotations ?? {};
  return { spec, own };
};

describe('a fence around workloads', () => {
  it.concurrent('stops them, and starts them again as they were', inSpace('fence', async (space) => {
    await grant(space, { apiGroups: ['batch'], resources: ['jobs'], verbs: ['list', 'watch'] });
    await startHealthy(space, { replicas: 3 });
    await startHealthy(space, { kind: 'StatefulSet', name: 'db' });
    await startHealthy(space, { kind: 'CronJob', name: 'nightly' });
    const before = await Promise.all([specOf(space, 'Deployment', 'web'), specOf(space, 'StatefulSet', 'db'), specOf(space, 'CronJob', 'nightly')]);
    await withScope(space, async (scope) => {
      await raiseFence(scope, [web, db, nightly], raising);
      // One that has ended may still be there for a moment.
      expect((await space.list('Pod')).filter(({ status }) => status.phase === 'Running')).toEqual([]);
      expect((await findFenced(scope, [web, db, nightly], raising.signal)).map(({ ref, mark }) => [ref.name, mark.replicas, mark.suspend])).toEqual([['web', 3, undefined], ['db', 2, undefined], ['nightly', undefined, false]]);
      await confirmFence(scope, [web, db, nightly], raising.signal);
    });
    // Another process, which knows nothing but the cluster.
    await withScope(space, async (scope) => {
      const found = await findFenced(scope, [web, db, nightly], raising.signal);
      expect((await lowerFence(scope, found.map(({ ref }) => ref))).map(({ result }) => result)).toEqual(['restored', 'restored', 'restored']);
      expect(await findFenced(scope, [web, db, nightly], raising.signal)).toEqual([]);
    });
    expect(await Promise.all([specOf(space, 'Deployment', 'web'), specOf(space, 'StatefulSet', 'db'), specOf(space, 'CronJob', 'nightly')])).toEqual(before);
    await space.rolledOut('Deployment', 'web');
  }));

  it.concurrent('waits for a Job of a CronJob that runs', inSpace('fence', async (space) => {
    await grant(space, { apiGroups: ['batch'], resources: ['jobs'], verbs: ['list', 'watch'] });
    const image = await variant('v1', 'exit-after=10s', { tag: 'v1-exit-after-10s' });
    await space.apply(cronjob('nightly', { image: image.reference, spec: { schedule: '* * * * *' } }));
    await space.until('CronJob', 'nightly', 'has a Job', ({ status }) => status?.active?.length > 0);
    await withScope(space, async (scope) => {
      await raiseFence(scope, [nightly], raising);
      const jobs = await space.list('Job');
      expect(jobs.map(({ status }) => status.succeeded)).toEqual(jobs.map(() => 1));
      await lowerFence(scope, [nightly]);
    });
    expect((await space.get('CronJob', 'nightly')).spec.suspend).toBe(false);
  }));

  it.concurrent('does not overwrite what somebody scales meanwhile', inSpace('fence', async (space) => {
    await startHealthy(space);
    await withScope(space, async (scope) => {
      await raiseFence(scope, [web], raising);
      await space.patch('Deployment', 'web', { spec: { replicas: 1 } });
      await expect(confirmFence(scope, [web], raising.signal)).rejects.toMatchObject({ code: 'superseded' });
      expect(await lowerFence(scope, [web])).toMatchObject([{ result: 'superseded' }]);
    });
    const { spec, metadata } = await space.get('Deployment', 'web');
    expect([spec.replicas, metadata.annotations['deploy-action/fenced']]).toEqual([1, undefined]);
  }));

  it.concurrent('that cannot be raised starts again what it has stopped', inSpace('fence', async (space) => {
    await startHealthy(space, { pod: { terminationGracePeriodSeconds: 60 }, replicas: 1, container: { env: [{ name: 'MODE', value: `${calm},hang-on-term` }] } });
    await withScope(space, async (scope) => {
      await expect(raiseFence(scope, [web], { ...raising, forMs: 3000 })).rejects.toMatchObject({ code: 'deadline', message: expect.stringMatching(/^After 3 s this still runs: pod web-/) });
    });
    expect((await space.get('Deployment', 'web')).spec.replicas).toBe(1);
  }));
});
