import type { DatabaseConfig, DisasterConfig } from '../config/config.js';
import type { Compared } from '../data/engine.js';
import { DataError } from '../data/error.js';
import type { Manifest } from '../data/manifest.js';
import type { KubeObject } from '../kubernetes/client/objects.js';
import type { ProgressStore, RecoveryProgress } from '../kubernetes/recovery/progress.js';
import type { DataReport, RecoveredStep, RestoreResult } from '../outcome/data.js';
import { splitObjects, type RunbookFacts, type RunbookStep } from './disaster-runbook.js';
import { msSince, type Run } from './run.js';
import type { Stage } from './stage.js';

/** What a recovery does to the cluster and the databases. Each can be done again. */
export interface RecoveryHands {
  readonly progress: ProgressStore;
  createNamespace(): Promise<void>;
  /** Stops what already exists of the app. */
  stopApp(app: readonly KubeObject[]): Promise<void>;
  apply(objects: readonly KubeObject[]): Promise<void>;
  /** Waits until the database can be reached. @throws DataError, ClusterError with what it waits for */
  untilReachable(database: DatabaseConfig): Promise<void>;
  /** What data it has, in words; undefined if it has none. */
  holds(database: DatabaseConfig): Promise<string | undefined>;
  restore(database: DatabaseConfig, manifest: Manifest): Promise<Compared & { readonly kept: string }>;
  /** @returns what was removed, in words */
  empty(database: DatabaseConfig): Promise<string>;
  /** Applies all objects as they are in the files, and waits until the app is ready. */
  startApp(app: readonly KubeObject[]): Promise<void>;
  check(): Promise<void>;
}

/** A database of the settings with the backup that is restored; without one it is a cache. */
export interface Recovered {
  readonly config: DatabaseConfig;
  readonly manifest?: Manifest;
}

export interface RecoveryPlan {
  readonly settings: DisasterConfig;
  readonly facts: RunbookFacts;
  readonly steps: readonly RunbookStep[];
  readonly databases: readonly Recovered[];
  /** Names of databases on their servers, whose data is replaced. */
  readonly confirmed: readonly string[];
  /** Of an earlier run of the same recovery. */
  readonly earlier?: RecoveryProgress;
}

type Done = RecoveryProgress['restored'][string];

/** The steps of a recovery, and what became of them. */
export class Recovery {
  private readonly done: RecoveredStep[];
  private readonly results: RestoreResult[] = [];
  private progress: RecoveryProgress;
  private rtoMs?: number;
  private hasStarted = false;

  constructor(private readonly run: Run, private readonly plan: RecoveryPlan, private readonly hands: RecoveryHands) {
    this.progress = plan.earlier ?? { startedAt: run.startedAtWall, restored: {} };
    this.done = plan.steps.map(({ label, title, commands }) => ({ label, title, commands, result: 'not reached', tookMs: 0 }));
  }

  get stages(): readonly Stage[] {
    return this.plan.steps.map((step, index) => ({
      name: step.kind === 'checks' ? 'smoke' : 'restore', label: step.label,
      steps: [{ stage: step.kind === 'checks' ? 'smoke' : 'restore', title: step.title, commands: step.commands }],
      run: () => this.timed(index, step),
    }));
  }

  /** What a failed run leaves behind, as a sentence. */
  get left(): string {
    if (!this.hasStarted) return 'Nothing was changed.';
    const failed = this.plan.steps[this.done.findIndex(({ result }) => result === 'failed')]?.kind;
    if (failed === 'checks') return 'The data is restored and the app is started.';
    return `${failed === 'app' ? 'The data is restored.' : 'The app is not started.'} The same command continues with the step that failed.`;
  }

  get warnings(): readonly string[] {
    const { rtoLimitMs } = this.report;
    if (this.rtoMs === undefined || this.rtoMs <= rtoLimitMs) return [];
    return [`The recovery took ${minutes(this.rtoMs)}, longer than the ${minutes(rtoLimitMs)} of \`disaster.rto\`.`];
  }

  data(): DataReport {
    return { of: 'restore', backups: [], restores: this.results, kept: [], recovery: this.report };
  }

  private get report(): NonNullable<DataReport['recovery']> {
    const { plan: { databases, settings, earlier }, progress: { startedAt }, rtoMs } = this;
    const oldest = Math.min(...databases.flatMap(({ manifest }) => (manifest ? [Date.parse(manifest.snapshotAt)] : [])));
    return {
      startedAt, isContinued: earlier !== undefined, steps: this.done, rtoLimitMs: settings.rtoMs,
      ...rtoMs !== undefined && { rtoMs }, ...Number.isFinite(oldest) && { rpoMs: startedAt - oldest },
      ...settings.rpoMs !== undefined && { rpoLimitMs: settings.rpoMs },
    };
  }

