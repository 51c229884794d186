import type { BackupConfig, Config, DatabaseConfig } from '../../src/config/config.js';
import { isBackupObject, readCatalog } from '../../src/data/catalog.js';
import type { Compared, Restoration } from '../../src/data/engine.js';
import { DataError } from '../../src/data/error.js';
import type { OpenedDatabase } from '../../src/data/opened.js';
import type { Lease } from '../../src/kubernetes/client/objects.js';
import { apiPath, resources } from '../../src/kubernetes/client/resources.js';
import { databaseLockName } from '../../src/kubernetes/store/lease.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import type { ActionName } from '../../src/outcome/action.js';
import { backUp } from '../../src/workflow/backup.js';
import { openDataSession, type OpenDataSession } from '../../src/workflow/data-session.js';
import { restore } from '../../src/workflow/restore.js';
import { FakeDatabase } from '../data/fake-database.js';
import { podsOf } from '../kubernetes/server/deployments.js';
import { memoryStore } from '../store/memory-store.js';
import { memoryDisk } from './memory-disk.js';
import { TestWorld, type StartOptions, type TestRun } from './world.js';

export const backupSettings: BackupConfig = {
  store: { to: { kind: 's3', bucket: 'backups', prefix: 'api' } }, choice: { by: 'latest' }, recipients: [],
  verify: 'restore', rows: 'exact', assertions: [], allowSmaller: false, pointInTime: 'auto', timeoutMs: 600_000,
};

export const databaseNamed = (name: string, changes: Partial<DatabaseConfig> = {}): DatabaseConfig =>
  ({ name, engine: 'postgres', reach: { kind: 'pod', selector: 'app=pg' }, database: `${name}_production`, isCache: false, ...changes });

type Step = 'open' | 'check' | 'prepare' | 'swap' | 'swapBack';

/** A database of a world: its data, and how the steps of a restore end. */
export class LiveDatabase {
  readonly fake = new FakeDatabase();
  /** What the app sees. */
  data = 'of today';
  /** What an exchange has left beside it. */
  kept: string | undefined;
  /** What a restore has made and not exchanged yet. */
  beside: string | undefined;
  /** What each step rejects with; a step that is not answered has happened. */
  readonly fails: Partial<Record<Step, Error | (() => void)>> = {};
  isNotAnswered = false;
  /** Called in the middle of a step. */
  during: (step: Step) => Promise<void> | void = () => undefined;
  /** Steps, and the pods of the app at that moment: `swap, 0 pods`. */
  readonly story: string[] = [];

  constructor(private readonly world: TestWorld, readonly name: string) {
    this.fake.facts = { snapshotAt: world.clock.now() };
  }

  opened(config: DatabaseConfig): OpenedDatabase {
    const { fake } = this;
    const { database, ...opened } = fake.opened;
    const removeLeft = async (): Promise<readonly string[]> => {
      this.beside = undefined;
      return [];
    };
    const server = { ...database, removeLeft, restoration: () => this.restoration() };
    return { ...opened, config, database: server };
  }

  async step(name: Step, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.story.push(`${name}, ${podsOf(this.world.server).length} pods`);
    await this.world.clock.sleep(1000, signal);
    await this.during(name);
    signal?.throwIfAborted();
    const wrong = this.fails[name];
    if (typeof wrong === 'function') wrong();
    else if (wrong) throw wrong;
  }

  private restoration(): Restoration {
    const compared: Compared = { tables: 2, rows: 7, tookMs: 1, words: '2 tables, 7 rows' };
    return {
      check: async (signal) => {
        await this.step('check', signal);
        return { steps: ['restore into a new database', `exchange the databases of ${this.name}`] };
      },
      prepare: async (signal) => {
        await this.step('prepare', signal);
        this.beside = 'of the backup';
        return compared;
      },
      swap: async (signal) => {
        const isBefore = this.isNotAnswered;
        if (isBefore) this.exchange();
        await this.step('swap', signal);
        if (!isBefore) this.exchange();
        return { kept: `${this.name}_pre_restore` };
      },
      swapBack: async (signal) => {
        await this.step('swapBack', signal);
        if (this.kept === undefined) return;
        [this.data, this.beside, this.kept] = [this.kept, this.data, undefined];
      },
      discard: async () => void (this.beside = undefined),
    };
  }

