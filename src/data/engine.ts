import type { Spool } from '../ports/disk.js';
import type { Ports } from '../ports/ports.js';
import type { DataFailure } from './error.js';
import type { Place, ScratchPlace } from './place.js';

/*
 * A database engine as backup and restore see it. Each engine is a folder beside this file, and passes the same contract test,
 * `__tests__/data/engine-contract.ts`.
 */

export interface Engine {
  /** As the settings and the manifest name it. */
  readonly engine: string;
  /** The ending of its dumps: `dump`, `rdb`. */
  readonly extension: string;
  /**
   * Looks at a database: that it answers, accepts the login, is the one that was meant, is the primary. Nothing is changed.
   * @throws DataError
   */
  open(context: DataContext, place: Place, login: Login): Promise<Database>;
  /** Whether this server takes writes, and is no replica of another one. @throws DataError if it does not answer */
  isPrimary(context: DataContext, place: Place, login: Login): Promise<boolean>;
  /** The folder of this machine with the programs for a server that is reached by its address. Undefined: those of PATH do. @throws DataError */
  programs?(context: DataContext, login: Login): Promise<string>;
  /** Starts an empty server at a scratch place, which nobody else can reach. It ends with its place. @throws DataError */
  startServer(context: DataContext, place: ScratchPlace, like: Server): Promise<ScratchServer>;
}

export interface DataContext {
  readonly ports: Ports;
  /** Of the run: names its sessions, so that those of a run that died are found and ended. */
  readonly id: string;
  readonly app: string;
  /** The code of the errors of this work. */
  readonly failure: DataFailure;
  readonly signal: AbortSignal;
  /** Called with bytes done and, if known, bytes in all. */
  readonly progress: (what: string, bytes: number, ofBytes?: number) => void;
}

/** Who logs in, and to what. Values are already resolved; the password is masked. */
export interface Login {
  /** Of PostgreSQL: the name of the database. Of Redis: the number of the database, `0`. */
  readonly database: string;
  readonly user?: string;
  readonly password?: string;
  /** Undefined at a place where the server listens on its default socket. */
  readonly host?: string;
  readonly port?: number;
  /** Of PostgreSQL: `sslmode`, `sslrootcert` and so on. Of Redis: `tls: true`. */
  readonly options?: Readonly<Record<string, string>>;
}

/** What a server says of itself. */
export interface Server {
  /** `15.18`, `7.0.15`. */
  readonly version: string;
  readonly major: number;
  /** What tells one server from another: the system identifier of PostgreSQL, the run id of Redis. */
  readonly identity: string;
  /** Bytes of the database on its disk or in its memory. */
  readonly bytes: number;
  /** Bytes free on the disk of its data; undefined where that cannot be known. */
  readonly freeBytes?: number;
  /** Settings that a scratch server needs to take the data: encoding, locale, extensions. Opaque to all but the engine. */
  readonly settings: Readonly<Record<string, string>>;
}

/** An open database. Nothing stays open between calls. */
export interface Database {
  readonly server: Server;
  readonly words: string;
  /**
   * A dump of one moment. Its pieces end only when the source has proven that they are all and unchanged: until then nothing is a dump.
   * When `signal` aborts or this process is gone, the dump ends at the source as well, within seconds. Sessions of the same app that an
   * earlier run has left behind are ended first: whoever calls it has the lock of the app.
   */
  dump(options: DumpOptions, signal: AbortSignal): Dump;
  /** Proves that a spooled dump is unchanged, and readable from its first to its last byte, without a server. @throws DataError */
  check(dump: Spool, facts: DumpFacts, signal: AbortSignal): Promise<void>;
  /** To which moments a tool beside the server can recover it. Only of engines that have such tools. @throws DataError if the server does not answer */
  pointInTime?(wish: PointInTimeWish, signal: AbortSignal): Promise<PointInTime>;
  /** What data it has: `12 tables with data (4.2 MB)`, `310 keys`. Undefined if it has none. @throws DataError */
  holds(signal: AbortSignal): Promise<string | undefined>;
  /** The last migration of the tools that are known, as DumpFacts has it. @throws DataError */
  migration?(signal: AbortSignal): Promise<string | undefined>;
  /**
   * Removes what `prepare` of another process of this run has made, and was not swapped.
   * @returns what it was, in words @throws DataError
   */
  removeLeft(signal: AbortSignal): Promise<readonly string[]>;
  /**
   * Starts a server at a place beside a command, for a copy that the command takes for this database. It takes every login without a
   * password: its addresses must be of a pod of its own. Undefined where the engine has no migrations.
   * @throws DataError
   */
  copy?(place: ScratchPlace, listening: Listening, signal: AbortSignal): Promise<DatabaseCopy>;
  /** On which its server listens for connections. */
  readonly port?: number;
  /** Puts a dump in the place of the data: see Restoration. */
  restoration(dump: Spool, facts: DumpFacts): Restoration;
}

export interface Listening {
  readonly addresses: readonly string[];
  readonly port: number;
}