  private async timed(index: number, step: RunbookStep): Promise<void> {
    const startMs = msSince(this.run);
    const end = (result: RecoveredStep['result']): void => {
      const { label, title, commands } = step;
      this.done[index] = { label, title, commands, result, tookMs: msSince(this.run) - startMs };
    };
    this.hasStarted = true;
    try {
      await this.perform(step);
      if (index === this.plan.steps.length - 1) await this.finish();
    } catch (error) {
      end('failed');
      throw error;
    }
    end('done');
  }

  private perform({ kind, database: name }: RunbookStep): Promise<void> {
    const { hands, plan: { databases, facts } } = this;
    const { app } = splitObjects(facts);
    switch (kind) {
      case 'objects': return this.objects();
      case 'wait': return Promise.all(databases.map(({ config }) => hands.untilReachable(config))).then(() => undefined);
      case 'restore': case 'empty': {
        const database = databases.find(({ config }) => config.name === name);
        if (!database) throw new Error(`no database ${name}`);
        return database.manifest ? this.restore(database.config, database.manifest) : this.empty(database.config);
      }
      case 'app': return hands.startApp(app);
      case 'checks': return hands.check();
    }
  }

  private async objects(): Promise<void> {
    const { hands, plan: { facts, databases } } = this;
    const { first, app } = splitObjects(facts);
    if (!facts.namespaceExists) await hands.createNamespace();
    await hands.progress.write(this.progress);
    // An app whose data is complete already runs, perhaps.
    if (databases.some(({ config }) => !this.progress.restored[config.name]?.isWhole)) await hands.stopApp(app);
    await hands.apply(first);
  }

  private async restore(config: DatabaseConfig, manifest: Manifest): Promise<void> {
    const { hands, plan: { confirmed }, run: { ports } } = this;
    const held = await hands.holds(config);
    const before = this.progress.restored[config.name];
    if (before?.backup === manifest.name && held !== undefined) {
      ports.log.info(`${config.name} has the data of ${manifest.name} since an earlier run of this recovery`);
      return this.restored(config, before, manifest);
    }
    if (held !== undefined && !confirmed.includes(config.database)) throw hasData(config, held);
    // A run that is killed after the exchange, and before that is recorded, must not find its own data to be those of a living system.
    if (held === undefined) await this.keep(config, { backup: manifest.name, compared: manifest.verification.compared, isWhole: false });
    const { rows, words, kept } = await hands.restore(config, manifest);
    const done = { backup: manifest.name, rows, compared: words, kept, isWhole: true };
    await this.keep(config, done);
    ports.log.info(`${config.name} has the data of ${manifest.name}: ${words}`);
    this.restored(config, done, manifest);
  }

  private async empty(config: DatabaseConfig): Promise<void> {
    const compared = await this.hands.empty(config);
    await this.keep(config, { backup: '', compared, isWhole: true });
    this.results.push({ database: config.name, engine: config.engine, backup: '', into: 'emptied', compared, rtoMs: msSince(this.run), rpoMs: 0 });
  }

  private async keep({ name }: DatabaseConfig, done: Done): Promise<void> {
    this.progress = { ...this.progress, restored: { ...this.progress.restored, [name]: done } };
    await this.hands.progress.write(this.progress);
  }

  private restored({ name, engine }: DatabaseConfig, { backup, rows, compared, kept }: Done, { snapshotAt }: Manifest): void {
    const { startedAt } = this.progress;
    this.results.push({
      database: name, engine, backup, into: 'live', compared, ...rows !== undefined && { rows }, ...kept !== undefined && { kept },
      rtoMs: this.run.ports.clock.now() - startedAt, rpoMs: startedAt - Date.parse(snapshotAt),
    });
  }

  private async finish(): Promise<void> {
    const { ports: { clock } } = this.run;
    this.rtoMs = clock.now() - this.progress.startedAt;
    await this.hands.progress.write({ ...this.progress, finishedAt: clock.now() });
  }
}

const minutes = (ms: number): string => `${Math.round(ms / 60_000)} min`;

/** Nobody overwrites a living system by accident. */
export const hasData = ({ name, database }: DatabaseConfig, held: string): DataError =>
  new DataError('config-invalid', `The database ${name} is not empty: it has ${held}. A recovery replaces nothing by accident.`, {
    hint: `If its data is to be replaced, set \`confirm\` to the name of the database on its server, "${database}" (several separated by commas). Its data is kept beside the new one.`,
  });
