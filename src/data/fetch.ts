import { DiskError, type Spool } from '../ports/disk.js';
import { messageOf } from '../outcome/wording.js';
import { textOf } from '../ports/http.js';
import type { ObjectStore } from '../store/store.js';
import type { DataContext, DumpFacts } from './engine.js';
import { DataError, ofStore } from './error.js';
import { factsOf, type Manifest, type ManifestObject } from './manifest.js';
import { measured } from './pieces.js';
import { mayRead, unseal } from './seal.js';

export interface Fetching {
  readonly context: DataContext;
  readonly store: ObjectStore;
  /** Private, for the spool. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** Private keys of age, one on each line. */
  readonly identity?: string;
}

/** A backup on this machine, decrypted. Whoever fetches it closes the spool. */
export interface Fetched {
  readonly spool: Spool;
  readonly facts: DumpFacts;
}

/**
 * Downloads a backup and decrypts it. Every byte is the one that was backed up: the checksums of the manifest are those of both forms.
 * @throws DataError restore-failed when one of them differs, no key fits, or there is no space for it; what the signal aborts with
 */
export async function fetchBackup(of: Fetching, signal: AbortSignal): Promise<Fetched> {
  const { context, manifest, folder } = of;
  const dump = manifest.objects.find(({ role }) => role === 'dump');
  if (!dump) throw failed(`The manifest of the backup ${manifest.name} names no dump.`, 'Choose another backup.');
  await refuseWithoutKey(of);
  const spool = await spoolFor(of, dump.plain.bytes);
  try {
    await spool.append(genuine(of, dump, signal, (bytes) => { context.progress(`download ${manifest.database}`, bytes, dump.stored.bytes); }));
    const texts: Record<string, string> = {};
    for (const text of manifest.objects.filter(({ role }) => role === 'text')) texts[text.title] = await textOf({ body: genuine(of, text, signal) }, maxTextBytes);
    return { spool, facts: factsOf(manifest, texts) };
  } catch (error) {
    await spool.close();
    signal.throwIfAborted();
    throw asRestoreError(error, folder);
  }
}

const maxTextBytes = 64 * 1024 * 1024;

/** @throws DataError when the backup is encrypted, and none of the private keys can decrypt it */
export async function refuseWithoutKey({ manifest: { name, recipients }, identity }: Pick<Fetching, 'manifest' | 'identity'>): Promise<void> {
  if (recipients.length === 0 || (identity !== undefined && await mayRead(identity, recipients))) return;
  const hint = `Set \`backup.identity\` to env:NAME, with a variable that holds the private key of one of these: ${recipients.join(', ')}.`;
  throw identity === undefined
    ? new DataError('config-invalid', `The backup ${name} is encrypted, and there is no private key to read it.`, { hint })
    : new DataError('restore-failed', `None of the private keys in \`backup.identity\` is that of a recipient of the backup ${name}.`, { hint });
}

async function spoolFor({ context: { ports: { disk } }, folder, manifest }: Fetching, bytes: number): Promise<Spool> {
  const free = await disk.freeBytes(folder);
  if (free < bytes) {
    throw failed(`The backup ${manifest.name} has ${bytes} bytes, and the disk of ${folder} has ${free} bytes free.`, 'Free some space, or set TMPDIR (RUNNER_TEMP on a runner of GitHub) to a larger disk.');
  }
  return disk.spool(folder).catch((error: unknown) => { throw asRestoreError(error, folder); });
}

/** The pieces of an object as they were before it was stored. Rejects at the end unless both checksums are right. */
async function* genuine(of: Fetching, object: ManifestObject, signal: AbortSignal, onBytes?: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const { store, manifest, identity } = of;
  const what = `The object ${object.name} of the backup ${manifest.name}`;
  const stored = measured(store.get(object.name, signal), onBytes);
  const plain = measured(manifest.recipients.length > 0 && identity !== undefined ? unseal(stored.pieces, identity, what) : stored.pieces);
  yield* plain.pieces;
  const isRight = stored.passed().sha256 === object.stored.sha256 && plain.passed().sha256 === object.plain.sha256;
  if (!isRight) throw failed(`${what} is not what was stored: it has ${stored.passed().bytes} bytes, and the manifest says ${object.stored.bytes} with another checksum.`, 'Choose an earlier backup. If the store has versions, look at earlier ones of this object.');
}

const failed = (message: string, hint: string): DataError => new DataError('restore-failed', message, { hint });

function asRestoreError(error: unknown, folder: string): unknown {
  if (error instanceof DiskError) return new DataError('restore-failed', `${messageOf(error)}.`, { hint: `Check the disk of ${folder}.`, cause: error });
  return ofStore(error, 'restore-failed');
}
