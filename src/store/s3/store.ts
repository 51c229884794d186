import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import { formatBackupAddress } from '../../config/values/backup-address.js';
import type { StoreConfig } from '../../config/values/store-config.js';
import { checkedContent } from '../content.js';
import { checkName } from '../names.js';
import { StoreError, type ObjectStore, type PutOptions, type StoredObject } from '../store.js';
import { openClient, type OpenClient, type S3Ports } from './client.js';
import { download } from './download.js';
import { explain } from './explain.js';
import { factsOf } from './failure.js';
import { sweep } from './sweep.js';
import { partBytes, putInParts, putWhole, type ObjectInput } from './upload.js';

export interface S3Context {
  readonly ports: S3Ports;
  /** Whether an object of this name is written by this action. Uploads of others are not touched. */
  readonly isOwn: (name: string) => boolean;
}

type S3Config = StoreConfig & { readonly to: { readonly kind: 's3' } };

/** A bucket, or the part of it below a prefix. Nothing is requested before the first call. */
export async function s3Store(context: S3Context, config: S3Config): Promise<ObjectStore> {
  const address = formatBackupAddress(config.to);
  return new S3Store(context, config, address, await openClient(context.ports, config, config.to.bucket, address));
}

class S3Store implements ObjectStore {
  private readonly known = new Set<string>();
  private readonly base: string;
  private isSwept = false;

  constructor(private readonly context: S3Context, private readonly config: S3Config, readonly address: string, private readonly open: OpenClient) {
    this.base = config.to.prefix === '' ? '' : `${config.to.prefix}/`;
  }

  get notes(): readonly string[] {
    return [...this.known];
  }

