import { bad, good, quote, type Checked } from '../kit/checked.js';
import { line } from '../kit/text.js';
import { isObjectName, nameFault, nameRule } from './kubernetes-names.js';

/** Where backups are kept: a bucket, a folder of the machine, or a volume in the cluster. */
export type BackupAddress =
  /** `prefix` has no slash at its ends; empty for the whole bucket. */
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string }
  /** Absolute, or relative to the working directory. */
  | { readonly kind: 'folder'; readonly path: string }
  /** A PersistentVolumeClaim; `path` as `prefix`, inside the volume. */
  | { readonly kind: 'volume'; readonly claim: string; readonly path: string };

const form = 'Write s3://BUCKET/PREFIX, a folder such as ./backups or /mnt/backups, or pvc/CLAIM/PATH.';

/** `s3://bucket/prefix`, `./folder`, `/folder` or `pvc/claim/path`. A login in an address is never repeated. */
export function parseBackupAddress(text: string): Checked<BackupAddress> {
  const [, scheme, rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/.exec(text) ?? [];
  if (scheme !== undefined) return scheme === 's3' ? parseBucket(rest) : bad(...otherScheme(scheme.toLowerCase(), rest));
  if (/^(?:pvc|persistentvolumeclaims?)(?:\/|$)/i.test(text)) return parseClaim(text.slice(text.indexOf('/') + 1), text.includes('/'));
  if (text.startsWith('~')) return bad(`is ${quote(text)}, and "~" is not replaced by the home directory`, 'Write the whole path.');
  if (text.includes('\\')) return bad(`is ${quote(text)}, which has a backslash`, 'Separate folders by "/".');
  if (/^\.{0,2}\//.test(text) || text === '.' || text === '..') return good({ kind: 'folder', path: text.replace(/(?<=[^/])\/+$/, '') });
  if (text === '') return bad('is empty', form);
  return bad(`is ${quote(text)}, which is not a place for backups`, `${/^[\w./-]+$/.test(text) ? `Did you mean "./${text}"? ` : ''}${form}`);
}

function otherScheme(scheme: string, rest: string): [message: string, hint: string] {
  const near = rest.replace(/^\/+/, '').replace(/^[^/]*@/, '').replace(/(?<!\/)\/+$/, '');
  if (scheme === 'file') return ['is the URL of a file', 'Write the path of the folder alone, e.g. /mnt/backups.'];
  if (scheme === 'http' || scheme === 'https') return [`starts with "${scheme}://"`, 'Write s3://BUCKET/PREFIX here, and the address of the server as `backup.endpoint`.'];
  if (scheme === 'gs') return ['is an address of Google Cloud Storage', `Write ${quote(`s3://${near}`)}, the \`backup.endpoint\` https://storage.googleapis.com, and an HMAC key as credentials.`];
  if (scheme === 'pvc') return ['starts with "pvc:"', 'Write pvc/CLAIM/PATH.'];
  return [`has the scheme ${quote(scheme)}, which is unknown`, form];
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const bucketRule = 'The name of a bucket has 3 to 63 lower-case letters, digits, dots and dashes, and starts and ends with a letter or digit.';
const isBucket = (name: string): boolean => /^[a-z0-9](?:[a-z0-9-]|\.(?=[a-z0-9])){1,61}[a-z0-9]$/.test(name) && !/^\d+\.\d+\.\d+\.\d+$/.test(name);

function parseBucket(rest: string): Checked<BackupAddress> {
  if (!rest.startsWith('//')) return bad('has no "//" after "s3:"', 'Write s3://BUCKET/PREFIX.');
  const [bucket = '', ...parts] = rest.slice(2).split('/');
  if (bucket.includes('@')) return bad('has a login in it', 'It would appear in logs. Remove it, and set `backup.access-key` and `backup.secret-key` as env:NAME. If it was a real secret, replace it.');
  if (/[?#]/.test(rest)) return bad('has "?" or "#" in it', 'Write s3://BUCKET/PREFIX; everything else is a setting of its own, such as `backup.region`.');
  if (!isBucket(bucket)) return bad(bucket === '' ? 'does not name the bucket' : `names the bucket ${quote(bucket)}, which is not a valid name`, bucketRule);
  return withPath(parts.join('/'), 'prefix', (prefix) => ({ kind: 's3', bucket, prefix }));
}

function parseClaim(rest: string, hasSlash: boolean): Checked<BackupAddress> {
  const [claim = '', ...parts] = hasSlash ? rest.split('/') : [];
  if (!isObjectName(claim)) return bad(nameFault('PersistentVolumeClaim', claim), `${nameRule} Write pvc/CLAIM/PATH.`);
  return withPath(parts.join('/'), 'path', (path) => ({ kind: 'volume', claim, path }));
}

/** Names in it become parts of object keys, of paths, and of lines in reports. */
function withPath(text: string, what: string, address: (path: string) => BackupAddress): Checked<BackupAddress> {
  const path = text.replace(/(?<!\/)\/+$/, '');
  if (path === '') return good(address(''));
  const wrong = path.split('/').find((part) => !/^[A-Za-z0-9_.=-]+$/.test(part) || /^\.{1,2}$/.test(part));
  if (wrong === undefined) return path.length <= 512 ? good(address(path)) : bad(`has a ${what} of ${path.length} characters`, 'Give at most 512.');
  if (wrong === '') return bad(`has an empty part in its ${what}`, 'Write exactly one "/" between the parts.');
  return bad(`has the part ${quote(wrong)} in its ${what}, which is not allowed`, 'Each part has letters, digits, "_", ".", "-" and "=", and is neither "." nor "..".');
}

/** As people write it. */
export function formatBackupAddress(address: BackupAddress): string {
  if (address.kind === 'folder') return address.path;
  const [start, path] = address.kind === 's3' ? [`s3://${address.bucket}`, address.prefix] : [`pvc/${address.claim}`, address.path];
  return path === '' ? start : `${start}/${path}`;
}

export const backupAddress = line(parseBackupAddress, { expects: 'a place such as s3://acme-backups/api, ./backups or pvc/backups/api' });
