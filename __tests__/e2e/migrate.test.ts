import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { call, closeApi, pathOf, type Any } from './harness/api.js';
import { calm, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectTold } from './harness/ending.js';
import { eventually } from './harness/environment.js';
import { closeImages, type PushedImage } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import { once } from './harness/moments.js';
import type { Space } from './harness/namespace.js';
import { grant } from './harness/rights.js';
import { cancelAt, runAction, type ActionResult, type ActionRun } from './harness/run-action.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';
import { withSettings } from './harness/workspace.js';
import { configmap } from './harness/workloads.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const settings = (changes: Any = {}): Any => ({ migrate: { run: '/app migrate', backup: { off: 'the test app has no database' }, ...changes } });

/** Version 2 of the app, whose migration does this. */
const version = (migrates: string, { mode = calm, env = {}, name = 'v2' }: { mode?: string; env?: Record<string, string>; name?: string } = {}): Promise<PushedImage> =>
  variant(name, mode, { tag: `${name}-${migrates}-${mode}`.replaceAll(/[^\w.-]+/g, '-'), env: { MODE_migrate: migrates, MODE_down: 'exit-zero', ...env } });

/** A healthy app in a namespace whose account is allowed to migrate. */
const inApp = (label: string, body: (space: Space) => Promise<void>): () => Promise<void> => inSpace(label, async (space) => {
  await grant(space, { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'list', 'watch', 'delete'] });
  await startHealthy(space);
  await body(space);
});

const run = (space: Space, image: PushedImage, given: Any = settings(), more: Partial<ActionRun> = {}): Promise<ActionResult> =>
  withSettings(given, (workspace) => runAction({ workspace, inputs: rolloutInputs(space, image), ...more }));

const migrating = (line: string): boolean => line.includes('fault-app v2 starts');
const jobPods = (space: Space): Promise<Any[]> => space.list('Pod', 'deploy-action/app=app');
const running = async (space: Space): Promise<string[]> => (await jobPods(space)).filter(({ status }) => !['Succeeded', 'Failed'].includes(status.phase)).map(({ metadata }) => metadata.name);

