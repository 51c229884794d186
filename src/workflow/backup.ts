import type { BackupConfig, DatabaseConfig } from '../config/config.js';
import type { Catalog } from '../data/catalog.js';
import { DataError, ofStore } from '../data/error.js';
import type { OpenedDatabase } from '../data/opened.js';
import { keptBackups, planKeeping, type KeepingPlan } from '../data/keep.js';
import { prune } from '../data/prune.js';
import type { BackupResult, DataReport, KeptBackup, PointInTimeResult } from '../outcome/data.js';
import { PreflightError, type Finding } from '../outcome/finding.js';
import type { Outcome, TargetWords } from '../outcome/outcome.js';
import type { ObjectStore } from '../store/store.js';
import { conduct, type Found, type Prepared } from './conduct.js';
import { DataLocks } from './data-locks.js';
import { checkRights } from './data-rights.js';
import { openDataSession, type DataSession, type OpenDataSession } from './data-session.js';
import { asDeployError } from './failure.js';
import { latestOf, newBackup } from './new-backup.js';
import { makePlan } from './plan.js';
import { pointInTimeStage } from './point-in-time.js';
import type { Run } from './run.js';
import type { Stage } from './stage.js';

/** Backs up databases: each is dumped, verified and stored, and then the backups that the retention does not want are removed. */
export const backUp = (run: Run, open: OpenDataSession = openDataSession): Promise<Outcome> => conduct(run, (given, found) => prepare(given, found, open));

const words: TargetWords = { untouched: 'Earlier backups are unchanged.', leftAlone: 'made no backup itself', deployed: '' };

/** One database with its backups so far. */
interface Job {
  readonly opened: OpenedDatabase;
  readonly catalog: Catalog;
}

async function prepare(run: Run, found: Found, open: OpenDataSession): Promise<Prepared> {
  found.words = words;
  const session = open(run, 'backup-failed', 'backup');
  try {
    const { backup, databases } = settingsOf(run);
    if (!run.config.isCheckOnly) await checkAllowed(run, session, databases);
    const store = await session.store();
    const catalogs = await Promise.all(databases.map(({ name }) => session.catalog(name)));
    const report = new Report(run, catalogs);
    const stages = run.config.isCheckOnly
      ? databases.map((database, index) => ageStage(run, backup, database, catalogs[index]))
      : backupStages(run, session, { backup, store, report, jobs: await openAll(session, databases, catalogs) });
    const unreadable = catalogs.flatMap((catalog) => catalog.unreadable.map(({ reason }) => reason));
    const warnings = [...unreadable, ...store.notes, ...run.config.isCheckOnly ? [] : missedRuns(run, backup, databases, catalogs)];
    return {
      plan: makePlan(run.config, { stages, warnings }), stages, known: {},
      ending: async () => ({ data: report.data(), warnings: [...warnings, ...report.warnings] }), close: () => session.close(),
    };
  } catch (error) {
    await session.close();
    throw error;
  }
}

function settingsOf({ config: { backup, databases } }: Run): { readonly backup: BackupConfig; readonly databases: readonly DatabaseConfig[] } {
  if (!backup) throw new Error('a backup without settings for it');
  // A restore of a cache empties it.
  return { backup, databases: databases.filter(({ isCache }) => !isCache) };
}

/** A volume of the cluster needs permissions too, whatever the databases are. */
async function checkAllowed(run: Run, session: DataSession, databases: readonly DatabaseConfig[]): Promise<void> {
  const locks = databases.flatMap((database) => DataLocks.ofDatabase(run, session, database, 'backed up').names);
  await checkRights(run, session, { databases, locks, usesScratch: run.config.backup?.verify === 'restore', fence: [], asks: false });
}

/** Opens all databases side by side, and reports everything that is wrong with any of them. */
async function openAll(session: DataSession, databases: readonly DatabaseConfig[], catalogs: readonly Catalog[]): Promise<readonly Job[]> {
  const opened = await Promise.allSettled(databases.map((database) => session.database(database)));
  const problems = opened.flatMap((each): readonly Finding[] => (each.status === 'fulfilled' ? [] : [findingOf(each.reason)]));
  if (problems.length > 0) throw new PreflightError(problems);
  return opened.flatMap((each, index) => (each.status === 'fulfilled' ? [{ opened: each.value, catalog: catalogs[index] ?? emptyCatalog }] : []));
}

const emptyCatalog: Catalog = { backups: [], others: [], unreadable: [], leftovers: [], strangers: 0 };

/** A bug or a cancelled run is thrown as it is. */
function findingOf(reason: unknown): Finding {
  const error = asDeployError(reason);
  if (error.code === 'cancelled' || error.code === 'unexpected') throw error;
  return { cause: error.code, message: error.message, hint: error.hint };
}

interface Backing {
  readonly backup: BackupConfig;
  readonly store: ObjectStore;
  readonly report: Report;
  readonly jobs: readonly Job[];
}

function backupStages(run: Run, session: DataSession, backing: Backing): readonly Stage[] {
  const { jobs } = backing;
  const stages = [...jobs.flatMap((job) => stagesOf(run, session, backing, job)), ...jobs.flatMap((job) => pointInTimeStages(run, backing, job))];
  return backing.backup.retention === undefined ? stages : [...stages, pruneStage(run, session, backing)];
}

