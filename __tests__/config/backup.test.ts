import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Checked } from '../../src/config/kit/checked.js';
import { readWhole } from '../../src/config/kit/kind.js';
import { Report } from '../../src/config/kit/report.js';
import { readSettingsText } from '../../src/config/settings-file.js';
import { describeProblem } from '../../src/outcome/errors.js';
import { formatBackupAddress, parseBackupAddress } from '../../src/config/values/backup-address.js';
import { parseRetention, parseSpan, retention } from '../../src/config/values/retention.js';

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
    ['s3://KEY:SECRET@acme/api', 'has a login in it. It would appear in logs. Remove it, and set `backup.access-key` and `backup.secret-key` as env:NAME. If it was a real secret, replace it.'],
    ['s3://acme/api?region=eu', 'has "?" or "#" in it. Write s3://BUCKET/PREFIX; everything else is a setting of its own, such as `backup.region`.'],
    ['s3://acme/a//b', 'has an empty part in its prefix. Write exactly one "/" between the parts.'],
    ['s3://acme/a b', `has the part "a b" in its prefix, which is not allowed. ${parts}`],
    ['s3://acme/../b', `has the part ".." in its prefix, which is not allowed. ${parts}`],
    [`s3://acme/${'a'.repeat(513)}`, 'has a prefix of 513 characters. Give at most 512.'],
    ['https://s3.eu-central-1.amazonaws.com/acme', 'starts with "https://". Write s3://BUCKET/PREFIX here, and the address of the server as `backup.endpoint`.'],
    ['file:///mnt/backups', 'is the URL of a file. Write the path of the folder alone, e.g. /mnt/backups.'],
    ['gs://acme/api', 'is an address of Google Cloud Storage. Write "s3://acme/api", the `backup.endpoint` https://storage.googleapis.com, and an HMAC key as credentials.'],
    ['gs://KEY:SECRET@acme', 'is an address of Google Cloud Storage. Write "s3://acme", the `backup.endpoint` https://storage.googleapis.com, and an HMAC key as credentials.'],
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

const span = (text: string, parts: object) => ({ years: 0, months: 0, days: 0, hours: 0, text, ...parts });

describe('a retention', () => {
  it.each([
    ['30d', { within: span('30d', { days: 30 }), last: 5 }],
    ['1y6mo', { within: span('1y6mo', { years: 1, months: 6 }), last: 5 }],
    ['2w12h', { within: span('2w12h', { days: 14, hours: 12 }), last: 5 }],
    ['gfs', { last: 4, daily: 7, weekly: 5, monthly: 12, yearly: 3 }],
  ])('is %s', (text, value) => expect(seen(parseRetention(text))).toEqual(value));

  const form = 'Write 30d or another span (y, mo, w, d, h), gfs, or a map of rules.';
  it.each([
    ['30', 'is "30", which has no unit. Did you mean "30d"?'],
    ['0d', 'is "0d", which is zero. Give more than zero.'],
    ['6m', 'is "6m", which could be minutes or months. Write "6mo" for months.'],
    ['30 days', 'is "30 days", which is not a span of time. Did you mean "30d"?'],
    ['6 months', 'is "6 months", which is not a span of time. Did you mean "6mo"?'],
    ['forever', `is "forever", which is not a retention. ${form}`],
    ['12h30d', `is "12h30d", which is not a retention. ${form}`],
    ['', `is "", which is not a retention. ${form}`],
  ])('is refused as %j', (text, message) => expect(seen(parseRetention(text))).toBe(message));

  it('has a span that says its form', () => {
    expect(seen(parseSpan('forever'))).toBe('is "forever", which is not a span of time. Write numbers with units, the longest first: y, mo, w, d, h, e.g. 30d or 1y6mo.');
  });

  function readFromFile(text: string): unknown {
    const report = new Report();
    const read = readSettingsText('deploy.yml', `retention: ${text}`);
    const node = 'root' in read ? read.root.entries[0]?.value : undefined;
    const value = node && readWhole(retention, node, report);
    return report.problems.length > 0 ? report.problems.map(describeProblem) : value;
  }

  it('is a map of rules in the file', () => {
    expect(readFromFile('{ last: 5, daily: 7, within: 30d }')).toEqual({ last: 5, daily: 7, within: span('30d', { days: 30 }) });
    expect(readFromFile('gfs')).toMatchObject({ weekly: 5 });
  });

  it.each([
    ['{}', 'deploy.yml:1:1: retention: has no rule, so no backup would stay. Give at least one of `last`, `hourly`, `daily`, `weekly`, `monthly`, `yearly` and `within`.'],
    ['{ dayly: 7 }', 'deploy.yml:1:14: retention: unknown key "dayly". Did you mean "daily"?'],
    ['{ daily: 0 }', 'deploy.yml:1:14: retention.daily: is "0", which is not a whole number from 1 to 999999'],
    ['{ within: 30 }', 'deploy.yml:1:14: retention.within: is "30", which has no unit. Did you mean "30d"?'],
  ])('is refused in the file as %s', (text, message) => expect(readFromFile(text)).toEqual([message]));
});
