import { describe, expect, it } from '@jest/globals';
import type { Config, MigrateConfig } from '../../src/config/config.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import { deploy } from '../../src/workflow/deploy.js';
import { rollBack } from '../../src/workflow/rollback.js';
import { dataLines, dataMarkdown, dataOutputs, dataValue } from '../../src/report/data.js';
import { jobsOf, purposeOf } from '../kubernetes/server/jobs.js';
import { migrate, TestDatabase, undo } from './database.js';
import { first, image, second, third, TestWorld, type TestRun } from './world.js';

interface Place {
  readonly world: TestWorld;
  readonly database: TestDatabase;
  start(revision: string, changes?: Partial<MigrateConfig>, settings?: Partial<Config>): TestRun;
}

function place(): Place {
  const world = new TestWorld();
  const database = new TestDatabase(world);
  return {
    world, database,
    start: (revision, changes = {}, settings = {}) => world.deployment(revision, { ...database.settings(changes), ...settings }, database.options),
  };
}

const run = ({ start }: Place, revision: string, changes: Partial<MigrateConfig> = {}, settings: Partial<Config> = {}): Promise<Outcome> =>
  deploy(start(revision, changes, settings).run);
const stagesOf = ({ timeline }: Outcome): string[] => timeline.map(({ stage, result }) => `${stage}${result === 'ok' ? '' : ' failed'}`);
const goBack = ({ world }: Place, settings: Partial<Config> = {}): Promise<Outcome> => rollBack(world.start('rollback', { image, smoke: world.deploying(second).smoke, ...settings }).run);

