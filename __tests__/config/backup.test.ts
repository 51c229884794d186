import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Checked } from '../../src/config/kit/checked.js';
import { formatBackupAddress, parseBackupAddress } from '../../src/config/values/backup-address.js';

/** What a reader sees: `message. hint`, or the value. */
const seen = (checked: Checked<unknown>): unknown => (checked.ok ? checked.value : checked.faults.map(({ message, hint }) => (hint ? `${message}. ${hint}` : message)).join(' | '));

describe('the place of backups', () => {
  it.each([
    ['s3://acme-backups', { kind: 's3', bucket: 'acme-backups', prefix: '' }],
    ['s3://acme-backups/', { kind: 's3', bucket: 'acme-backups', prefix: '' }],
    ['s3://acme.backups/api/env=prod/', { kind: 's3', bucket: 'acme.backups', prefix: 'api/env=prod' }],
    ['./backups', { kind: 'folder', path: './backups' }],
    ['../backups/', { kind: 'folder', path: '../backups' }],
    ['/mnt/my backups', { kind: 'folder', path: '/mnt/my backups' }],
    ['/', { kind: 'folder', path: '/' }],
    ['.', { kind: 'folder', path: '.' }],
    ['pvc/backups', { kind: 'volume', claim: 'backups', path: '' }],
    ['pvc/data-postgresql-0/backups/api', { kind: 'volume', claim: 'data-postgresql-0', path: 'backups/api' }],
    ['PersistentVolumeClaim/backups', { kind: 'volume', claim: 'backups', path: '' }],
  ])('is %s', (text, address) => expect(seen(parseBackupAddress(text))).toEqual(address));

  const form = 'Write s3://BUCKET/PREFIX, a folder such as ./backups or /mnt/backups, or pvc/CLAIM/PATH.';
  const bucket = 'The name of a bucket has 3 to 63 lower-case letters, digits, dots and dashes, and starts and ends with a letter or digit.';
  const parts = 'Each part has letters, digits, "_", ".", "-" and "=", and is neither "." nor "..".';
  const claim = 'Names in Kubernetes have lower-case letters, digits and dashes, and start and end with a letter or digit. Write pvc/CLAIM/PATH.';
  it.each([
    ['', `is empty. ${form}`],
    ['backups', `is "backups", which is not a place for backups. Did you mean "./backups"? ${form}`],
    ['my backups', `is "my backups", which is not a place for backups. ${form}`],
    ['~/backups', 'is "~/backups", and "~" is not replaced by the home directory. Write the whole path.'],
    ['.\\backups', 'is ".\\backups", which has a backslash. Separate folders by "/".'],
    ['s3:acme', 'has no "//" after "s3:". Write s3://BUCKET/PREFIX.'],
    ['s3://', `does not name the bucket. ${bucket}`],
    ['s3:///api', `does not name the bucket. ${bucket}`],
    ['s3://Acme_Backups/api', `names the bucket "Acme_Backups", which is not a valid name. ${bucket}`],
    ['s3://ab', `names the bucket "ab", which is not a valid name. ${bucket}`],
    ['s3://10.0.0.1/x', `names the bucket "10.0.0.1", which is not a valid name. ${bucket}`],
    ['s3://a..b/x', `names the bucket "a..b", which is not a valid name. ${bucket}`],
    ['s3://KEY:SECRET@acme/api', 'has a login in it. It would appear in logs. Remove it, and set `access-key` and `secret-key` as env:NAME. If it was a real secret, replace it.'],
    ['s3://acme/api?region=eu', 'has "?" or "#" in it. Write s3://BUCKET/PREFIX; everything else is a setting of its own, such as `region`.'],
    ['s3://acme/a//b', 'has an empty part in its prefix. Write exactly one "/" between the parts.'],
    ['s3://acme/a b', `has the part "a b" in its prefix, which is not allowed. ${parts}`],
    ['s3://acme/../b', `has the part ".." in its prefix, which is not allowed. ${parts}`],
    [`s3://acme/${'a'.repeat(513)}`, 'has a prefix of 513 characters. Give at most 512.'],
    ['https://s3.eu-central-1.amazonaws.com/acme', 'starts with "https://". Write s3://BUCKET/PREFIX here, and the address of the server as `endpoint`.'],
    ['file:///mnt/backups', 'is the URL of a file. Write the path of the folder alone, e.g. /mnt/backups.'],
    ['gs://acme/api', 'is an address of Google Cloud Storage. Write "s3://acme/api", the `endpoint` https://storage.googleapis.com, and an HMAC key as credentials.'],
    ['gs://KEY:SECRET@acme', 'is an address of Google Cloud Storage. Write "s3://acme", the `endpoint` https://storage.googleapis.com, and an HMAC key as credentials.'],
    ['azure://x', `has the scheme "azure", which is unknown. ${form}`],
    ['pvc://backups', 'starts with "pvc:". Write pvc/CLAIM/PATH.'],
    ['pvc', `does not name the PersistentVolumeClaim. ${claim}`],
    ['pvc/Backups', `names the PersistentVolumeClaim "Backups", which is not a valid name. ${claim}`],
    ['pvc/backups/../x', `has the part ".." in its path, which is not allowed. ${parts}`],
  ])('is refused as %j', (text, message) => expect(seen(parseBackupAddress(text))).toBe(message));

  it('is written as it is read', () => {
    const part = fc.stringMatching(/^[a-z0-9_=-]{1,8}$/);
    const path = fc.array(part, { maxLength: 4 }).map((all) => all.join('/'));
    const address = fc.oneof(
      fc.record({ kind: fc.constant('s3' as const), bucket: fc.stringMatching(/^[a-z0-9][a-z0-9-]{1,10}[a-z0-9]$/), prefix: path }),
      fc.record({ kind: fc.constant('volume' as const), claim: fc.stringMatching(/^[a-z0-9]{1,10}$/), path }),
      path.map((each) => ({ kind: 'folder' as const, path: `./${each}`.replace(/(?<=[^/])\/$/, '') })),
    );
    fc.assert(fc.property(address, (each) => expect(seen(parseBackupAddress(formatBackupAddress(each)))).toEqual(each)));
  });
});
