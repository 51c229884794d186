import { describe, expect, it } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { DataError } from '../../src/data/error.js';
import { fenceAnnotation } from '../../src/kubernetes/fence/mark.js';
import type { Workload } from '../../src/kubernetes/client/objects.js';
import { apiPath, resources } from '../../src/kubernetes/client/resources.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import { dataOutputs } from '../../src/report/data.js';
import { deploy } from '../../src/workflow/deploy.js';
import { addBackup } from '../data/backups.js';
import { podsOf } from '../kubernetes/server/deployments.js';
import { check } from '../kubernetes/judge/simulation.js';
import { isWrite } from '../kubernetes/server/memory-server.js';
import { backupSettings, DataWorld } from './data-world.js';
import { second } from './world.js';

function place(): DataWorld {
  const here = new DataWorld();
  addBackup(here.store, here.world.clock.now() - 3_600_000);
  return here;
}

const deployment = ({ world }: DataWorld): Workload => world.server.get<Workload>(apiPath(resources.deployments, 'web', 'api')) ?? {};
/** Replicas of the app, whether it is fenced, and who has its locks. */
const state = (here: DataWorld): unknown[] => [deployment(here).spec?.replicas, deployment(here).metadata?.annotations?.[fenceAnnotation] !== undefined, here.world.holder ?? '', here.holderOf() ?? ''];
/** As they were, with no lock held, and nothing open or left beside. */
const asBefore = [2, false, '', ''];
const restoredFrom = (here: DataWorld, settings = {}): Promise<Outcome> => here.restored(here.restore(settings));
const ended = (here: DataWorld): unknown[] => [here.open, here.disk.open(), here.main.beside];
const closed = [0, 0, undefined];