describe('a deployment with a migration', () => {
  it('backs up, migrates with the new version, rolls out, and records it', async () => {
    const here = place();
    const started = here.start(second);
    const outcome = await deploy(started.run);
    expect([outcome.verdict, outcome.failure?.message, stagesOf(outcome), here.database.story, here.database.head]).toEqual(['deployed', undefined, ['preflight', 'migrate', 'rollout', 'smoke'], ['backup', 'migrate'], '0002']);
    const [job] = here.world.jobs.started;
    expect(job?.spec?.template?.spec?.containers).toMatchObject([{ name: 'app', image: here.world.imageOf(second), command: ['/app', 'migrate'] }]);
    expect(here.world.ledger).toMatchObject({
      head: '0002', run: { phase: 'verified', marks: ['migration', 'migrated', expect.any(String), expect.any(String)] },
      releases: [{ head: '0002', migrations: [{ run: 'run-1', command: '/app migrate', state: 'applied', headBefore: '0001', headAfter: '0002', backup: 'backup-1' }] }, {}],
    });
    expect(here.world.ledger).not.toHaveProperty('ahead');
    expect(started.lines).toEqual(expect.arrayContaining(['info made the restored and compared backup backup-1 of the database main', 'output migrate…', expect.stringMatching(/^info migrated the database main in [\d.]+ s: 0001 → 0002$/)]));
    expect(here.database.open).toBe(0);
  });
  it('uses a backup that is young enough', async () => {
    const here = place();
    here.database.backups.push({ name: 'backup-0', at: here.world.clock.now(), head: '0001' });
    expect([(await run(here, second)).verdict, here.database.story]).toEqual(['deployed', ['migrate']]);
  });
  it('needs no backup where the settings say why', async () => {
    const here = place();
    expect([(await run(here, second, { backup: { off: 'it is a cache of another database' } })).verdict, here.database.story]).toEqual(['deployed', ['migrate']]);
  });
  it('does not migrate when the backup fails', async () => {
    const here = place();
    here.database.backupFails = true;
    const outcome = await run(here, second);
    expect([outcome.verdict, outcome.failure?.cause, outcome.failure?.stage, here.database.story, here.world.ledger, here.world.imageNow, here.world.holder]).toEqual(['failed', 'backup-failed', 'migrate', [], undefined, here.world.imageOf(first), '']);
  });
  it('tries it on a copy first, and removes that', async () => {
    const here = place();
    expect([(await run(here, second, { rehearse: { hosts: [] } })).verdict, here.database.story, here.database.copies]).toEqual(['deployed', ['backup', 'copy restored', 'rehearse', 'copy ended', 'migrate'], ['0002']]);
  });
  it('does not migrate what fails on the copy', async () => {
    const here = place();
    here.database.programs['rehearse'] = { lines: ['ERROR: column "email" contains null values'], code: 1 };
    here.database.failedLogins = 1;
    const outcome = await run(here, second, { rehearse: { hosts: [] } });
    expect([outcome.verdict, outcome.failure?.cause, here.database.story, here.database.head, here.world.ledger]).toEqual(['failed', 'migration-failed', ['backup', 'copy restored', 'rehearse failed', 'copy ended'], '0001', undefined]);
    expect(outcome.failure?.message).toMatch(/^The migration failed on a restored copy of main: `\/app migrate` \(job\/api-rehearse-\w+\) exited with code 1\. The database main was not changed\. Its log says: `ERROR: column "email" contains null values`$/);
  });
  it('says when what was to be tried on the copy has changed the database itself', async () => {
    const here = place();
    here.database.programs['rehearse'] = { effect: () => { here.database.head = '0002'; } };
    const outcome = await run(here, second, { rehearse: { hosts: [] } });
    expect([outcome.failure?.cause, outcome.failure?.message]).toEqual(['migration-failed', 'The migration was to be tried on a restored copy of main, but it changed the database main itself (0001 → 0002).']);
    expect([here.world.ledger?.ahead, here.world.imageNow]).toEqual([[expect.objectContaining({ state: 'started' })], here.world.imageOf(first)]);
  });
  it('does not take a rehearsal for one in which nothing logged in to the copy', async () => {
    const here = place();
    here.database.programs['rehearse'] = { effect: () => undefined };
    const outcome = await run(here, second, { rehearse: { hosts: [] } });
    expect([outcome.failure?.cause, outcome.failure?.message, outcome.failure?.hint]).toEqual([
      'migration-failed', 'The migration succeeded in its rehearsal, but nothing logged in to a restored copy of main, so nothing is verified. The last migration of the database main is the same as before.',
      expect.stringMatching(/^In the rehearsal, these names lead to the copy: postgresql, postgresql\.web\. Name the host that the migration uses in `migrate\.rehearse\.hosts`/),
    ]);
    expect([here.database.head, here.world.ledger]).toEqual(['0001', undefined]);
    // Where the last migration cannot be read, it may have been applied to the database itself.
    const other = place();
    other.database.isUnknown = true;
    other.database.programs['rehearse'] = { effect: () => undefined };
    expect((await run(other, second, { rehearse: { hosts: [] } })).failure?.message).toMatch(/nothing is verified\. Whether it has changed the database main is not known\.$/);
    expect(other.world.ledger?.ahead).toEqual([expect.objectContaining({ state: 'started' })]);
  });
  it('says that what failed in its rehearsal was not seen to log in to the copy', async () => {
    const here = place();
    here.database.programs['rehearse'] = { code: 1 };
    expect((await run(here, second, { rehearse: { hosts: [] } })).failure?.message).toMatch(/exited with code 1\. It was not seen to log in to the copy: check whether it changed the database main\.$/);
  });
  it('does not migrate when the copy cannot be restored', async () => {
    const here = place();
    here.database.restoreFails = true;
    const outcome = await run(here, second, { rehearse: { hosts: [] } });
    expect([outcome.failure?.cause, outcome.failure?.message, here.database.story]).toEqual([
      'migration-failed', 'The migration could not be tried on a copy first: The dump does not restore. The database main was not changed.', ['backup', 'copy ended'],
    ]);
    expect([jobsOf(here.world.server), here.world.jobs.running]).toEqual([[], 0]);
  });
  it('reports how the rehearsal went', async () => {
    const here = place();
    const outcome = await run(here, second, { rehearse: { hosts: [] } });
    expect(outcome.data).toMatchObject({ of: 'migration', rehearsal: { database: 'main', backup: 'backup-1', headBefore: '0001', headAfter: '0002' } });
    expect(dataMarkdown(outcome.data)).toMatch(/^The migration was run on a restored copy of `main` \(backup `backup-1`\) first, which took [\d.]+ s: `0001` → `0002`\.$/);
    expect(dataLines(outcome.data)).toEqual([expect.stringMatching(/^main: the migration was run on a restored copy first, in [\d.]+ s: 0001 → 0002$/)]);
    expect([dataValue(outcome.data)?.rehearsal, dataOutputs(outcome.data ?? { of: 'migration', backups: [], restores: [], kept: [] })]).toEqual([{ database: 'main', backup: 'backup-1', tookMs: expect.any(Number), headBefore: '0001', headAfter: '0002' }, {}]);
    // Only the Job of the migration is kept for its log.
    expect(jobsOf(here.world.server).map(purposeOf)).toEqual(['migrate']);
  });
  it('migrates nothing when the version is there', async () => {
    const here = place();
    const started = here.start(first);
    expect([(await deploy(started.run)).verdict, here.database.story, here.world.ledger]).toEqual(['unchanged', [], undefined]);
    expect(started.lines).toContain('info this version is there already: nothing is migrated');
  });
  it('migrates when the version is there and not healthy: it may have been set by hand', async () => {
    const here = place();
    here.world.behaviours.set(second, 'crash');
    here.world.deployments.set('api', here.world.imageOf(second));
    here.database.programs['migrate'] = { effect: () => {
      here.database.head = '0002';
      here.world.behaviours.set(second, 'good');
    } };
    await run(here, second, {}, { smoke: [] });
    expect(here.database.story).toEqual(['backup', 'migrate']);
  });
  it('that changes nothing is not recorded, and leaves a rollback as free as without one', async () => {
    const here = place();
    here.database.programs['migrate'] = { effect: () => undefined };
    here.world.behaviours.set(second, 'wrong');
    const outcome = await run(here, second, { undo: false });
    expect([outcome.verdict, here.world.imageNow, here.world.ledger?.ahead, outcome.warnings]).toEqual(['rolled-back', here.world.imageOf(first), undefined, []]);
  });
  it('that succeeds counts as applied where the last migration is not known', async () => {
    const here = place();
    here.database.isUnknown = true;
    here.database.programs['migrate'] = { effect: () => undefined };
    expect((await run(here, second)).verdict).toBe('deployed');
    expect(here.world.ledger?.releases[0]?.migrations).toEqual([expect.not.objectContaining({ headAfter: expect.anything() })]);
  });
});