  private exchange(): void {
    [this.data, this.kept, this.beside] = [this.beside ?? '', this.data, undefined];
  }
}

/** A world with databases, backups of them, and an app that uses them. */
export class DataWorld {
  readonly world: TestWorld;
  readonly store;
  readonly databases: ReadonlyMap<string, LiveDatabase>;
  readonly disk = memoryDisk();
  /** Caches that were emptied. */
  readonly emptied: string[] = [];
  /** Sessions that were opened and not closed. */
  open = 0;

  constructor(...names: readonly string[]) {
    this.world = new TestWorld({ at: '2026-11-30T17:00:00Z' });
    this.store = memoryStore('s3://backups/api', () => this.world.clock.now());
    this.databases = new Map((names.length === 0 ? ['main'] : names).map((name) => [name, new LiveDatabase(this.world, name)]));
  }

  get main(): LiveDatabase {
    const [first] = this.databases.values();
    if (!first) throw new Error('no database is in this world');
    return first;
  }

  /** Who holds the lock of a database; empty when it was released. */
  holderOf(database = 'main'): string | undefined {
    return this.world.server.get<Lease>(apiPath(resources.leases, 'web', databaseLockName('api', database)))?.spec?.holderIdentity;
  }

  /** Another run takes or releases the lock of a database. */
  lockDatabase(by: string, database = 'main'): void {
    const name = databaseLockName('api', database);
    const at = new Date(this.world.clock.now()).toISOString();
    this.world.server.put(apiPath(resources.leases, 'web', name), {
      kind: 'Lease', metadata: { name, annotations: { 'deploy-action/run-url': `https://runs.example/${by}`, 'deploy-action/work': `The database ${database} of api is being migrated` } },
      spec: { holderIdentity: by, leaseDurationSeconds: 15, acquireTime: at, renewTime: at },
    } as Lease, by);
  }

  start(action: ActionName, settings: Partial<Config> = {}, options: StartOptions = {}): TestRun {
    const databases = [...this.databases.keys()].map((name) => databaseNamed(name));
    const started = this.world.start(action, { databases, backup: backupSettings, ...settings }, options);
    return { ...started, run: { ...started.run, ports: { ...started.run.ports, disk: this.disk.disk } } };
  }

  /** A restore of the newest backup in the place of the data, with the app stopped meanwhile. */
  restore(settings: Partial<Config> = {}, options: StartOptions = {}): TestRun {
    return this.start('restore', {
      workloads: [{ kind: 'deployment', name: 'api' }], restore: { into: 'live', confirm: 'main_production', fence: [{ kind: 'deployment', name: 'api' }] }, ...settings,
    }, options);
  }

  backUp = ({ run }: TestRun): Promise<Outcome> => backUp(run, this.session);
  restored = ({ run }: TestRun): Promise<Outcome> => restore(run, this.session);

  /** A session whose store and databases are those of this world. */
  readonly session: OpenDataSession = (run, failure, stage) => {
    const session = openDataSession(run, failure, stage);
    this.open += 1;
    return {
      ...session,
      store: async () => this.store,
      catalog: (database) => {
        const { app, environment } = run.config;
        const origin = { app, ...environment !== undefined && { environment } };
        return readCatalog(this.store, { origin, ...database !== undefined && { database }, signal: run.ports.cancelled });
      },
      database: async (config) => {
        const live = this.databases.get(config.name);
        if (!live) throw new DataError(failure, `No pod in namespace web matches ${config.name}.`, { hint: 'Check it.' });
        await live.step('open', run.ports.cancelled);
        return live.opened(config);
      },
      emptyCache: async ({ name }, signal) => {
        signal.throwIfAborted();
        this.emptied.push(`${name}, locked by ${this.holderOf(name)}`);
        return { masters: 1, keys: 12, words: '12 keys of 1 server' };
      },
      close: async () => {
        this.open -= 1;
        await session.close();
      },
    };
  };
}

/** Whether an object of the store belongs to a backup. */
export const backupObjects = ({ store }: DataWorld): readonly string[] => [...store.objects.keys()].filter((name) => isBackupObject(name));
