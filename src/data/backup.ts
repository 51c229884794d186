import type { BackupConfig } from '../config/config.js';
import type { BackupResult } from '../outcome/data.js';
import { messageOf } from '../outcome/wording.js';
import { DiskError, type Spool } from '../ports/disk.js';
import { within } from '../ports/within.js';
import { StoreError, type ObjectStore } from '../store/store.js';
import type { DataContext, DumpFacts } from './engine.js';
import { isPast } from './catalog.js';
import { DataError, ofStore } from './error.js';
import { manifestOf, manifestText, objectNames, type Manifest, type ManifestObject, type Verification } from './manifest.js';
import type { OpenedDatabase } from './opened.js';
import { measure, measured, piecesOf, type Passed } from './pieces.js';
import { seal } from './seal.js';

/** Everything that a backup of one database needs. */
export interface BackupOf {
  readonly context: DataContext;
  readonly opened: OpenedDatabase;
  readonly config: BackupConfig;
  readonly store: ObjectStore;
  /** Private, for the spool. */
  readonly folder: string;
  /** Of the backup, and when it was begun, ms since 1970. */
  readonly name: string;
  readonly startedAt: number;
  /** Bytes of the dump of the last backup; undefined if there is none. */
  readonly lastBytes?: number;
  /** What the manifest says of the run and of the app. */
  readonly origin: Manifest['origin'];
}

/**
 * One backup of one database, step by step. Nothing is a backup before `store` has written its manifest, which is the last that it
 * writes. Each step throws DataError with backup-failed, or what the run was cancelled with; what was stored by then is removed.
 */
export class BackupInProgress {
  private spool?: Spool;
  private facts?: DumpFacts;
  private verification?: Verification;
  private readonly tookMs = { dump: 0, verify: 0, store: 0 };

  constructor(private readonly of: BackupOf) {}

  /** The dump, once it is complete: for a rehearsal. */
  get dumped(): { readonly spool: Spool; readonly facts: DumpFacts } {
    if (!this.spool || !this.facts) throw new Error('The database is not dumped yet.');
    return { spool: this.spool, facts: this.facts };
  }

  async dump(): Promise<void> {
    const { context, opened, folder, config } = this.of;
    await this.timed('dump', async (signal) => {
      this.spool = await context.ports.disk.spool(folder);
      const dump = opened.database.dump({ rows: config.rows, allowEmpty: config.allowSmaller, timeoutMs: config.timeoutMs }, signal);
      const counted = measured(dump.pieces, (bytes) => { context.progress(`dump ${opened.config.name}`, bytes, this.of.lastBytes); });
      await this.spool.append(counted.pieces);
      const facts = withClock(await dump.facts(), context.ports.clock.now());
      this.facts = facts;
      const { bytes, sha256 } = counted.passed();
      if (bytes !== facts.bytes || sha256 !== facts.sha256) throw failed(`The dump of ${opened.database.words} was changed on its way: ${bytes} of ${facts.bytes} bytes, with another checksum.`);
      if (!config.allowSmaller) refuseSmall(opened.database.words, facts, this.of.lastBytes);
    });
  }

  async verify(): Promise<void> {
    const { context, opened, config } = this.of;
    const { spool, facts } = this.dumped;
    await this.timed('verify', async (signal) => {
      await opened.database.check(spool, facts, signal);
      const verifiedAt = (): string => new Date(context.ports.clock.now()).toISOString();
      if (config.verify === 'archive') {
        this.verification = { how: 'archive', at: verifiedAt(), compared: `${facts.entries} entries` };
        return;
      }
      const place = await opened.reach.scratch(signal, facts.server.bytes);
      try {
        const server = await opened.engine.startServer(context, place, opened.database.server);
        const compared = await server.restore(spool, facts, signal);
        await server.assert(config.assertions, signal);
        this.verification = { how: 'restore', at: verifiedAt(), compared: compared.words };
      } finally {
        await place.close();
      }
    });
  }

  async store(): Promise<BackupResult> {
    const { opened, store, name, config } = this.of;
    const verification = this.verification;
    if (!verification) throw new Error('The dump is not verified yet.');
    const { facts } = this.dumped;
    const manifest = await this.timed('store', (signal) => this.write(verification, signal));
    return {
      database: opened.config.name, engine: opened.engine.engine, backup: name,
      manifest: `${store.address.replace(/\/$/, '')}/${objectNames(opened.config.name, name).manifest}`,
      bytes: facts.bytes, storedBytes: manifest.objects.reduce((sum, { stored }) => sum + stored.bytes, 0),
      ...facts.rows && { rows: Object.values(facts.rows).reduce((sum, rows) => sum + rows, 0) },
      verified: verification.how, compared: verification.compared, isEncrypted: config.recipients.length > 0, tookMs: { ...this.tookMs },
    };
  }

  async close(): Promise<void> {
    await this.spool?.close();
  }