describe('a migration that fails', () => {
  const fails = { lines: ['applying 0002', 'ERROR: relation "users" does not exist'], code: 1 };

  it('rolls out nothing, and says how to restore', async () => {
    const here = place();
    here.database.programs['migrate'] = { ...fails, effect: () => { here.database.head = '0001a'; } };
    const outcome = await run(here, second);
    expect([outcome.verdict, outcome.failure?.cause, outcome.failure?.stage, here.world.imageNow, here.world.changes, here.world.holder]).toEqual(['failed', 'migration-failed', 'migrate', here.world.imageOf(first), [], '']);
    expect(outcome.failure?.message).toMatch(/^The migration failed: `\/app migrate` \(job\/api-migrate-\w+\) exited with code 1\. The database main is as the migration left it, with 0001a as its last migration\. Nothing was deployed\./);
    expect(outcome.failure?.hint).toContain('To restore the backup from before: `deploy restore --backup backup-1 --confirm main`.');
    expect(outcome.failure?.evidence).toMatchObject([{ decisive: 'ERROR: relation "users" does not exist' }]);
    expect([here.world.ledger?.run.phase, here.world.ledger?.ahead]).toEqual(['restored', [expect.objectContaining({ state: 'started', headBefore: '0001' })]]);
    expect(outcome.warnings).toEqual([expect.stringContaining('may be applied in part')]);
  });
  it('and has left the database as it was is no migration', async () => {
    const here = place();
    here.database.programs['migrate'] = fails;
    const outcome = await run(here, second);
    expect([outcome.failure?.cause, here.world.ledger?.ahead, outcome.warnings]).toEqual(['migration-failed', undefined, []]);
  });
  it('before it starts is no migration', async () => {
    const here = place();
    here.database.isUnknown = true;
    here.database.programs['migrate'] = { stuck: 'config' };
    const outcome = await run(here, second);
    expect([outcome.failure?.cause, here.world.ledger?.ahead]).toEqual(['migration-failed', undefined]);
    expect(outcome.failure?.message).toMatch(/did not start: container app of pod \S+ cannot be configured: secret "database" not found\. The database main was not changed\.$/);
    expect(jobsOf(here.world.server)).toEqual([]);
  });
  it('is tried again by the next run, which has all of it', async () => {
    const here = place();
    here.database.programs['migrate'] = { ...fails, effect: () => { here.database.head = '0001a'; } };
    await run(here, second);
    here.database.programs['migrate'] = {};
    expect((await run(here, third)).verdict).toBe('deployed');
    expect(here.world.ledger?.releases[0]?.migrations).toEqual([expect.objectContaining({ run: 'run-2', headBefore: '0001', headAfter: '0002' })]);
  });
  it('leaves what was ahead before, if it does not start', async () => {
    const here = place();
    here.database.programs['migrate'] = { ...fails, effect: () => { here.database.head = '0001a'; } };
    await run(here, second);
    here.database.programs['migrate'] = { stuck: 'config' };
    await run(here, second);
    expect(here.world.ledger?.ahead).toEqual([expect.objectContaining({ run: 'run-1', state: 'started' })]);
  });
});

