import { Readable } from 'node:stream';
import type { CompleteMultipartUploadCommandOutput, CreateMultipartUploadCommandInput, PutObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import type { Clock } from '../../ports/clock.js';
import { forMsAfter, within } from '../../ports/within.js';
import { collect } from '../content.js';
import type { PutOptions } from '../store.js';
import type { Sdk } from './client.js';

/** Bytes that are sent at once. What has no more is one request. */
export const partBytes = 8 * 1024 * 1024;
/** Parts of one object: 10,000 at most (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html). */
const mostParts = 9000;
/** Parts that are sent beside each other, as long as they fit into memory. */
const beside = 3;
const mostBytesInMemory = beside * partBytes;

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
 * Content in parts, by the upload helper of the SDK. Left alone (seen with 3.1175.0), it
 *
 * - rejects as soon as it is aborted, before it has removed the upload: so it is not aborted, but its requests and its content are;
 * - does not know the upload when it is aborted while that is created: so that request is given the time to be answered;
 * - replaces the error by another when the upload cannot be removed;
 * - completes an object whose content just ends: the content rejects unless it is whole (`checkedContent`).
 *
 * @throws what failed first, after the upload was removed
 */
export async function putInParts(uploading: Uploading, input: ObjectInput, pieces: AsyncIterable<Uint8Array>, options: PutOptions): Promise<Done> {
  const { Upload } = await import('@aws-sdk/lib-storage');
  const failed = new AbortController();
  const fail = (error: unknown): never => {
    failed.abort(error);
    throw failed.signal.reason;
  };
  const client = guarded(uploading, AbortSignal.any([options.signal, failed.signal]), fail);
  const partSize = Math.max(partBytes, Math.ceil(options.bytes / mostParts));
  const Body = Readable.from(failing(pieces, fail), { objectMode: false });
  const queueSize = Math.max(1, Math.floor(mostBytesInMemory / partSize));
  const upload = new Upload({ client, params: { ...input, Body, IfNoneMatch: '*' }, partSize, queueSize });
  upload.on('httpUploadProgress', ({ loaded = 0 }) => options.onProgress?.(loaded));
  try {
    return await upload.done();
  } catch (error) {
    // Its own words for a signal that has aborted are not the reason.
    throw failed.signal.aborted ? failed.signal.reason : error;
  }
}

async function* failing(pieces: AsyncIterable<Uint8Array>, fail: (error: unknown) => never): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces;
  } catch (error) {
    fail(error);
  }
}

/** The client as the helper gets it. @param stop ends the requests for parts */
function guarded({ sdk, client, clock, onLeft }: Uploading, stop: AbortSignal, fail: (error: unknown) => never): S3Client {
  type Command = Parameters<S3Client['send']>[0];
  const send = async (command: Command): Promise<unknown> => {
    if (command instanceof sdk.AbortMultipartUploadCommand) {
      const late = (): Error => new Error(`the store did not answer within ${abandonMs / 1000} s`);
      return within(clock, { ms: abandonMs, late }, (abortSignal) => client.send(command, { abortSignal })).catch(onLeft);
    }
    const until = (abortSignal: AbortSignal): Promise<unknown> => client.send(command, { abortSignal });
    try {
      stop.throwIfAborted();
      return await (command instanceof sdk.UploadPartCommand ? until(stop) : forMsAfter(clock, stop, graceMs, until));
    } catch (error) {
      return fail(stop.aborted ? stop.reason : error);
    }
  };
  return Object.create(client, { send: { value: send } }) as S3Client;
}