  async put(name: string, content: () => AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredObject> {
    checkName(name, this.address);
    const { signal, bytes, sha256 } = options;
    signal.throwIfAborted();
    // Some stores ignore the condition of the upload. Others compare it after all bytes were sent.
    if (await this.lookUp(name, signal, false)) throw new StoreError('exists', `${name} was not stored in ${this.address}: there is one already`, 'Objects are never replaced: check what else writes into this bucket.');
    const source = new Source(checkedContent(content(), { bytes, sha256, signal }, `${name} in ${this.address}`));
    const done = await this.doing(`${name} was not stored in ${this.address}`, 's3:PutObject', signal, () => source.orItsError(this.upload(name, source.pieces(), options)));
    const stored = await this.lookUp(name, signal, false);
    if (done.ETag === undefined || (stored && stored.ContentLength !== bytes)) throw this.notStored(name, options, stored);
    return { name, bytes, changedAt: stored?.LastModified?.getTime() ?? this.context.ports.clock.now() };
  }

  async* get(name: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    checkName(name, this.address);
    const { sdk, client } = this.open;
    const what = `${name} could not be read from ${this.address}`;
    const read = (range: string, tag: string | undefined, abortSignal: AbortSignal) =>
      client.send(new sdk.GetObjectCommand({ ...this.object(name), Range: range, ...tag === undefined ? {} : { IfMatch: tag } }), { abortSignal });
    try {
      yield* download({ read, clock: this.context.ports.clock, subject: `${name} in ${this.address}` }, signal);
    } catch (error) {
      throw this.explained(error, what, 's3:GetObject', signal);
    }
  }

  async head(name: string, signal: AbortSignal): Promise<StoredObject | undefined> {
    checkName(name, this.address);
    const found = await this.lookUp(name, signal, true);
    return found && { name, bytes: found.ContentLength ?? 0, changedAt: found.LastModified?.getTime() ?? 0 };
  }

  async* list(prefix: string, signal: AbortSignal): AsyncGenerator<StoredObject> {
    const { sdk, client } = this.open;
    for (let token: string | undefined, isFirst = true; isFirst || token !== undefined; isFirst = false) {
      const input = { Bucket: this.config.to.bucket, Prefix: `${this.base}${prefix}`, ContinuationToken: token, EncodingType: 'url' as const };
      const page = await this.doing(`${this.address} could not be listed`, 's3:ListBucket', signal, () => client.send(new sdk.ListObjectsV2Command(input), { abortSignal: signal }));
      if (page.Name === undefined && page.KeyCount === undefined) throw this.foreign(`${this.address} could not be listed`);
      for (const { Key = '', Size: bytes = 0, LastModified } of page.Contents ?? []) {
        const name = decoded(Key).slice(this.base.length);
        // A folder that a console has created.
        if (name !== '' && !name.endsWith('/')) yield { name, bytes, changedAt: LastModified?.getTime() ?? 0 };
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    }
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    checkName(name, this.address);
    const { sdk, client } = this.open;
    const { DeleteMarker } = await this.doing(`${name} was not removed from ${this.address}`, 's3:DeleteObject', signal, () => client.send(new sdk.DeleteObjectCommand(this.object(name)), { abortSignal: signal }));
    if (DeleteMarker) this.known.add('The bucket keeps the versions of removed objects. They take space until a lifecycle rule removes them (NoncurrentVersionExpiration).');
  }

  async close(): Promise<void> {
    this.open.close();
  }

  private async upload(name: string, pieces: AsyncIterable<Uint8Array>, options: PutOptions) {
    const { sse, kmsKey, storageClass } = this.config;
    const input: ObjectInput = {
      ...this.object(name), ContentType: options.contentType, Metadata: { sha256: options.sha256 },
      ServerSideEncryption: sse, SSEKMSKeyId: kmsKey, StorageClass: storageClass,
    };
    const uploading = { ...this.open, clock: this.context.ports.clock, onLeft: (error: unknown) => this.known.add(`${this.explained(error, `An unfinished upload of ${name} was not removed`, 's3:AbortMultipartUpload').message}.`) };
    const isSmall = options.bytes <= partBytes;
    if (!isSmall) await this.sweepOnce(options.signal);
    try {
      const done = await (isSmall ? putWhole : putInParts)(uploading, input, pieces, options);
      if (sse !== undefined && done.ServerSideEncryption !== sse) this.known.add(`The store did not confirm that it encrypts objects with \`backup.sse: ${sse}\`.`);
      return done;
    } catch (error) {
      const own = await this.ownAfter(error, name, options);
      if (own) return own;
      throw error;
    }
  }

  /** The object, if an attempt whose answer was lost has stored it, so the next one was refused. */
  private async ownAfter(error: unknown, name: string, { signal, sha256, bytes }: PutOptions): Promise<HeadObjectCommandOutput | undefined> {
    const { code, status, attempts } = factsOf(error);
    if (attempts < 2 || !(status === 412 || code === 'NoSuchUpload')) return undefined;
    const found = await this.lookUp(name, signal, false);
    return found?.Metadata?.['sha256'] === sha256 && found.ContentLength === bytes ? found : undefined;
  }

  private async sweepOnce(signal: AbortSignal): Promise<void> {
    if (this.isSwept) return;
    this.isSwept = true;
    const of = { bucket: this.config.to.bucket, base: this.base, now: this.context.ports.clock.now(), isOwn: this.context.isOwn };
    for (const note of await sweep(this.open, of, signal)) this.known.add(note);
  }

  /** @param isNeeded false: undefined for what is refused as well. Credentials that can only write are enough, and a write gets the reason. */
  private async lookUp(name: string, signal: AbortSignal, isNeeded: boolean): Promise<HeadObjectCommandOutput | undefined> {
    const { sdk, client } = this.open;
    const what = `${name} could not be looked up in ${this.address}`;
    signal.throwIfAborted();
    try {
      const found = await client.send(new sdk.HeadObjectCommand(this.object(name)), { abortSignal: signal });
      if (found.ETag === undefined) throw this.foreign(what);
      return found;
    } catch (error) {
      const { status = 0 } = factsOf(error);
      if (status === 404 || (status >= 400 && status < 500 && !isNeeded)) return undefined;
      throw this.explained(await this.reasonOf(error, name, signal), what, 's3:GetObject', signal);
    }
  }

  /** An answer to HEAD has no body, so it gives no reason. The same request with a body does. */
  private async reasonOf(error: unknown, name: string, abortSignal: AbortSignal): Promise<unknown> {
    const { status = 0 } = factsOf(error);
    if (status < 400 || status >= 500) return error;
    const { sdk, client } = this.open;
    return client.send(new sdk.GetObjectCommand({ ...this.object(name), Range: 'bytes=0-0' }), { abortSignal }).then(() => error, (reason: unknown) => reason);
  }

  private async doing<T>(what: string, permission: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      throw this.explained(error, what, permission, signal);
    }
  }

  /** What to throw for an error of the SDK. */
  private explained(error: unknown, what: string, permission: string, signal?: AbortSignal): Error {
    if (signal?.aborted) return signal.reason as Error;
    if (error instanceof SourceError) return error.error as Error;
    const { bucket } = this.config.to;
    const resource = permission.startsWith('s3:ListBucket') ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/${this.base}*`;
    const { host, region } = this.open;
    return explain(error, { what, permission, resource }, { bucket, host, region, now: () => this.context.ports.clock.now() });
  }

  private notStored(name: string, { bytes }: PutOptions, stored: HeadObjectCommandOutput | undefined): StoreError {
    if (stored === undefined) return this.foreign(`${name} was not stored in ${this.address}`);
    return new StoreError('corrupt', `${name} in ${this.address} has ${stored.ContentLength} bytes, but ${bytes} were sent`, 'The store has lost or changed data: check its disks.');
  }

  private readonly foreign = (what: string): StoreError =>
    new StoreError('invalid', `${what}: ${this.open.host} does not answer as S3 does`, 'Check `backup.endpoint`: it is the address of the API, not of a console or a website.');

  private readonly object = (name: string) => ({ Bucket: this.config.to.bucket, Key: `${this.base}${name}` });
}

/** The content of an object, whose errors are kept apart from those of the store. */
class Source {
  private failure: SourceError | undefined;
  constructor(private readonly content: AsyncIterable<Uint8Array>) {}

  async* pieces(): AsyncGenerator<Uint8Array> {
    const pieces = this.content[Symbol.asyncIterator]();
    try {
      for (let piece = await this.next(pieces); !piece.done; piece = await this.next(pieces)) yield piece.value;
    } finally {
      // Whoever stops to read may do so with an error of its own.
      await pieces.return?.();
    }
  }

  private async next(pieces: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    try {
      return await pieces.next();
    } catch (error) {
      this.failure = new SourceError(error);
      throw error;
    }
  }

  /** @throws SourceError if the content has failed, whatever the work rejects with then */
  async orItsError<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.failure ?? error;
    }
  }
}

class SourceError extends Error {
  constructor(readonly error: unknown) {
    super('the content failed');
  }
}

/** A key as `EncodingType: url` writes it. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return key;
  }
}