describe('a restore in the place of the live data', () => {
  it('stops the app for the exchange alone, under the locks of the app and of the database', async () => {
    const here = place();
    const holders: unknown[] = [];
    here.main.during = (step) => void holders.push([step, here.world.holder ?? '', here.holderOf() ?? '']);
    const started = here.restore({ reason: 'INC-7: orders were deleted' });
    const outcome = await here.restored(started);
    expect([outcome.failure?.message, outcome.verdict, here.main.data, here.main.kept]).toEqual([undefined, 'restored', 'of the backup', 'of today']);
    expect(here.main.story).toEqual(['open, 2 pods', 'check, 2 pods', 'check, 2 pods', 'prepare, 2 pods', 'swap, 0 pods']);
    expect(holders).toEqual([['open', '', ''], ['check', '', ''], ['check', 'run-1', 'run-1'], ['prepare', 'run-1', 'run-1'], ['swap', 'run-1', 'run-1']]);
    expect([state(here), ended(here), podsOf(here.world.server).length]).toEqual([asBefore, closed, 2]);
    expect(outcome.data?.restores).toMatchObject([{ database: 'main', into: 'live', rows: 7, kept: 'main_pre_restore', reason: 'INC-7: orders were deleted' }]);
    expect(outcome.timeline.map(({ label, result }) => `${label} ${result}`)).toEqual(['preflight ok', 'lock ok', 'download ok', 'restore beside the data ok', 'exchange ok']);
    expect(started.lines).toContain('info the reason: INC-7: orders were deleted');
    expect(started.kept).toEqual(['run-1', '']);
  });
  it('prints what it would do, and changes nothing, in a dry run', async () => {
    const here = place();
    here.world.server.seen.splice(0);
    const outcome = await restoredFrom(here, { dryRun: true, restore: { into: 'live', confirm: undefined, fence: [{ kind: 'deployment', name: 'api' }] } });
    expect(outcome.plan?.steps.map(({ title }) => title)).toEqual([
      'take the locks of api and of the database main of api', expect.stringMatching(/^download the backup `2026-11-30T16-00-00Z-3f9a07` of `main`/), 'restore into a new database',
      'stop `deployment/api`', 'exchange the databases of main', 'start `deployment/api` again, and wait until it is ready',
    ]);
    expect(dataOutputs(outcome.data ?? { of: 'restore', backups: [], restores: [], kept: [] })).toMatchObject({ backup: '2026-11-30T16-00-00Z-3f9a07', kept: '', rows: '' });
    expect([outcome.verdict, here.world.server.seen.filter((each) => !each.startsWith('GET')), here.main.data, here.open]).toEqual(['planned', [], 'of today', 0]);
  });
  it('is refused with a backup of another engine', async () => {
    const here = new DataWorld();
    const name = addBackup(here.store, here.world.clock.now() - 3_600_000, { change: (manifest) => ({ ...manifest, engine: 'redis' }) });
    const outcome = await restoredFrom(here);
    expect([outcome.failure?.cause, outcome.failure?.message, here.main.story]).toEqual(['restore-failed', `The backup ${name} of main is one of redis, and main is \`engine: postgres\` in the settings.`, []]);
  });
  it.each([[undefined, 'is not set'], ['main', 'is "main"']])('is refused with `confirm` %s, before anything is read', async (confirm, why) => {
    const here = place();
    const outcome = await restoredFrom(here, { restore: { into: 'live', confirm, fence: [] } });
    expect([outcome.failure?.cause, outcome.failure?.message, here.main.story]).toEqual([
      'config-invalid', `The data of main would be replaced, and \`confirm\` ${why}: it must be the name of the database on its server, "main_production".`, []]);
  });
  it('is refused with a wrong `confirm` in a dry run, too', async () => {
    const outcome = await restoredFrom(place(), { dryRun: true, restore: { into: 'live', confirm: 'main', fence: [] } });
    expect([outcome.verdict, outcome.failure?.message]).toEqual(['failed', expect.stringContaining('`confirm` is "main"')]);
  });
  it.each([true, false])('is refused before anything is downloaded if no private key fits, with `dry-run: %s`', async (dryRun) => {
    const here = new DataWorld();
    const recipient = await identityToRecipient(await generateIdentity());
    addBackup(here.store, here.world.clock.now() - 3_600_000, { change: (manifest) => ({ ...manifest, recipients: [recipient] }) });
    const outcome = await restoredFrom(here, { dryRun, backup: { ...backupSettings, identity: await generateIdentity() } });
    expect([outcome.failure?.cause, outcome.failure?.stage, outcome.failure?.message, here.main.story]).toEqual([
      'restore-failed', 'preflight', expect.stringMatching(/^None of the private keys in `backup\.identity` is that of a recipient of the backup 2026-/), []]);
    expect(outcome.failure?.hint).toContain(recipient);
  });
  it('says before anything is downloaded what the account is not allowed to do, with the Role', async () => {
    const here = place();
    here.world.server.rules = [
      { verbs: ['*'], apiGroups: [''], resources: ['pods', 'pods/exec'] }, { verbs: ['get', 'list', 'watch'], apiGroups: ['apps'], resources: ['*'] },
    ];
    const outcome = await restoredFrom(here);
    expect(outcome.failure?.message).toBe('The account of this run lacks permissions that the run needs in namespace web: create, get, watch, update, patch leases (deploy-lock-api, deploy-database-api-main); patch deployments (api).');
    expect([outcome.failure?.cause, outcome.failure?.hint, here.main.story]).toEqual(['permission-denied', expect.stringContaining('docs/rbac-backup.yaml has the complete Role'), []]);
    expect(outcome.failure?.evidence[0]?.text).toMatch(/resourceNames:\s+- deploy-lock-api\s+- deploy-database-api-main\s/);
  });
  it('needs no lock and stops nothing as a drill', async () => {
    const here = place();
    here.main.fake.content = Buffer.alloc(10, 1);
    const outcome = await restoredFrom(here, { restore: { into: 'scratch', confirm: undefined, fence: [{ kind: 'deployment', name: 'api' }] } });
    expect([outcome.failure?.message, outcome.verdict, here.main.data, here.main.fake.calls, here.holderOf()]).toEqual([undefined, 'restored', 'of today', ['scratch', 'start', 'restore', 'assert', 'scratch closed'], undefined]);
    expect(ended(here)).toEqual(closed);
  });
  it('empties a cache, under its lock', async () => {
    const here = place();
    const outcome = await restoredFrom(here, { databases: [{ name: 'main', engine: 'redis', reach: { kind: 'pod', selector: 'a=b' }, database: '0', isCache: true }], restore: { into: 'live', confirm: '0', fence: [] } });
    expect([outcome.verdict, here.emptied, here.holderOf()]).toEqual(['restored', ['main, locked by run-1'], '']);
  });
  it('takes no lock where there is no cluster', async () => {
    const here = place();
    const far = { name: 'main', engine: 'postgres', reach: { kind: 'address', host: 'db', port: 5432, options: {} }, database: 'main_production', isCache: false } as const;
    const outcome = await restoredFrom(here, { databases: [far], workloads: [], restore: { into: 'live', confirm: 'main_production', fence: [] } });
    expect([outcome.verdict, here.world.server.seen]).toEqual(['restored', []]);
  });
});