describe('a rollout that fails after its migration', () => {
  const wrong = (): Place => {
    const here = place();
    here.world.behaviours.set(second, 'wrong');
    return here;
  };

  it('is rolled back, and says that the old version runs on the migrated database', async () => {
    const here = wrong();
    const outcome = await run(here, second);
    expect([outcome.verdict, here.world.imageNow, here.database.head, here.world.ledger?.run.phase]).toEqual(['rolled-back', here.world.imageOf(first), '0002', 'restored']);
    expect(outcome.rollback?.notes[0]).toBe('The migration `/app migrate` of https://runs.example/run-1 (0001 → 0002) stays: the previous version now runs on the migrated database.');
    expect(here.world.ledger?.ahead).toEqual([expect.objectContaining({ run: 'run-1', state: 'applied' })]);
  });
  it('is rolled back after its migration, with the new version', async () => {
    const here = wrong();
    const outcome = await run(here, second, { undo });
    expect([outcome.verdict, here.world.imageNow, here.database.head, here.database.story, here.world.ledger?.ahead, here.world.ledger?.head]).toEqual(['rolled-back', here.world.imageOf(first), '0001', ['backup', 'migrate', 'migrate-undo'], undefined, '0001']);
    expect(here.world.jobs.started.map((job) => job.spec?.template?.spec?.containers?.[0])).toMatchObject([{ image: here.world.imageOf(second) }, { image: here.world.imageOf(second), command: ['/app', 'rollback'] }]);
    expect([outcome.rollback?.notes[0], outcome.warnings]).toEqual(['The migration was undone with `/app rollback`.', []]);
  });
  it('is not rolled back when its migration cannot be undone', async () => {
    const here = wrong();
    here.database.programs['migrate-undo'] = { lines: ['ERROR: cannot drop column'], code: 1 };
    const outcome = await run(here, second, { undo });
    expect([outcome.verdict, here.world.imageNow, here.world.ledger?.run.phase]).toEqual(['rollback-failed', here.world.imageOf(second), 'unverified']);
    expect(outcome.rollback?.notes).toEqual([
      expect.stringMatching(/was not undone, so what was deployed was not rolled back\. `\/app rollback` \(job\/api-migrate-undo-\w+\) exited with code 1\.$/),
      'Undo it with `/app rollback`, then restore the previous version.', 'To restore the database as it was before the migration: `deploy restore --backup backup-1 --confirm main`.',
    ]);
    expect(outcome.failure?.evidence.map(({ title }) => title)).toEqual(expect.arrayContaining([expect.stringMatching(/^log of job\/api-migrate-undo/)]));
    // Its first pods failed, so it is still held there.
    expect(outcome.undoCommands).toEqual([expect.stringContaining('set image deployment/api'), expect.stringMatching(/rollout resume deployment\/api$/)]);
  });
  it('is not rolled back when its migration is declared irreversible', async () => {
    const here = wrong();
    const outcome = await run(here, second, { undo: false });
    expect([outcome.verdict, here.world.imageNow, here.world.ledger?.run.phase, here.world.holder]).toEqual(['rollback-failed', here.world.imageOf(second), 'unverified', '']);
    expect(outcome.rollback?.notes[0]).toContain('is declared irreversible, so what was deployed was not rolled back.');
  });
  it('is rolled back all the same with force', async () => {
    const here = wrong();
    const outcome = await run(here, second, { undo: false, force: true });
    expect([outcome.verdict, here.world.imageNow, outcome.rollback?.notes[0]]).toEqual(['rolled-back', here.world.imageOf(first), expect.stringContaining('cannot be undone, and `migrate.force` is set')]);
  });
  it('leaves everything where rollback is off', async () => {
    const here = wrong();
    expect([(await run(here, second, { undo }, { rollback: 'off' })).verdict, here.database.head, here.world.imageNow]).toEqual(['rollback-failed', '0002', here.world.imageOf(second)]);
  });
  it('takes the migration back although nothing was rolled out', async () => {
    const here = place();
    here.world.server.trouble = ({ method, path, agent }) => (method === 'PATCH' && path.endsWith('/deployments/api') && agent === 'kubectl-set' ? { status: 403, reason: 'Forbidden', message: 'admission webhook "x" denied the request: no' } : undefined);
    const outcome = await run(here, second, { undo });
    expect([outcome.verdict, here.database.head, here.world.ledger?.ahead]).toEqual(['failed', '0001', undefined]);
  });
  it('says that the migration stays although nothing was rolled out', async () => {
    const here = place();
    here.world.server.trouble = ({ method, path, agent }) => (method === 'PATCH' && path.endsWith('/deployments/api') && agent === 'kubectl-set' ? { status: 403, reason: 'Forbidden', message: 'admission webhook "x" denied the request: no' } : undefined);
    const outcome = await run(here, second, { undo: false });
    expect([outcome.verdict, here.world.imageNow, outcome.warnings]).toEqual(['failed', here.world.imageOf(first), [expect.stringContaining('is applied. The database may be ahead of the version that is deployed.')]]);
  });
  it('is repaired by the next version, whose release has the migration', async () => {
    const here = wrong();
    await run(here, second);
    here.database.programs['migrate'] = { effect: () => undefined };
    expect((await run(here, third)).verdict).toBe('deployed');
    expect(here.world.ledger).toMatchObject({ releases: [{ head: '0002', migrations: [{ run: 'run-1' }] }, {}] });
    expect(here.world.ledger).not.toHaveProperty('ahead');
  });
});