  private async write(verification: Verification, signal: AbortSignal): Promise<Manifest> {
    const { opened, store, name, config } = this.of;
    const { spool, facts } = this.dumped;
    const names = objectNames(opened.config.name, name);
    const written: string[] = [];
    try {
      const put = (title: string, role: ManifestObject['role'], content: () => AsyncIterable<Uint8Array>): Promise<ManifestObject> =>
        this.put({ name: names.of(title, config.recipients.length > 0), role, title }, content, written, signal);
      const dump = await put(opened.engine.extension, 'dump', () => spool.read());
      if (dump.plain.sha256 !== facts.sha256) throw failed(`The dump of ${opened.database.words} was changed on this machine after it was verified.`, 'Check the disk of this machine, then run the backup again.');
      const objects = [dump];
      for (const [title, text] of Object.entries(facts.texts)) objects.push(await put(title, 'text', () => piecesOf(text)));
      const manifest = manifestOf({
        database: opened.config.name, name, engine: opened.engine.engine, createdAt: this.of.startedAt, facts, objects, recipients: config.recipients,
        verification, tookMs: { dump: this.tookMs.dump, verify: this.tookMs.verify },
        origin: { ...this.of.origin, ...opened.reach.place.image !== undefined && { databaseImage: opened.reach.place.image } },
      });
      const text = manifestText(manifest, config.signingKey);
      const bytes = Buffer.from(text);
      const passed = await measure(piecesOf(text));
      written.push(names.manifest);
      await store.put(names.manifest, () => piecesOf(text), { bytes: bytes.length, sha256: passed.sha256, contentType: 'application/json', signal });
      await this.readBack(names.manifest, passed, signal);
      return manifest;
    } catch (error) {
      // A manifest that cannot be trusted goes first: without one, the rest is no backup.
      // What stood there before under the name of the last one is somebody else's.
      const own = error instanceof StoreError && error.trouble === 'exists' ? written.slice(0, -1) : written;
      for (const object of [...own].reverse()) await store.remove(object, AbortSignal.any([])).catch(() => undefined);
      throw error;
    }
  }

  /** Stores one object, encrypted if there are recipients, and reads it back: a store may keep something else without a word. */
  private async put(object: Named, content: () => AsyncIterable<Uint8Array>, written: string[], signal: AbortSignal): Promise<ManifestObject> {
    const { name } = object;
    const { context, opened, config, store, folder } = this.of;
    const plain = await measure(content());
    const sealed = config.recipients.length > 0 ? await context.ports.disk.spool(folder) : undefined;
    try {
      if (sealed) await sealed.append(seal(content(), config.recipients));
      const source = sealed ? () => sealed.read() : content;
      const stored = sealed ? await measure(sealed.read()) : plain;
      written.push(name);
      await store.put(name, source, {
        ...stored, contentType: 'application/octet-stream', signal, onProgress: (bytes) => { context.progress(`store ${opened.config.name}`, bytes, stored.bytes); },
      });
      await this.readBack(name, stored, signal);
      return { ...object, plain, stored };
    } finally {
      await sealed?.close();
    }
  }

  private async readBack(name: string, expected: Passed, signal: AbortSignal): Promise<void> {
    const { store } = this.of;
    const found = await measure(store.get(name, signal));
    if (found.sha256 === expected.sha256) return;
    throw failed(`${store.address} returned other bytes for ${name} than it was sent: ${found.bytes} of ${expected.bytes} bytes, with another checksum.`,
      'The store is broken, or something between it and this machine changes data. Nothing of this backup was kept.');
  }

  private async timed<T>(step: 'dump' | 'verify' | 'store', work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { context: { ports: { clock }, signal }, config, opened } = this.of;
    const startedAt = clock.monotonic();
    const late = (): Error => failed(`The step ${step} of the backup of ${opened.database.words} did not finish within ${Math.round(config.timeoutMs / 60_000)} min.`, 'Raise `backup.timeout`.');
    try {
      return await within(clock, { ms: config.timeoutMs, late, signal }, work);
    } catch (error) {
      signal.throwIfAborted();
      throw asBackupError(error);
    } finally {
      this.tookMs[step] = clock.monotonic() - startedAt;
    }
  }
}

type Named = Pick<ManifestObject, 'name' | 'role' | 'title'>;

const failed = (message: string, hint?: string): DataError => new DataError('backup-failed', message, hint === undefined ? {} : { hint });

/** @param now ms since 1970, by the clock of this machine */
function withClock(facts: DumpFacts, now: number): DumpFacts {
  if (isPast({ at: facts.snapshotAt }, now)) return facts;
  const until = new Date(facts.snapshotAt).toISOString();
  return { ...facts, warnings: [...facts.warnings, `The clock of the server is ${Math.round((facts.snapshotAt - now) / 60_000)} min ahead of the one of this machine. Until ${until}, this backup is only restored by its name.`] };
}

/** A dump of the wrong or an emptied database is complete as well: what gives it away is that it is much smaller. */
function refuseSmall(what: string, { bytes }: DumpFacts, lastBytes: number | undefined): void {
  if (lastBytes === undefined || bytes >= lastBytes / 2) return;
  throw failed(`The dump of ${what} has ${bytes} bytes, less than half of the last backup (${lastBytes} bytes).`,
    'Check that it is the right database, and that nothing was deleted by mistake. If it is meant to be so, set `backup.allow-smaller` to true for one run.');
}

function asBackupError(error: unknown): unknown {
  if (error instanceof DiskError) {
    return failed(`${messageOf(error)}.`, error.trouble === 'full' ? 'A backup needs as much free space on this machine as its dump, and twice as much with encryption. Free some, or set TMPDIR (RUNNER_TEMP on a runner of GitHub) to a larger disk.' : undefined);
  }
  return ofStore(error, 'backup-failed');
}