describe('a restore that fails', () => {
  it.each(['check', 'prepare'] as const)('in %s leaves everything as it was', async (step) => {
    const here = place();
    here.main.fails[step] = new DataError('restore-failed', 'The disk is full.');
    const outcome = await restoredFrom(here);
    expect([outcome.verdict, outcome.failure?.cause, here.main.data, state(here), ended(here)]).toEqual(['failed', 'restore-failed', 'of today', [2, false, here.world.holder ?? '', here.holderOf() ?? ''], closed]);
    expect([here.world.holder ?? '', here.holderOf() ?? '']).toEqual(['', '']);
  });
  it('in the exchange starts the app again with the data from before', async () => {
    const here = place();
    here.main.fails.swap = new DataError('restore-failed', 'The database is still in use.');
    const outcome = await restoredFrom(here);
    expect([outcome.verdict, outcome.failure?.message, here.main.data, state(here), ended(here)]).toEqual(['failed', 'The database is still in use.', 'of today', asBefore, closed]);
  });
  it('without an answer to the exchange puts the data from before back', async () => {
    const here = place();
    here.main.isNotAnswered = true;
    here.main.fails.swap = new DataError('restore-failed', 'The connection was lost.');
    const outcome = await restoredFrom(here);
    expect([outcome.verdict, here.main.data, here.main.story.slice(-2), state(here)]).toEqual(['failed', 'of today', ['swap, 0 pods', 'swapBack, 0 pods'], asBefore]);
  });
  it('and cannot find out whether it was exchanged says so', async () => {
    const here = place();
    here.main.isNotAnswered = true;
    here.main.fails.swap = new DataError('restore-failed', 'The connection was lost.');
    here.main.fails.swapBack = new DataError('restore-failed', 'The server does not answer');
    const outcome = await restoredFrom(here);
    expect([outcome.verdict, outcome.rollback?.notes, state(here)]).toEqual(['rollback-failed', [
      'It is not known whether main has the data of the backup or that from before: The server does not answer. Whichever it is, the data is complete, and the other is beside it.',
    ], asBefore]);
  });
  it('its smoke checks puts the data from before back', async () => {
    const here = place();
    here.world.server.app = () => ({ status: 500, body: 'no' });
    const outcome = await restoredFrom(here, { smoke: [check] });
    expect([outcome.verdict, outcome.failure?.cause, here.main.data, here.main.kept, state(here)]).toEqual(['rolled-back', 'smoke-failed', 'of today', undefined, asBefore]);
    expect([outcome.rollback?.notes, outcome.data?.restores]).toEqual([['The data of main from before the restore is restored, because the run failed: smoke-failed.'], []]);
  });
  it('its smoke checks, and cannot put it back, says where that is', async () => {
    const here = place();
    here.world.server.app = () => ({ status: 500, body: 'no' });
    here.main.fails.swapBack = new DataError('restore-failed', 'The server does not answer');
    const outcome = await restoredFrom(here, { smoke: [check] });
    expect([outcome.verdict, outcome.rollback?.notes, state(here)]).toEqual(['rollback-failed', [
      'The data of main from before the restore is in main_pre_restore, and could not be restored: The server does not answer.',
    ], asBefore]);
  });
  it('to start the app again says with which commands it is', async () => {
    const here = place();
    let isExchanged = false;
    here.main.during = (step) => void (isExchanged ||= step === 'swap');
    here.world.server.trouble = (asked) => (isExchanged && isWrite(asked) && asked.path.endsWith('/deployments/api')
      ? { status: 403, reason: 'Forbidden', message: 'admission webhook "x" denied the request: frozen' } : undefined);
    here.main.fails.swap = new DataError('restore-failed', 'The database is still in use.');
    const started = here.restore();
    const outcome = await here.restored(started);
    expect([outcome.verdict, outcome.rollback?.notes.join('\n'), here.main.data, started.kept]).toEqual([
      'rollback-failed', expect.stringMatching(/^deployment\/api could not be started again: .*\n.*scale deployment\/api --replicas=2\n/), 'of today', ['run-1']]);
  });
});

