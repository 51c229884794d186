import type { ListMultipartUploadsCommandOutput } from '@aws-sdk/client-s3';
import { factsOf } from './failure.js';
import type { OpenClient } from './client.js';

/** A run does not last that long, so nobody continues an upload that is older. ms */
const dayMs = 24 * 3600_000;

export interface Sweeping {
  readonly bucket: string;
  /** Of the keys of the store: `api/`. */
  readonly base: string;
  /** ms since 1970. */
  readonly now: number;
  /** Whether an object of this name, below the base, is written by this action. */
  readonly isOwn: (name: string) => boolean;
}

/**
 * Removes what uploads have left that were started by killed runs: their parts take space, and no list of objects shows them.
 * @returns what could not be done, as sentences
 */
export async function sweep({ sdk, client }: OpenClient, { bucket: Bucket, base, now, isOwn }: Sweeping, abortSignal: AbortSignal): Promise<readonly string[]> {
  try {
    for (let page: ListMultipartUploadsCommandOutput | undefined; page === undefined || page.IsTruncated;) {
      const after = { KeyMarker: page?.NextKeyMarker, UploadIdMarker: page?.NextUploadIdMarker };
      page = await client.send(new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: base, ...after }), { abortSignal });
      const old = (page.Uploads ?? []).filter(({ Key = '', Initiated }) => Key.startsWith(base) && isOwn(Key.slice(base.length)) && now - (Initiated?.getTime() ?? now) > dayMs);
      for (const { Key, UploadId } of old) await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }), { abortSignal });
    }
    return [];
  } catch (error) {
    abortSignal.throwIfAborted();
    const { status, code } = factsOf(error);
    const why = status === 403 ? 'the credentials are not allowed to (s3:ListBucketMultipartUploads, s3:AbortMultipartUpload)' : `the store returned ${status ?? 'no answer'} ${code}`.trimEnd();
    return [`Uploads that interrupted runs left unfinished could not be removed: ${why}. A lifecycle rule with AbortIncompleteMultipartUpload removes them as well.`];
  }
}
