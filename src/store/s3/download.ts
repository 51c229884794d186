import { createHash } from 'node:crypto';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import type { Clock } from '../../ports/clock.js';
import { collect } from '../content.js';
import { StoreError } from '../store.js';
import { factsOf } from './failure.js';
import { isPassingHttp } from './retries.js';

/** Bytes of one request. */
const rangeBytes = 8 * 1024 * 1024;
/** Waits before what broke off is read on, ms. */
const delaysMs = [500, 1000, 2000, 4000];

/** Asks for a range, `bytes=0-8388607`, of an object that is still the one with this tag. */
type ReadRange = (range: string, tag: string | undefined, signal: AbortSignal) => Promise<GetObjectCommandOutput>;

export interface Downloading {
  readonly read: ReadRange;
  readonly clock: Clock;
  /** For errors: `main/x/dump in s3://acme-backups/api`. */
  readonly subject: string;
}

/** The answer to one request, whose body is still to be read. */
interface Range {
  readonly body: AsyncIterable<Uint8Array>;
  /** Bytes of the whole object. */
  readonly of: number;
  readonly tag: string | undefined;
  /** Of the whole object, if it was stored with it. */
  readonly sha256: string | undefined;
}

/**
 * The bytes of an object, in ranges: one that breaks off is read on where it did. All are of the same object, also if another takes its
 * name meanwhile. While one is read, the next one is already asked for.
 */
export async function* download(of: Downloading, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const left = new AbortController();
  const stop = AbortSignal.any([signal, left.signal]);
  const ask = (start: number, tag?: string): Promise<Range> => {
    const promise = open(of, start, start + rangeBytes, tag, stop);
    // Nobody may be waiting for it any more when it fails.
    promise.catch(() => undefined);
    return promise;
  };
  try {
    let next: Promise<Range> | undefined = ask(0);
    for (let start = 0; next; start += rangeBytes) {
      const range: Range = await next;
      const end = Math.min(start + rangeBytes, range.of);
      next = end < range.of ? ask(end, range.tag) : undefined;
      const pieces = bytesOf(of, range, start, end, stop);
      // Manifests are small. A larger object is not held in memory, so it would be given out before its checksum is known.
      if (range.of <= rangeBytes && range.sha256 !== undefined) yield genuine(of, await collect(pieces), range.sha256);
      else yield* pieces;
    }
    signal.throwIfAborted();
  } finally {
    left.abort(new Error('the object is no longer read'));
  }
}

async function open({ read, subject }: Downloading, start: number, end: number, tag: string | undefined, signal: AbortSignal): Promise<Range> {
  const answer = await read(`bytes=${start}-${end - 1}`, tag, signal).catch((error: unknown) => {
    const { status } = factsOf(error);
    // An object without any byte has no range.
    if (start === 0 && status === 416) return undefined;
    if (tag !== undefined && status === 412) throw new StoreError('corrupt', `${subject} was replaced while it was read`, 'Objects are never replaced: check what else writes into this bucket.');
    throw error;
  });
  if (answer === undefined) return { body: nothing(), of: 0, tag: undefined, sha256: undefined };
  const { Body, ContentRange, ContentLength, ETag, Metadata } = answer;
  const of = Number(/\/(\d+)$/.exec(ContentRange ?? '')?.[1] ?? ContentLength ?? NaN);
  if (ETag === undefined || Number.isNaN(of) || (ContentRange === undefined && of > rangeBytes)) {
    throw new StoreError('invalid', `${subject} could not be read: the store does not return a part of an object as S3 does`, 'Check `backup.endpoint`, and proxies on the way.');
  }
  return { body: (Body ?? nothing()) as AsyncIterable<Uint8Array>, of, tag: ETag, sha256: Metadata?.['sha256'] };
}

/** The bytes from `start` to `end`, through more than one request if one breaks off. */
async function* bytesOf(of: Downloading, range: Range, start: number, end: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let { body } = range;
  let at = start;
  for (let failures = 0; ;) {
    try {
      for await (const piece of body) {
        yield piece;
        at += piece.length;
        failures = 0;
      }
      if (at === end) return;
      throw new StoreError('corrupt', `${of.subject} has ${range.of} bytes, but the store returned ${at - start} of ${end - start} from byte ${start} on`, disks);
    } catch (error) {
      const delayMs = delaysMs[failures];
      if (!isPassingHttp(error) || delayMs === undefined) throw error;
      failures += 1;
      await of.clock.sleep(delayMs, signal);
      if (at < end) ({ body } = await open(of, at, end, range.tag, signal));
    }
  }
}

function genuine({ subject }: Downloading, bytes: Buffer, sha256: string): Buffer {
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== sha256) throw new StoreError('corrupt', `${subject} has the SHA-256 ${actual}, but ${sha256} was stored`, disks);
  return bytes;
}

const disks = 'The store has lost or changed data: check its disks.';

async function* nothing(): AsyncGenerator<never> {
  yield* [];
}
