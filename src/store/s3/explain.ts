import { HttpError } from '../../ports/http.js';
import { messageOf } from '../../outcome/wording.js';
import { StoreError, type StoreTrouble } from '../store.js';
import { factsOf, type Failure } from './failure.js';

/** What was done when it failed. */
export interface Doing {
  /** As a clause: `main/x/dump was not stored in s3://acme-backups/api`. */
  readonly what: string;
  /** What the credentials need for it: `s3:PutObject`. */
  readonly permission: string;
  /** On what, as policies name it: `arn:aws:s3:::acme-backups/api/*`. */
  readonly resource: string;
}

/** Whose request it was. */
export interface Asked {
  readonly bucket: string;
  /** `https://s3.eu-central-1.amazonaws.com` */
  readonly host: string;
  readonly region: string;
  /** ms since 1970, of this machine. */
  now(): number;
}

type Words = readonly [trouble: StoreTrouble, why: string, hint: string];

/** The StoreError for what the SDK threw; a StoreError, and what a signal aborted with, as they are. */
export function explain(error: unknown, doing: Doing, asked: Asked): StoreError {
  if (error instanceof StoreError) return error;
  const [trouble, why, hint] = error instanceof HttpError ? ofConnection(error) : ofAnswer(factsOf(error), doing, asked, error);
  return new StoreError(trouble, `${doing.what}: ${why}`, hint, { cause: error });
}

function ofConnection({ trouble, message }: HttpError): Words {
  switch (trouble) {
    case 'name': return ['invalid', message, 'Check `backup.endpoint` and `backup.region`: the name of the server is made from them.'];
    case 'look-up': return ['unavailable', message, 'Check the DNS of this machine.'];
    case 'certificate': return ['invalid', message, 'If the store has a certificate of an own authority, name its file in NODE_EXTRA_CA_CERTS.'];
    case 'other': return ['unavailable', message, 'Check that this machine reaches the `backup.endpoint`, also through firewalls and proxies.'];
  }
}

const wrongKey = 'Check the access key and the secret key, also for blanks at their ends.';
const expired = 'Get new credentials: those of a role are valid for a limited time, so log in shortly before.';

/** By the codes of https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and of MinIO and versitygw. */
const byCode: Readonly<Record<string, readonly [StoreTrouble, string]>> = {
  InvalidAccessKeyId: ['denied', wrongKey], XAdminUserNotFound: ['denied', wrongKey], SignatureDoesNotMatch: ['denied', wrongKey], AuthorizationHeaderMalformed: ['denied', wrongKey],
  ExpiredToken: ['denied', expired], TokenRefreshRequired: ['denied', expired], InvalidToken: ['denied', expired], ExpiredTokenException: ['denied', expired],
  NoSuchKey: ['missing', 'Check what else removes objects from the bucket, such as a lifecycle rule.'],
  NoSuchUpload: ['unavailable', 'Check what else removes unfinished uploads from the bucket, such as a lifecycle rule, then run it again.'],
  PreconditionFailed: ['exists', 'Objects are never replaced: check what else writes into this bucket.'],
  QuotaExceeded: ['full', 'Raise the quota, or shorten the retention.'], XMinioAdminBucketQuotaExceeded: ['full', 'Raise the quota of the bucket, or shorten the retention.'],
  XMinioStorageFull: ['full', 'Free space on the disks of the store, or shorten the retention.'], InsufficientStorage: ['full', 'Free space in the store, or shorten the retention.'],
  EntityTooLarge: ['invalid', 'Use a store that takes objects of this size.'],
  BadDigest: ['corrupt', 'Data changed on its way. Check the network and the memory of this machine.'], InvalidDigest: ['corrupt', 'Check whether a proxy changes requests.'],
  XAmzContentSHA256Mismatch: ['corrupt', 'Data changed on its way. Check the network and the memory of this machine.'], XAmzContentChecksumMismatch: ['corrupt', 'Data changed on its way. Check the network and the memory of this machine.'],
  InvalidStorageClass: ['invalid', 'Check `backup.storage-class`: stores other than AWS know only a few classes.'],
  InvalidObjectState: ['unavailable', 'The object is archived. Restore it in the archive first (`aws s3api restore-object`), or use a `backup.storage-class` that is read at once.'],
  InvalidEncryptionAlgorithmError: ['invalid', 'Check `backup.sse`.'], ObjectLocked: ['retained', 'It can be removed when its retention has ended.'],
};