describe('a migration', () => {
  it.concurrent('runs with the new image before the rollout, is not served, and is recorded', inApp('migrate', async (space) => {
    const image = await version('exit-after=3s');
    const result = await run(space, image);
    expectEnding(result, { verdict: 'deployed' });
    expect(result.log).toMatch(/job\/app-migrate-\w+ runs `\/app migrate`/);
    expect(result.lines.filter(({ text }) => migrating(text)).length).toBe(1);
    expect(result.log.indexOf('fault-app v2 starts')).toBeLessThan(result.log.indexOf('set image deployment/web'));
    const [pod] = await jobPods(space);
    expect([pod.status.phase, pod.spec.containers[0].image, pod.metadata.labels.app]).toEqual(['Succeeded', `${image.name}@${image.digest}`, undefined]);
    const endpoints = await space.list('EndpointSlice');
    expect(endpoints.flatMap((slice) => slice.endpoints ?? []).map(({ targetRef }) => targetRef?.name)).not.toContain(pod.metadata.name);
    expect((await ledgerOf(space)).releases[0].migrations).toMatchObject([{ command: '/app migrate', state: 'applied' }]);
    // The same again: nothing is migrated.
    expectEnding(await run(space, image), { verdict: 'unchanged' });
    expect((await space.list('Job')).length).toBe(1);
  }));

  it.concurrent.each([
    ['exits with 1', 'crash', {}, ['exited with code 1', 'fatal: cannot read config/production.yml: no such file']],
    ['runs out of memory', 'oom', { container: { resources: { limits: { memory: '64Mi' } } } }, ['ran out of memory and was killed; its memory limit is 64Mi']],
  ] as const)('that %s rolls out nothing', async (_what, mode, healthy, told) => inSpace('migrate', async (space) => {
    await grant(space, { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'list', 'watch', 'delete'] });
    await startHealthy(space, healthy);
    const before = await snapshotOf(space);
    const result = await run(space, await version(mode));
    expectEnding(result, { verdict: 'failed', cause: 'migration-failed', stage: 'migrate' });
    expectTold(result, ...told);
    expect(await snapshotOf(space)).toEqual(before);
    expect((await space.get('Lease', 'deploy-lock-app')).spec.holderIdentity).toBe('');
    expect((await ledgerOf(space)).run.phase).toBe('restored');
  })());

  it.concurrent('whose program is not in the image is named, and nothing is left', inApp('migrate', async (space) => {
    const result = await run(space, await version('exit-zero'), settings({ run: 'npm run db:migrate' }));
    expectEnding(result, { verdict: 'failed', cause: 'migration-failed', stage: 'migrate' });
    expect(result.report.failure.message).toMatch(/cannot be started: .*"npm".* The database was not changed\.$/);
    expect((await ledgerOf(space)).ahead).toBeUndefined();
  }));

  it.concurrent('whose pod cannot be created is named long before its time limit', inSpace('migrate', async (space) => {
    await grant(space, { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'list', 'watch', 'delete'] });
    await startHealthy(space, { container: { env: [{ name: 'GREETING', valueFrom: { configMapKeyRef: { name: 'settings', key: 'greeting', optional: true } } }] } });
    await space.apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'small' }, spec: { hard: { 'count/pods': '3', 'pods': '2' } } });
    await space.until('ResourceQuota', 'small', 'is computed', ({ status }) => status?.used?.pods === '2');
    const result = await run(space, await version('exit-zero'));
    expect([result.outputs.verdict, ['migration-failed', 'quota-exceeded']]).toEqual(['failed', expect.arrayContaining([result.outputs.cause])]);
    expectTold(result, 'exceeded quota');
    expect((await space.list('Job')).length).toBe(0);
  }));

  it.concurrent('is ended at its time limit', inApp('migrate', async (space) => {
    const result = await run(space, await version('exit-after=120s'), settings({ timeout: '5s' }));
    expectEnding(result, { verdict: 'failed', cause: 'migration-failed', stage: 'migrate' });
    expectTold(result, 'did not finish within 5 s');
    expect(await running(space)).toEqual([]);
  }));

  it.concurrent('that somebody deletes has failed, although it exits with 0 when it is asked to stop', inApp('migrate', async (space) => {
    const image = await version('exit-after=120s');
    const moment = once(migrating, async () => {
      const [job] = await space.list('Job');
      await call('DELETE', `${pathOf('Job', space.name, job.metadata.name)}?propagationPolicy=Background`);
    });
    const result = await run(space, image, settings(), { onLine: moment.onLine });
    await moment.done();
    expectEnding(result, { verdict: 'failed', cause: 'migration-failed', stage: 'migrate' });
    expect(result.report.failure.message).toMatch(/was deleted by someone else|its pod was deleted/);
  }));

  it.concurrent('whose Job is deleted without its pod is followed to its end all the same', inApp('migrate', async (space) => {
    const moment = once(migrating, async () => {
      const [job] = await space.list('Job');
      await call('DELETE', `${pathOf('Job', space.name, job.metadata.name)}?propagationPolicy=Orphan`);
    });
    const result = await run(space, await version('exit-after=10s'), settings(), { onLine: moment.onLine });
    await moment.done();
    expectEnding(result, { verdict: 'deployed' });
    expect(result.log).toContain('was deleted by someone else, but its pod still runs: waiting for its end');
  }));

  it.concurrent('needs permissions that are named before anything starts', inSpace('migrate', async (space) => {
    await startHealthy(space);
    const result = await run(space, await version('exit-zero'));
    expectEnding(result, { verdict: 'failed', cause: 'permission-denied', stage: 'preflight' });
    expectTold(result, 'create, get, list, watch, delete jobs');
  }));
});

describe('a migration that is interrupted', () => {
  it.concurrent('by a person is ended, and its pod is gone when the job is over', inApp('migrate', async (space) => {
    const before = await snapshotOf(space);
    const result = await run(space, await version('exit-after=120s'), settings(), { signals: cancelAt(migrating) });
    expect([result.outputs.verdict, result.outputs.cause, result.exitCode]).toEqual(['failed', 'cancelled', 1]);
    expect([await running(space), await space.list('Job')]).toEqual([[], []]);
    expect(await snapshotOf(space)).toEqual(before);
    expect((await ledgerOf(space)).run.phase).toBe('restored');
  }));

  it.concurrent('by the end of its machine goes on, and the next run waits for it', inApp('migrate', async (space) => {
    const killed = await run(space, await version('exit-after=25s'), settings(), { signals: { at: migrating, send: [{ signal: 'SIGKILL', afterMs: 0 }] }, withoutPost: true });
    expect(killed.exitCode).toBeUndefined();
    expect((await running(space)).length).toBe(1);
    const next = await version('exit-zero', { name: 'v3' });
    const result = await withSettings(settings(), (workspace) => runAction({ workspace, inputs: rolloutInputs(space, next, { smoke: 'service/web/ -> 200 contains v3' }), env: { GITHUB_RUN_ID: '4712' } }));
    expectEnding(result, { verdict: 'deployed' });
    expect(result.log).toMatch(/job\/app-migrate-\w+ of \S+ still runs `\/app migrate`: waiting until it has ended/);
    expect((await ledgerOf(space)).releases[0].migrations.length).toBe(1);
  }));

  it.concurrent('by the end of its process is ended by its post step', inApp('migrate', async (space) => {
    const result = await run(space, await version('exit-after=120s'), settings(), { signals: { at: migrating, send: [{ signal: 'SIGKILL', afterMs: 0 }] } });
    expect(result.post?.log).toContain('The main step was stopped during its migration');
    expect([await running(space), (await ledgerOf(space)).run.phase]).toEqual([[], 'restored']);
  }));
});

