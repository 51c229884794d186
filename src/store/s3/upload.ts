import type { CompletedPart, CompleteMultipartUploadCommandOutput, CreateMultipartUploadCommandInput, PutObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import type { Clock } from '../../ports/clock.js';
import { forMsAfter, within } from '../../ports/within.js';
import { collect } from '../content.js';
import type { PutOptions } from '../store.js';
import type { Sdk } from './client.js';

/** Bytes that are sent at once. What has no more is one request. */
export const partBytes = 8 * 1024 * 1024;
/** Parts of one object: 10,000 at most (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html). */
const mostParts = 9000;
/** Parts that are sent beside each other, as long as they take no more memory than this. */
const mostBytesAtOnce = 3 * partBytes;

/** How long what cannot be sent again goes on when the run is stopped, and how long it takes at most to remove what was begun. ms */
const [graceMs, abandonMs] = [3000, 10_000];

/** The part of both kinds of requests that is the same. */
export type ObjectInput = Pick<CreateMultipartUploadCommandInput, 'Bucket' | 'Key' | 'ContentType' | 'Metadata' | 'ServerSideEncryption' | 'SSEKMSKeyId' | 'StorageClass'>;
type Done = Pick<PutObjectCommandOutput & CompleteMultipartUploadCommandOutput, 'ETag' | 'ServerSideEncryption'>;

export interface Uploading {
  readonly sdk: Sdk;
  readonly client: S3Client;
  readonly clock: Clock;
  /** Called when an upload that failed could not be removed. */
  readonly onLeft: (error: unknown) => void;
}

/** Content that fits into one request. The store compares it with its SHA-256. */
export async function putWhole({ sdk, client }: Uploading, input: ObjectInput, pieces: AsyncIterable<Uint8Array>, options: PutOptions): Promise<Done> {
  const { signal, onProgress, sha256 } = options;
  const Body = await collect(pieces);
  const ChecksumSHA256 = Buffer.from(sha256, 'hex').toString('base64');
  const done = await client.send(new sdk.PutObjectCommand({ ...input, Body, ChecksumSHA256, IfNoneMatch: '*' }), { abortSignal: signal });
  onProgress?.(Body.length);
  return done;
}

/**
 * Content in parts, each compared with its CRC-32 by the store. Not by the upload helper of the SDK, which (3.1175.0) copies every byte
 * twice, rejects before an upload that is aborted is removed, does not know one that is aborted while it is created, and replaces the
 * error by another when it cannot be removed.
 * @param pieces reject at their end unless they are whole: what just ends would be a complete object
 * @throws what failed first, after the upload was removed
 */
export async function putInParts(uploading: Uploading, input: ObjectInput, pieces: AsyncIterable<Uint8Array>, options: PutOptions): Promise<Done> {
  const { sdk, client, clock } = uploading;
  const { signal } = options;
  const { Bucket, Key } = input;
  // An upload whose answer is not waited for could not be removed.
  const { UploadId } = await forMsAfter(clock, signal, graceMs, (abortSignal) =>
    client.send(new sdk.CreateMultipartUploadCommand({ ...input, ChecksumAlgorithm: 'CRC32' }), { abortSignal }));
  try {
    const Parts = await sendParts(uploading, { Bucket, Key, UploadId }, pieces, options);
    signal.throwIfAborted();
    return await forMsAfter(clock, signal, graceMs, (abortSignal) =>
      client.send(new sdk.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, IfNoneMatch: '*' }), { abortSignal }));
  } catch (error) {
    const late = (): Error => new Error(`the store did not answer within ${abandonMs / 1000} s`);
    const abandon = new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId });
    await within(clock, { ms: abandonMs, late }, (abortSignal) => client.send(abandon, { abortSignal })).catch(uploading.onLeft);
    throw error;
  }
}

type Upload = Pick<CreateMultipartUploadCommandInput, 'Bucket' | 'Key'> & { readonly UploadId: string | undefined };

/** Sends all parts, some beside each other. When one fails, those that are on their way end, and none is begun. @returns them in their order */
async function sendParts({ sdk, client }: Uploading, upload: Upload, pieces: AsyncIterable<Uint8Array>, options: PutOptions): Promise<CompletedPart[]> {
  const { bytes, signal, onProgress } = options;
  const partSize = Math.max(partBytes, Math.ceil(bytes / mostParts));
  const most = Math.max(1, Math.floor(mostBytesAtOnce / partSize));
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const parts: CompletedPart[] = [];
  const sending = new Set<Promise<void>>();
  const buffers = new Buffers(partSize);
  let sent = 0;
  const send = async (buffer: Buffer, Body: Buffer, PartNumber: number): Promise<void> => {
    try {
      const { ETag, ChecksumCRC32 } = await client.send(new sdk.UploadPartCommand({ ...upload, PartNumber, Body }), { abortSignal: stop });
      parts.push({ PartNumber, ETag, ChecksumCRC32 });
      onProgress?.(sent += Body.length);
      buffers.put(buffer);
    } catch (error) {
      failed.abort(error);
    }
  };
  try {
    let number = 0;
    for await (const { buffer, part } of inParts(pieces, buffers)) {
      const job: Promise<void> = send(buffer, part, number += 1).finally(() => sending.delete(job));
      sending.add(job);
      if (sending.size >= most) await Promise.race(sending);
      stop.throwIfAborted();
    }
  } catch (error) {
    failed.abort(error);
  }
  await Promise.all(sending);
  stop.throwIfAborted();
  return parts.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
}

/** Memory for parts, used again and again: thrown away, it would be there until the next garbage collection. */
class Buffers {
  private readonly free: Buffer[] = [];
  constructor(readonly size: number) {}
  take(): Buffer {
    return this.free.pop() ?? Buffer.allocUnsafe(this.size);
  }
  put(buffer: Buffer): void {
    this.free.push(buffer);
  }
}

/** Parts of equal size, except for the last one. */
async function* inParts(pieces: AsyncIterable<Uint8Array>, buffers: Buffers): AsyncGenerator<{ readonly buffer: Buffer; readonly part: Buffer }> {
  let buffer = buffers.take();
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      if (filled === buffers.size) {
        yield { buffer, part: buffer };
        [buffer, filled] = [buffers.take(), 0];
      }
      const taken = piece.subarray(at, at + buffers.size - filled);
      buffer.set(taken, filled);
      filled += taken.length;
      at += taken.length;
    }
  }
  yield { buffer, part: buffer.subarray(0, filled) };
}