function ofAnswer(facts: Failure, doing: Doing, asked: Asked, error: unknown): Words {
  const { status, code, message } = facts;
  const named = wordsOfSdk.includes(code) ? `${status}` : `${status} ${code}`;
  const said = `${asked.host} returned ${named}${wordsOfSdk.includes(message) || isParserError(message) ? '' : `: ${message.trimEnd().replace(/\.$/, '')}`}`;
  if (status === undefined) return withoutAnswer(code, messageOf(error));
  if (code === 'RequestTimeTooSkewed') return ['denied', clocks(facts, asked), 'Set the clock of this machine, or of the store, by NTP.'];
  if (isOtherRegion(facts, asked)) return ['invalid', `the bucket ${asked.bucket} is in the region ${facts.region}, not in ${asked.region}`, `Set \`backup.region: ${facts.region}\`, and a \`backup.endpoint\` of that region if one is set.`];
  if (code === 'NoSuchBucket') return ['missing', `the bucket ${asked.bucket} does not exist at ${asked.host}`, 'Create it, or check its name, `backup.endpoint` and `backup.region`.'];
  if (/\bobject.?lock|\bWORM\b|\blegal hold\b|\bretention\b|\bobject is protected\b/i.test(message)) return ['retained', said, 'It can be removed when its retention has ended.'];
  if (/^KMS\./.test(code)) return ['invalid', said, 'Check `backup.kms-key`, and whether the credentials are allowed to use it.'];
  if (code === 'MethodNotAllowed' || code === 'NotImplemented' || status === 501) return ['invalid', `${said}: the store does not support this`, 'Use a store that supports this part of S3, or remove the setting that needs it.'];
  const known = Object.hasOwn(byCode, code) ? byCode[code] : undefined;
  if (known) return [known[0], said, known[1]];
  if (isForeign(facts)) return ['invalid', `${said}, which is not an answer of S3`, 'Check `backup.endpoint`: it is the address of the API, not of a console or a website.'];
  return byStatus(facts, said, doing, asked);
}

/** What the SDK calls an answer without a body. */
const wordsOfSdk = ['', 'Unknown', 'UnknownError', 'NotFound', 'Error'];

function byStatus({ status = 0, attempts, message }: Failure, said: string, { permission, resource }: Doing, asked: Asked): Words {
  const tried = attempts > 1 ? `, also in the last of ${attempts} attempts` : '';
  if (status === 401 || status === 403) {
    const named = /not authorized to perform: ([\w:*-]+)(?: on resource: "?([^\s"]+))?/.exec(message);
    return ['denied', said, `Allow ${named?.[1] ?? permission} on ${named?.[2] ?? resource}.`];
  }
  if (status === 404) return ['missing', said, `Check the bucket ${asked.bucket}, \`backup.endpoint\` and \`backup.region\`.`];
  if (status === 412) return ['exists', said, 'Objects are never replaced: check what else writes into this bucket.'];
  if (status === 507) return ['full', said, 'Free space in the store, or shorten the retention.'];
  if (status === 429 || status >= 500) return ['unavailable', `${said}${tried}`, 'Try again later. If it lasts, check the status of the store.'];
  return ['invalid', said, 'Check the settings of the store: `backup.endpoint`, `backup.region`, `backup.sse` and `backup.storage-class`.'];
}

/** Of the SDK, for an answer that is no XML. */
const isParserError = (message: string): boolean => message.startsWith('@aws-sdk XML parse error');

/** A bucket that is reached in another region: 301 by AWS, 400 with the region that the signature must have. */
const isOtherRegion = ({ status, code, region }: Failure, asked: Asked): boolean => region !== undefined && region !== asked.region
  && (status === 301 || status === 307 || ['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException', 'TemporaryRedirect'].includes(code));

const isForeign = ({ status = 0, code, message, contentType = '' }: Failure): boolean => status < 500 && !/xml/.test(contentType) && (isParserError(message) || (wordsOfSdk.includes(code) && contentType.startsWith('text/html')));

function clocks({ storeTime, ownTime }: Failure, asked: Asked): string {
  const own = ownTime ?? new Date(asked.now()).toISOString().replace(/\.\d+/, '');
  return `the clocks differ too much: ${storeTime === undefined ? 'the store has another time' : `the store has ${storeTime}`}, this machine ${own}`;
}

/** Credentials that could not be found or read; a bug otherwise. */
function withoutAnswer(code: string, message: string): Words {
  if (/^(?:CredentialsProviderError|TokenProviderError|ProviderError)$/.test(code)) {
    return ['denied', `there are no credentials for it: ${message}`, 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with a role, or set `backup.access-key` and `backup.secret-key` as env:NAME.'];
  }
  return ['unavailable', message, 'If it lasts, this is a bug in this action: report it with this message.'];
}