describe('a version that fails after its migration', () => {
  it.concurrent('is rolled back once the migration is undone', inApp('migrate', async (space) => {
    const old = await runningImages(space, 'web');
    const result = await run(space, await version('exit-zero', { mode: `${calm},wrong-answer` }), settings({ reversible: '/app down' }));
    expectEnding(result, { verdict: 'rolled-back', cause: 'smoke-failed' });
    expectTold(result, 'The migration was undone with `/app down`.');
    expect([await runningImages(space, 'web'), (await ledgerOf(space)).ahead]).toEqual([old, undefined]);
    expect((await space.list('Job')).map(({ metadata }) => metadata.labels['deploy-action/purpose']).sort()).toEqual(['migrate', 'migrate-undo']);
  }));

  it.concurrent('stays where the migration is declared irreversible, and a rollback needs force', inApp('migrate', async (space) => {
    const old = await runningImages(space, 'web');
    const bad = await version('exit-zero', { mode: `${calm},wrong-answer` });
    const result = await run(space, bad, settings({ reversible: 'false' }));
    expectEnding(result, { verdict: 'rollback-failed', cause: 'smoke-failed' });
    expectTold(result, 'is declared irreversible, so what was deployed was not rolled back.');
    expect(await runningImages(space, 'web')).toEqual([`${bad.name}@${bad.digest}`]);
    const inputs = { kubeconfig: space.kubeconfig, namespace: space.name, image: bad.name, smoke: 'service/web/ -> 200 contains v1' };
    expectEnding(await runAction({ action: 'rollback', inputs }), { verdict: 'failed', cause: 'migration-irreversible' });
    expectEnding(await runAction({ action: 'rollback', inputs: { ...inputs, force: 'true' } }), { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual(old);
  }));
});

it.concurrent('two runs at once migrate one after the other', inApp('migrate', async (space) => {
  const [one, other] = [await version('exit-after=10s'), await version('exit-zero', { name: 'v3' })];
  let most = 0;
  let isOver = false;
  const counting = (async () => {
    while (!isOver) most = Math.max(most, await eventually('the pods', async () => ({ count: (await running(space)).length })).then(({ count }) => count));
  })();
  const second = once(migrating, async () => {
    const inputs = rolloutInputs(space, other, { smoke: 'service/web/ -> 200 contains v3' });
    expectEnding(await withSettings(settings(), (workspace) => runAction({ workspace, inputs, env: { GITHUB_RUN_ID: '4712' } })), { verdict: 'deployed' });
  });
  expectEnding(await run(space, one, settings(), { onLine: second.onLine }), { verdict: 'deployed' });
  await second.done();
  isOver = true;
  await counting;
  expect([most, (await space.list('Job')).length]).toEqual([1, 2]);
}));

it.concurrent('a dry run shows the migration, and runs nothing', inApp('migrate', async (space) => {
  await space.apply(configmap('unrelated', {}));
  const result = await withSettings(settings({ reversible: 'false' }), async (workspace) => runAction({ workspace, inputs: rolloutInputs(space, await version('exit-zero'), { 'dry-run': 'true' }) }));
  expectEnding(result, { verdict: 'planned' });
  expect(result.report.plan.steps.filter(({ stage }: Any) => stage === 'migrate').map(({ title, commands }: Any) => [title, commands])).toEqual([
    ['no backup of the database: the test app has no database', []], ['migrate the database as a Job with the new image and the pod template of `deployment/web`', ['/app migrate']],
  ]);
  expect(result.report.plan.rollback.possible).toBe(false);
  expect(await space.list('Job')).toEqual([]);
}));