function stagesOf(run: Run, session: DataSession, { backup, store, report }: Backing, { opened, catalog }: Job): readonly Stage[] {
  const { name } = opened.config;
  const locks = DataLocks.ofDatabase(run, session, opened.config, 'backed up');
  const progress = newBackup(run, { context: { ...session.context, signal: locks.signal }, opened, catalog, backup, store });
  const step = (label: string, title: string, work: () => Promise<void>): Stage => ({
    name: 'backup', label: `${label} ${name}`, steps: [{ stage: 'backup', title, commands: [] }], of: name,
    run: () => work().catch(async (error: unknown) => {
      await progress.close();
      throw error;
    }),
  });
  const sealed = backup.recipients.length === 0 ? 'without encryption' : `encrypted for ${backup.recipients.length} ${backup.recipients.length === 1 ? 'recipient' : 'recipients'}`;
  return [
    // A dump ends the sessions that an earlier one of the app has left behind, and reads what a migration changes.
    step('dump', `dump ${opened.database.words}${locks.step.length > 0 ? ', under its lock' : ''}`, () => locks.within(() => progress.dump())),
    step('verify', backup.verify === 'restore' ? 'restore the dump into a scratch server, and compare it with its source' : 'read the dump from its start to its end', () => progress.verify()),
    step('store', `store it in \`${store.address}\`, ${sealed}, and read it back`, async () => {
      report.made.push(await progress.store());
      report.warnings.push(...progress.dumped.facts.warnings.map((warning) => `${name}: ${warning}`));
      await progress.close();
    }),
  ];
}

function pointInTimeStages({ ports }: Run, { backup, report }: Backing, { opened }: Job): readonly Stage[] {
  return backup.pointInTime === 'off' ? [] : pointInTimeStage({ opened, wish: backup.pointInTime, signal: ports.cancelled, windows: report.windows, warnings: report.warnings });
}

/** Only after all backups are stored and verified. */
function pruneStage(run: Run, session: DataSession, { backup, store, report, jobs }: Backing): Stage {
  const now = run.ports.clock.now();
  const { retention } = backup;
  const removed = jobs.flatMap(({ catalog }) => goingIn(planKeeping(catalog, retention, { now })).map(({ backup: { database, name } }) => `\`${database}/${name}\``));
  const title = removed.length === 0 ? 'remove backups that the retention does not keep: none for now' : `remove backups that the retention does not keep: ${removed.join(', ')}`;
  return {
    name: 'prune', label: 'remove old backups', steps: [{ stage: 'prune', title, commands: [] }],
    run: async () => {
      for (const { opened } of jobs) {
        const at = run.ports.clock.now();
        const catalog = await session.catalog(opened.config.name);
        const plan = planKeeping(catalog, retention, { now: at });
        const removed = await prune({ store, catalog, plan, now: at, signal: run.ports.cancelled }).catch((error: unknown) => { throw ofStore(error, 'backup-failed'); });
        report.kept.push(...keptBackups(plan, removed.backups));
        report.warnings.push(...Object.values(plan.refusals), ...removed.notes);
      }
    },
  };
}

/** What a plan removes. */
const goingIn = ({ keeping, refusals }: KeepingPlan): KeepingPlan['keeping'] => keeping.filter(({ stays, backup: { database } }) => !stays && refusals[database] === undefined);

/** Fails if the last verified backup is too old. */
function ageStage({ ports: { clock } }: Run, { rpoMs }: BackupConfig, { name }: DatabaseConfig, catalog: Catalog | undefined): Stage {
  const limit = rpoMs === undefined ? '' : `, which must not be older than ${hours(rpoMs)}`;
  return {
    name: 'backup', label: `age of ${name}`, of: name, steps: [{ stage: 'backup', title: `look at the last verified backup of \`${name}\`${limit}`, commands: [] }],
    run: async () => {
      const last = catalog && latestOf(catalog, clock.now());
      if (!last) throw new DataError('backup-overdue', `There is no verified backup of ${name}.`, { hint: 'Run a backup now.' });
      const ageMs = clock.now() - last.at;
      if (rpoMs !== undefined && ageMs > rpoMs) throw new DataError('backup-overdue', `The last verified backup of ${name}, ${last.name}, is ${hours(ageMs)} old, and \`rpo\` is ${hours(rpoMs)}.`);
    },
  };
}

const hours = (ms: number): string => `${Math.round(ms / 360_000) / 10} h`;

/** The schedule was late, or runs were dropped: a backup now does not change that data could have been lost meanwhile. */
function missedRuns({ ports: { clock } }: Run, { rpoMs }: BackupConfig, databases: readonly DatabaseConfig[], catalogs: readonly Catalog[]): readonly string[] {
  if (rpoMs === undefined) return [];
  return databases.flatMap(({ name }, index) => {
    const last = latestOf(catalogs[index] ?? emptyCatalog, clock.now());
    const ageMs = last && clock.now() - last.at;
    return ageMs === undefined || ageMs <= rpoMs ? []
      : [`The last verified backup of ${name} before this one is ${hours(ageMs)} old, and \`rpo\` is ${hours(rpoMs)}: a backup was missed. Check the schedule.`];
  });
}

/** What the run has done by now. */
class Report {
  readonly made: BackupResult[] = [];
  readonly kept: KeptBackup[] = [];
  readonly windows: PointInTimeResult[] = [];
  readonly warnings: string[] = [];

  constructor(private readonly run: Run, private readonly catalogs: readonly Catalog[]) {}

  data(): DataReport {
    const now = this.run.ports.clock.now();
    const ages = this.run.config.databases.map(({ name }, index) => {
      if (this.made.some(({ database }) => database === name)) return 0;
      const last = latestOf(this.catalogs[index] ?? emptyCatalog, now);
      return last && now - last.at;
    });
    const known = ages.filter((age) => age !== undefined);
    return { of: 'backup', backups: this.made, restores: [], kept: this.kept, pointInTime: this.windows, ...known.length === ages.length && known.length > 0 && { oldestAgeMs: Math.max(...known) } };
  }
}
