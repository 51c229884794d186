import { createHash } from 'node:crypto';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { StoreError } from '../store.js';
import { factsOf } from './failure.js';

/** Bytes that are read at once. */
const rangeBytes = 8 * 1024 * 1024;
/** Ranges that are read before they are wanted. */
const ahead = 2;

/** What one request gave. */
interface Range {
  readonly pieces: readonly Uint8Array[];
  /** Bytes of the whole object. */
  readonly of: number;
  readonly tag: string;
  /** Of the whole object, if it was stored with it. */
  readonly sha256?: string;
}

/** Reads a range, `bytes=0-8388607`, of an object that is still the one with this tag. */
export type ReadRange = (range: string, tag: string | undefined, signal: AbortSignal) => Promise<GetObjectCommandOutput>;
/** Does it again for a reason that passes. */
export type Repeat = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * The bytes of an object, in ranges: one that breaks off is read again, without the ones before it. All are of the same object, also
 * if another takes its name meanwhile.
 * @param subject for errors: `main/x/dump in s3://acme-backups/api`
 */
export async function* download(read: ReadRange, repeat: Repeat, subject: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const left = new AbortController();
  const stop = AbortSignal.any([signal, left.signal]);
  const range = (start: number, tag?: string): Promise<Range> => {
    const promise = repeat(() => readRange(read, { start, tag, subject }, stop));
    // Nobody may be waiting for it any more when it fails.
    promise.catch(() => undefined);
    return promise;
  };
  try {
    const first = await range(0);
    const starts = Array.from({ length: Math.max(0, Math.ceil(first.of / rangeBytes) - 1) }, (_, index) => (index + 1) * rangeBytes);
    const coming = starts.slice(0, ahead).map((start) => range(start, first.tag));
    yield* checked(first, 0, subject);
    for (const [index, start] of starts.entries()) {
      const next = starts[index + ahead];
      const current = await coming.shift();
      if (next !== undefined) coming.push(range(next, first.tag));
      if (current) yield* checked(current, start, subject);
    }
    signal.throwIfAborted();
  } finally {
    left.abort(new Error('the object is no longer read'));
  }
}

interface Wanted {
  readonly start: number;
  readonly tag?: string;
  readonly subject: string;
}

async function readRange(read: ReadRange, { start, tag, subject }: Wanted, signal: AbortSignal): Promise<Range> {
  const answer = await read(`bytes=${start}-${start + rangeBytes - 1}`, tag, signal).catch((error: unknown) => {
    // An object without any byte has no range.
    const { status } = factsOf(error);
    if (start === 0 && status === 416) return undefined;
    if (tag !== undefined && status === 412) throw new StoreError('corrupt', `${subject} was replaced while it was read`, 'Objects are never replaced: check what else writes into this bucket.');
    throw error;
  });
  if (answer === undefined) return { pieces: [], of: 0, tag: '' };
  const { Body, ContentRange, ContentLength, ETag, Metadata } = answer;
  const of = Number(/\/(\d+)$/.exec(ContentRange ?? '')?.[1] ?? ContentLength ?? NaN);
  if (ETag === undefined || Number.isNaN(of) || (ContentRange === undefined && of > rangeBytes)) {
    throw new StoreError('invalid', `${subject} could not be read: the store does not return a part of an object as S3 does`, 'Check `backup.endpoint`, and proxies on the way.');
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of (Body ?? []) as AsyncIterable<Uint8Array>) pieces.push(piece);
  return { pieces, of, tag: ETag, sha256: Metadata?.['sha256'] };
}

/** The pieces of a range, after they were compared with what is known of them. */
function checked({ pieces, of, sha256 }: Range, start: number, subject: string): readonly Uint8Array[] {
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  const expected = Math.min(rangeBytes, of - start);
  if (bytes !== expected) throw new StoreError('corrupt', `${subject} has ${of} bytes, but the store returned ${bytes} of ${expected} from byte ${start} on`, disks);
  // A larger object is not held in memory, so it would be given out before its end is known. Manifests are small.
  if (sha256 === undefined || of > rangeBytes) return pieces;
  const actual = pieces.reduce((hash, piece) => hash.update(piece), createHash('sha256')).digest('hex');
  if (actual !== sha256) throw new StoreError('corrupt', `${subject} has the SHA-256 ${actual}, but ${sha256} was stored`, disks);
  return pieces;
}

const disks = 'The store has lost or changed data: check its disks.';
