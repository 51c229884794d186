import type { BackupAddress } from './backup-address.js';

/** As the API of S3 names them. */
export const encryptions = ['AES256', 'aws:kms', 'aws:kms:dsse'] as const;
export const storageClasses = [
  'STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE', 'REDUCED_REDUNDANCY', 'EXPRESS_ONEZONE', 'OUTPOSTS', 'SNOW',
] as const;

/** A place for backups with all that is needed to use it. What is beside `to` is for S3 alone, except for `image`. */
export interface StoreConfig {
  readonly to: BackupAddress;
  /** Address of the server, `https://…`; that of AWS in the region unless given. */
  readonly endpoint?: string;
  readonly region?: string;
  /** The bucket in the path instead of the host; unless given, where there is an endpoint. */
  readonly pathStyle?: boolean;
  readonly sse?: (typeof encryptions)[number];
  /** Id or ARN; only with `aws:kms` and `aws:kms:dsse`. */
  readonly kmsKey?: string;
  readonly storageClass?: (typeof storageClasses)[number];
  /** Resolved and masked; those of the environment unless given. */
  readonly credentials?: { readonly accessKey: string; readonly secretKey: string; readonly sessionToken?: string };
  /** Of the pod that mounts a volume. */
  readonly image?: string;
}