/** A copy of a database, with its name, its owner, its permissions and the roles of its server. It ends with its place. */
export interface DatabaseCopy {
  /** Before anybody can use it. @throws DataError when what is restored differs from what was dumped */
  restore(dump: Spool, facts: DumpFacts, signal: AbortSignal): Promise<Compared>;
  /** What was done to it since. @throws DataError */
  seen(signal: AbortSignal): Promise<CopySeen>;
}

export interface CopySeen {
  /** Logins from beside it. */
  readonly logins: number;
  /** The last migration, as DumpFacts has it. */
  readonly head?: string;
}

export interface PointInTimeWish {
  /** Let the tool make a backup first. */
  readonly trigger: boolean;
}

export interface PointInTime {
  /** `pgBackRest`; undefined: there is none. */
  readonly tool?: string;
  /** The first and the last moment to which it is proven to recover, ms since 1970. */
  readonly earliestAt?: number;
  readonly latestAt?: number;
  /** Why there is no window: what stands after "not available: ". */
  readonly reason?: string;
  /** It has made a backup for this run. */
  readonly isTriggered?: boolean;
  /** The command with which a person recovers to a moment, which replaces `TIME`. */
  readonly recover?: string;
  /** What is wrong with the archive, in sentences. */
  readonly warnings: readonly string[];
}

export interface DumpOptions {
  /** Which rows are counted: all, those of tables that are smaller than 100 MB, or none. */
  readonly rows: 'exact' | 'sample' | 'off';
  /** A database without a table is a dump as well. Without it, that is an error: it is probably the wrong one. */
  readonly allowEmpty: boolean;
  /** In all, ms. */
  readonly timeoutMs: number;
}

export interface Dump {
  /** Read once. @throws DataError */
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Resolves after the last piece. */
  facts(): Promise<DumpFacts>;
}

/** What is known of a dump from its source. Part of the manifest. */
export interface DumpFacts {
  /** The moment that it shows, ms since 1970 by the clock of the server. */
  readonly snapshotAt: number;
  /** What a reader should know, in sentences: that the roles could not be read. */
  readonly warnings: readonly string[];
  readonly sha256: string;
  readonly bytes: number;
  /** Entries of its table of contents, or keys. */
  readonly entries: number;
  /** Rows by the name of the table (`public.users`), or keys by the number of the database, of exactly that moment. Undefined if not counted. */
  readonly rows?: Readonly<Record<string, number>>;
  /** Number of objects by their kind, such as `indexes`, which a restore must have again. */
  readonly objects?: Readonly<Record<string, number>>;
  /** Values by their name that must not be lower after a restore: those of sequences. They do not belong to a snapshot. */
  readonly counters?: Readonly<Record<string, string>>;
  /** The last migration of the tools that are known, if any: `prisma 20260101_add_users`. */
  readonly migration?: string;
  /** Further files of the same moment that belong to it: roles of PostgreSQL. Small texts, by their name. */
  readonly texts: Readonly<Record<string, string>>;
  readonly server: Pick<Server, 'version' | 'major' | 'identity' | 'bytes' | 'settings'>;
}

/** A server at a scratch place. */
export interface ScratchServer {
  readonly server: Server;
  /**
   * Restores a dump, and compares what is there with what its source counted.
   * @throws DataError, restore-failed, when anything differs
   */
  restore(dump: Spool, facts: DumpFacts, signal: AbortSignal): Promise<Compared>;
  /** Runs statements of the user, each of which must return true, `t` or a number other than 0. @throws DataError with the first that does not */
  assert(statements: readonly string[], signal: AbortSignal): Promise<void>;
  /** How a program at this place reaches the restored data: a URL without a password. For a rehearsal of migrations. */
  readonly url: string;
}

/** What was compared after a restore. */
export interface Compared {
  readonly tables: number;
  readonly rows: number;
  /** ms of the restore alone. */
  readonly tookMs: number;
  /** What was looked at, in words: `42 tables, 1,200,000 rows, 61 indexes, 12 constraints`. */
  readonly words: string;
}

/**
 * The way of a dump to the place of the live data, in steps, each of which can be the last one: after any of them, either the old data
 * serves unchanged, or the new does completely.
 */
export interface Restoration {
  /**
   * Looks whether it can succeed: version, space, rights, leftovers of an earlier one. Nothing is changed. With an empty spool, before the
   * dump is downloaded, it looks at everything else.
   * @throws DataError
   */
  check(signal: AbortSignal): Promise<{ readonly steps: readonly string[] }>;
  /** Restores beside the live data, and compares. The live data is not touched. @throws DataError */
  prepare(signal: AbortSignal): Promise<Compared>;
  /** Puts it in the place of the live data, in one step that happens wholly or not at all. Nobody else may be connected. @throws DataError */
  swap(signal: AbortSignal): Promise<{ /** Where the old data is kept: `acci_pre_restore_20261130T164000Z`. */ readonly kept: string }>;
  /** Puts the old data back, if `swap` has happened. */
  swapBack(signal: AbortSignal): Promise<void>;
  /** Removes what `prepare` has made, unless `swap` has happened. Does not reject. */
  discard(): Promise<void>;
}