describe('a rollback to a release from before a migration', () => {
  const deployed = async (changes: Partial<MigrateConfig> = {}): Promise<Place> => {
    const here = place();
    expect((await run(here, second, changes)).verdict).toBe('deployed');
    return here;
  };

  it('says what the old version meets', async () => {
    const here = await deployed();
    const outcome = await goBack(here);
    expect([outcome.verdict, here.world.imageNow]).toEqual(['deployed', here.world.imageOf(first)]);
    expect(outcome.warnings).toEqual(['The release to restore meets a database that was migrated since: `/app migrate` of https://runs.example/run-1 (0001 → 0002).']);
  });
  it('names the command that undoes it', async () => {
    const here = await deployed({ undo });
    expect((await goBack(here)).warnings).toEqual([expect.stringMatching(/ A rollback does not undo that; `\/app rollback` does\.$/)]);
  });
  it('is refused where that is declared irreversible, unless it is forced', async () => {
    const here = await deployed({ undo: false });
    const outcome = await goBack(here);
    expect([outcome.verdict, outcome.failure?.cause, here.world.imageNow]).toEqual(['failed', 'migration-irreversible', here.world.imageOf(second)]);
    expect([(await goBack(here, { force: true })).verdict, here.world.imageNow]).toEqual(['deployed', here.world.imageOf(first)]);
  });
  it('is free again once the old version was verified with the migrated database', async () => {
    const here = await deployed({ undo: false });
    await goBack(here, { force: true });
    here.database.programs['migrate'] = { effect: () => undefined };
    expect((await run(here, second, { undo: false })).verdict).toBe('deployed');
    expect((await goBack(here)).warnings).toEqual([]);
  });
});

