import type { BackupConfig, DatabaseConfig } from '../config/config.js';
import { chooseBackup } from '../data/catalog.js';
import type { Compared, Restoration } from '../data/engine.js';
import { DataError } from '../data/error.js';
import { fetchBackup, type Fetched } from '../data/fetch.js';
import { factsOf, type Manifest } from '../data/manifest.js';
import type { OpenedDatabase } from '../data/opened.js';
import type { RestoreResult } from '../outcome/data.js';
import type { DeployError } from '../outcome/errors.js';
import type { Outcome, TargetWords } from '../outcome/outcome.js';
import type { PlanStep } from '../outcome/plan.js';
import { within } from '../ports/within.js';
import type { ObjectStore } from '../store/store.js';
import type { Undone } from '../target/target.js';
import { AppFence } from './app-fence.js';
import { conduct, type Found, type Prepared } from './conduct.js';
import { openDataSession, type DataSession } from './data-session.js';
import { makePlan } from './plan.js';
import { msSince, type Run } from './run.js';
import type { Stage } from './stage.js';

/** Restores a backup of one database: in the place of its data, or, as a drill, into a scratch server. */
export const restore = (run: Run): Promise<Outcome> => conduct(run, prepare);

const words: TargetWords = { untouched: 'No data was changed.', leftAlone: 'changed no data itself', deployed: '' };