describe('a restore that is cancelled', () => {
  it.each(['open', 'check', 'prepare', 'swap'] as const)('in %s leaves everything as it was', async (step) => {
    const here = place();
    const started = here.restore();
    here.main.during = (now) => {
      if (now === step) started.cancel();
    };
    const outcome = await here.restored(started);
    expect([outcome.failure?.cause, here.main.data, here.main.beside, state(here), here.open, here.disk.open()]).toEqual(['cancelled', 'of today', undefined, [2, false, here.world.holder ?? '', here.holderOf() ?? ''], 0, 0]);
    expect([here.world.holder ?? '', here.holderOf() ?? '']).toEqual(['', '']);
  });
});

describe('two runs at the same time', () => {
  it('of two restores, the second waits for the first, and does not start its app', async () => {
    const here = place();
    const [first, other] = [here.restore(), here.restore()];
    let inProgress = 0;
    here.main.during = async (step) => {
      if (step !== 'prepare') return;
      inProgress += 1;
      await here.world.clock.sleep(30_000);
      expect(inProgress).toBe(1);
      inProgress -= 1;
    };
    const outcomes = await Promise.all([here.restored(first), here.restored(other)]);
    expect(outcomes.map(({ verdict }) => verdict)).toEqual(['restored', 'restored']);
    expect([here.main.story.filter((each) => each.startsWith('swap')), state(here)]).toEqual([['swap, 0 pods', 'swap, 0 pods'], asBefore]);
  });
  it('a restore that begins while another one has stopped the app does not start it', async () => {
    const here = place();
    const [first, other] = [here.restore(), here.restore()];
    let others: Promise<Outcome> | undefined;
    here.main.during = async (step) => {
      if (step !== 'swap' || others) return;
      others = here.restored(other);
      await here.world.clock.sleep(30_000);
      expect(podsOf(here.world.server)).toEqual([]);
    };
    expect((await here.restored(first)).verdict).toBe('restored');
    expect([(await others)?.verdict, state(here)]).toEqual(['restored', asBefore]);
  });
  it('a deployment waits until the app is started again', async () => {
    const here = place();
    let deployed: Promise<Outcome> | undefined;
    here.main.during = async (step) => {
      if (step !== 'swap') return;
      deployed = deploy(here.world.deployment(second).run);
      await here.world.clock.sleep(30_000);
      expect(podsOf(here.world.server)).toEqual([]);
    };
    expect((await here.restored(here.restore())).verdict).toBe('restored');
    expect([(await deployed)?.verdict, state(here)]).toEqual(['deployed', asBefore]);
  });
  it('a restore ends after `lock-timeout` with who works with the database', async () => {
    const here = place();
    const renewing = (async () => {
      for (let count = 0; count < 20; count += 1) {
        here.lockDatabase('migration');
        await here.world.clock.sleep(5000);
      }
    })();
    const outcome = await restoredFrom(here, { lockTimeoutMs: 60_000 });
    expect([outcome.verdict, outcome.failure?.cause, here.main.data]).toEqual(['failed', 'locked', 'of today']);
    expect(outcome.failure?.message).toMatch(/^The database main of api is being migrated by another run since \S+ \(https:\/\/runs\.example\/migration\), which did not finish within 60 s\.$/);
    await renewing;
  });
  it.each(['prepare', 'swap'] as const)('a restore whose lock is taken over in %s changes nothing any more', async (step) => {
    const here = place();
    here.main.during = async (now) => {
      if (now !== step) return;
      here.lockDatabase('other');
      await here.world.clock.sleep(10_000);
    };
    const outcome = await restoredFrom(here);
    expect([outcome.failure?.cause, outcome.failure?.message, here.main.data]).toEqual(['superseded', 'Another run took over the lock, because this run had not renewed it for 15 s.', 'of today']);
    expect([state(here).slice(0, 2), here.holderOf()]).toEqual([[2, false], 'other']);
  });
});

describe('a restore that was killed', () => {
  it('with the app stopped is followed by one that starts it, and has the locks as soon as they expire', async () => {
    const here = place();
    const dead = here.restore();
    await new Promise<void>((resolve) => {
      here.main.during = (step) => {
        if (step !== 'swap') return;
        dead.kill();
        resolve();
      };
      void here.restored(dead);
    });
    here.main.during = () => undefined;
    expect(state(here)).toEqual([0, true, 'run-1', 'run-1']);
    const started = here.restore();
    const outcome = await here.restored(started);
    expect([outcome.verdict, here.main.data, state(here)]).toEqual(['restored', 'of the backup', asBefore]);
    expect(started.lines).toContain('warning deployment/api, which an interrupted run had stopped, is started again.');
  });
});