describe('the plan', () => {
  it('has the backup, the copy and the migration, with the command', async () => {
    const here = place();
    const { verdict, plan } = await run(here, second, { rehearse: { hosts: [] } }, { dryRun: true });
    expect([verdict, plan?.steps.filter(({ stage }) => stage === 'migrate')]).toEqual(['planned', [
      { stage: 'migrate', title: 'back up main, whose last backup is none', commands: [] },
      { stage: 'migrate', title: 'try the migration on a restored copy of the database main', commands: [] },
      { stage: 'migrate', title: 'migrate the database main as a Job with the new image and the pod template of `deployment/api`', commands: ['/app migrate'] },
    ]]);
    expect([here.database.story, here.world.ledger, here.database.open]).toEqual([[], undefined, 0]);
  });
  it.each<[string, Partial<MigrateConfig>, boolean, RegExp]>([
    ['not known', {}, true, /The migration is not undone: the previous version then runs on the migrated database\.$/],
    ['undone', { undo }, true, /Before that, `\/app rollback` undoes the migration\.$/],
    ['irreversible', { undo: false }, false, /^The migration is declared irreversible/],
    ['forced', { undo: false, force: true }, true, /cannot be undone: the previous version then runs on the migrated database/],
  ])('says whether a rollback is possible (%s)', async (_what, changes, possible, reason) => {
    const { plan } = await run(place(), second, changes, { dryRun: true });
    expect(plan?.rollback).toEqual({ possible, reason: expect.stringMatching(reason) });
  });
  it('has no migration where the version is there', async () => {
    const { plan } = await run(place(), first, {}, { dryRun: true });
    expect(plan?.steps.map(({ stage }) => stage)).toEqual(['rollout', 'smoke']);
  });
});

describe('two runs at once', () => {
  it('migrate one after the other', async () => {
    const here = place();
    here.database.programs['migrate'] = { lines: ['migrate…'], afterMs: 60_000, effect: () => { here.database.head = '0002'; } };
    const [one, other] = await Promise.all([run(here, second), run(here, third)]);
    expect([one.verdict, other.verdict, here.world.jobs.mostRunning, here.database.story.filter((each) => each === 'migrate').length]).toEqual(['deployed', 'deployed', 1, 2]);
  });
  it('of which one died in its migration: the other waits for its end', async () => {
    const here = place();
    here.database.programs['migrate'] = { lines: ['migrate…'], afterMs: 60_000, effect: () => { here.database.head = '0002'; } };
    const dead = here.start(second);
    void deploy(dead.run);
    while (!dead.lines.includes('output migrate…')) await here.world.clock.sleep(100);
    dead.kill();
    const started = here.start(third);
    const outcome = await deploy(started.run);
    expect([outcome.verdict, here.world.jobs.mostRunning, outcome.recovery?.notes[0]]).toEqual(['deployed', 1, 'It was interrupted during its migration: nothing was deployed.']);
    expect(started.lines).toContainEqual(expect.stringMatching(/still runs `\/app migrate`: waiting until it has ended$/));
    expect(here.world.ledger?.releases[0]?.migrations).toEqual([expect.objectContaining({ run: 'run-2', headBefore: '0001', headAfter: '0002' })]);
  });
});

it('settings of a migration without anything that can open its database are a defect that is not overlooked', async () => {
  const world = new TestWorld();
  const outcome = await deploy(world.deployment(second, { migrate }).run);
  expect([outcome.verdict, outcome.failure?.cause]).toEqual(['failed', 'unexpected']);
});