async function prepare(run: Run, found: Found): Promise<Prepared> {
  found.words = words;
  const session = openDataSession(run, 'restore-failed', 'restore');
  try {
    const { backup, database, settings } = settingsOf(run);
    if (settings.into === 'live' && !run.config.dryRun) refuseUnconfirmed(database, settings.confirm);
    const fence = new AppFence(run, session, settings.into === 'live' && !database.isCache ? settings.fence : []);
    if (!run.config.dryRun) await fence.finishEarlier();
    if (database.isCache && settings.into === 'live') return prepared(run, session, [], emptying(run, session, database));
    const store = await session.store();
    const catalog = await session.catalog(database.name);
    const { manifest } = chooseBackup(catalog, database.name, backup.choice, store.address);
    const opened = await session.database(database);
    const restoring: Restoring = { run, session, backup, store, manifest, opened, fence };
    return prepared(run, session, [], settings.into === 'scratch' ? new Drill(restoring) : await LiveRestore.checked(restoring));
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** What a restore is, besides its stages. */
interface Work {
  readonly stages: readonly Stage[];
  readonly results: readonly RestoreResult[];
  readonly undone?: Undone;
  close(): Promise<void>;
}

function prepared(run: Run, session: DataSession, warnings: readonly string[], work: Work): Prepared {
  return {
    plan: makePlan(run.config, { stages: work.stages, warnings }), stages: work.stages, known: {},
    ending: async () => ({ data: { of: 'restore', backups: [], restores: work.results, kept: [] }, undone: work.undone, warnings }),
    close: async () => {
      await work.close();
      await session.close();
    },
  };
}

function settingsOf({ config: { backup, databases: [database], restore: settings } }: Run) {
  if (!backup || !database || !settings) throw new Error('a restore without settings for it');
  return { backup, database, settings };
}

/** Nothing of a run can be undone that replaces the wrong data. */
function refuseUnconfirmed({ name, database, isCache }: DatabaseConfig, confirm: string | undefined): void {
  if (confirm === database) return;
  const given = confirm === undefined ? 'is not set' : `is "${confirm}"`;
  throw new DataError('config-invalid', `The data of ${name} would be ${isCache ? 'deleted' : 'replaced'}, and \`confirm\` ${given}: it must be the name of the database on its server, "${database}".`, {
    hint: 'Set `confirm` to that name, or `into` to scratch for a drill. A dry run shows what would be done.',
  });
}

interface Restoring {
  readonly run: Run;
  readonly session: DataSession;
  readonly backup: BackupConfig;
  readonly store: ObjectStore;
  readonly manifest: Manifest;
  readonly opened: OpenedDatabase;
  readonly fence: AppFence;
}

const stage = (label: string, steps: readonly string[], run: () => Promise<void>): Stage =>
  ({ name: 'restore', label, steps: steps.map((title): PlanStep => ({ stage: 'restore', title, commands: [] })), run });

/** Each restore has the time limit of its settings. */
function limited<T>({ run, backup, opened }: Restoring, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = (): Error => new DataError('restore-failed', `The restore of ${opened.config.name} did not finish within ${Math.round(backup.timeoutMs / 60_000)} min.`, { hint: 'Raise `backup.timeout`.' });
  return within(run.ports.clock, { ms: backup.timeoutMs, late, signal: run.ports.cancelled }, work);
}

const fetched = ({ session, store, run, manifest, backup }: Restoring, signal: AbortSignal): Promise<Fetched> =>
  fetchBackup({ context: session.context, store, folder: run.folder, manifest, ...backup.identity !== undefined && { identity: backup.identity } }, signal);

const describeBackup = ({ store, manifest, opened }: Restoring): string =>
  `\`${manifest.name}\` of \`${opened.config.name}\` (${manifest.snapshotAt}) from \`${store.address}\``;

/** What is reported of a restore that is complete. */
const resultOf = ({ run, manifest, opened }: Restoring, into: RestoreResult['into'], compared: Compared, kept?: string): RestoreResult => ({
  database: opened.config.name, engine: opened.engine.engine, backup: manifest.name, into, rows: compared.rows, compared: compared.words,
  ...kept !== undefined && { kept },
  rtoMs: msSince(run), rpoMs: run.startedAtWall - Date.parse(manifest.snapshotAt),
});

/** A rehearsal: the newest backup is restored into a scratch server and compared, and everything is removed. */
class Drill implements Work {
  readonly results: RestoreResult[] = [];
  private backup?: Fetched;

  constructor(private readonly of: Restoring) {}

  get stages(): readonly Stage[] {
    return [
      stage('download', [`download the backup ${describeBackup(this.of)}, and check its checksums`], () => limited(this.of, async (signal) => { this.backup = await fetched(this.of, signal); })),
      stage('restore into a scratch server', ['restore it into a scratch server, and compare it with what was backed up'], () => limited(this.of, (signal) => this.rehearse(signal))),
    ];
  }

  async close(): Promise<void> {
    await this.backup?.spool.close();
  }

  private async rehearse(signal: AbortSignal): Promise<void> {
    const { session, opened, backup } = this.of;
    if (!this.backup) throw new Error('the backup is not downloaded');
    const { spool, facts } = this.backup;
    const place = await opened.reach.scratch(signal, facts.server.bytes);
    try {
      const server = await opened.engine.startServer(session.context, place, facts.server);
      const compared = await server.restore(spool, facts, signal);
      await server.assert(backup.assertions, signal);
      this.results.push(resultOf(this.of, 'scratch', compared));
    } finally {
      await place.close();
    }
  }
}

/** A restore in the place of the live data. */
class LiveRestore implements Work {
  readonly results: RestoreResult[] = [];
  undone?: Undone;
  private backup?: Fetched;
  private restoration?: Restoration;
  private compared?: Compared;
  private kept?: string;

  private constructor(private readonly of: Restoring, private readonly steps: readonly string[]) {}

  /** Looks whether it can succeed, before anything is downloaded. */
  static async checked(of: Restoring): Promise<LiveRestore> {
    const { run: { ports, folder }, opened, manifest } = of;
    await of.fence.check();
    const empty = await ports.disk.spool(folder);
    try {
      const { steps } = await opened.database.restoration(empty, factsOf(manifest, {})).check(ports.cancelled);
      return new LiveRestore(of, steps);
    } finally {
      await empty.close();
    }
  }

  get stages(): readonly Stage[] {
    const { fence, run: { config: { smoke } } } = this.of;
    const exchange: Stage = { ...stage('exchange', [...fence.steps, ...this.steps.slice(-1), ...fence.stepsAfter], () => this.exchange()), undo: (failure) => this.putBack(failure) };
    return [
      stage('download', [`download the backup ${describeBackup(this.of)}, and check its checksums`], () => limited(this.of, async (signal) => { this.backup = await fetched(this.of, signal); })),
      stage('restore beside the data', this.steps.slice(0, -1), () => limited(this.of, (signal) => this.beside(signal))),
      exchange,
      ...smoke.length === 0 ? [] : [{ ...stage('smoke checks', [`run the smoke checks: ${smoke.map(({ text }) => `\`${text}\``).join(', ')}`], () => this.of.fence.smoke()), name: 'smoke' as const }],
    ];
  }

  async close(): Promise<void> {
    await this.restoration?.discard();
    await this.backup?.spool.close();
  }

  private async beside(signal: AbortSignal): Promise<void> {
    const { opened } = this.of;
    if (!this.backup) throw new Error('the backup is not downloaded');
    this.restoration = opened.database.restoration(this.backup.spool, this.backup.facts);
    await this.restoration.check(signal);
    this.compared = await this.restoration.prepare(signal);
  }

  private async exchange(): Promise<void> {
    const { fence, run: { ports, config }, opened } = this.of;
    const { restoration, compared } = this;
    if (!restoration || !compared) throw new Error('the data is not restored yet');
    await fence.raise();
    try {
      ({ kept: this.kept } = await restoration.swap(ports.cancelled));
    } catch (error) {
      await fence.lower();
      throw error;
    }
    ports.log.info(`${opened.config.name} has the data of the backup; that from before is kept in ${this.kept}`);
    await fence.lower();
    await fence.untilReady();
    this.results.push(resultOf(this.of, 'live', compared, this.kept));
    if (config.reason !== undefined) ports.log.info(`the reason: ${config.reason}`);
  }

  /** The app does not work with the restored data: that from before is put back. Does not throw. */
  private async putBack(failure: DeployError): Promise<void> {
    const { fence, run: { ports: { clock } }, opened } = this.of;
    if (this.kept === undefined || !this.restoration) return;
    const startedAt = clock.monotonic();
    const notes: string[] = [];
    try {
      await fence.raise({ afterCancel: true });
      await this.restoration.swapBack(new AbortController().signal);
      notes.push(`The data of ${opened.config.name} from before the restore is restored, because the run failed: ${failure.code}.`);
      this.results.splice(0);
      notes.push(...await fence.lower());
      this.undone = { result: 'restored', notes, evidence: [], untouched: [], restoredAfterMs: clock.monotonic() - startedAt };
    } catch (error) {
      notes.push(`The data of ${opened.config.name} from before the restore is in ${this.kept}, and could not be restored: ${(error as Error).message}`, ...await fence.lower());
      this.undone = { result: 'failed', notes, evidence: [], untouched: [] };
    }
  }
}

/** A cache is emptied: what it had is made again from elsewhere. */
function emptying(run: Run, session: DataSession, database: DatabaseConfig): Work {
  const results: RestoreResult[] = [];
  const work = stage('empty the cache', [`empty \`${database.name}\`, which is declared a cache: database ${database.database}, on every master`], async () => {
    const { empty } = await import('../data/empty.js');
    const { words: compared } = await empty(session.context, database, () => session.cluster());
    results.push({ database: database.name, engine: database.engine, backup: '', into: 'emptied', compared, rtoMs: msSince(run), rpoMs: 0 });
  });
  return { results, stages: [work], close: async () => undefined };
}
