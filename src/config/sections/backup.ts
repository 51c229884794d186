import type { Kind, Out } from '../kit/kind.js';
import { longLimit } from '../kit/limits.js';
import { list } from '../kit/list.js';
import { object } from '../kit/object.js';
import { block, flag, line, word } from '../kit/text.js';
import { good } from '../kit/checked.js';
import { expectedFault } from '../kit/faults.js';
import { section } from '../setting.js';
import { age } from '../values/age.js';
import { argument } from '../values/argument.js';
import { backupAddress } from '../values/backup-address.js';
import { backupChoice, type BackupChoice } from '../values/backup-choice.js';
import { encryptions, storageClasses } from '../values/store-config.js';
import { recipients } from '../values/recipients.js';
import { retention } from '../values/retention.js';
import { duration } from '../values/duration.js';
import { secretReference } from '../values/secret-reference.js';
import { publicAddress } from '../values/service-address.js';
import { workloadList } from '../values/workloads.js';
import { dataActions } from './databases.js';

const store = {
  to: { needed: true, description: 'Where backups are kept: `s3://BUCKET/PREFIX`, a folder of this machine, or `pvc/NAME/PATH` for a volume of the cluster.', kind: backupAddress },
  endpoint: { description: 'Address of the S3 service.', default: 'that of AWS in the region', examples: ['https://s3.eu-central-1.amazonaws.com'], kind: publicAddress },
  region: { description: 'Region of the bucket.', default: '`AWS_REGION`, or `us-east-1`', kind: argument('a region') },
  'path-style': { description: '`true`: the bucket is in the path of the address, as MinIO and most others want it.', default: '`true` if `endpoint` is set', kind: flag },
  sse: { description: 'Encryption by the service, besides that for `recipients`.', default: 'the default of the bucket', kind: word(encryptions) },
  'kms-key': { description: 'Key for `aws:kms`.', default: 'the key of the account', kind: argument('a key') },
  'storage-class': { description: 'Storage class of the objects, as S3 names it.', examples: ['STANDARD_IA'], kind: word(storageClasses) },
  'access-key': { description: 'Access key of the service, as `env:NAME`.', default: 'the usual variables and profiles of AWS', kind: secretReference },
  'secret-key': { description: 'Secret key of the service, as `env:NAME`.', kind: secretReference },
  image: { description: 'Image of the pod that writes to the volume of `pvc/…`: any with a shell.', default: '`busybox:1.37`', kind: argument('an image') },
} as const;

const fields = {
  ...store,
  recipients: { description: 'Public keys of age (`age1…`) for which the backups are encrypted. Who has the private key of one of them can read them.', kind: recipients },
  encrypt: { description: '`false`: store them without encryption. It is needed where `recipients` is not set, unless they stay on this machine or in the cluster.', fallback: 'true', kind: flag },
  identity: { description: 'Private key of age, as `env:NAME`: for restores. Not needed for backups.', kind: secretReference },
  sign: { description: 'Private key (Ed25519, PEM), as `env:NAME`, which signs what is known of a backup.', kind: secretReference },
  'signed-by': { description: 'Public key (Ed25519, PEM) for `sign`. With it, a restore accepts signed backups only.', kind: block((text) => good(text.trim()), { expects: 'a public key in PEM' }) },
  verify: {
    description: '`restore`: restore each backup into a scratch server, and compare it. `archive`: only read it from its start to its end.',
    fallback: 'restore', kind: word(['restore', 'archive']),
  },
  rows: {
    description: 'How the rows of a restored backup are compared with those of the moment of the dump: `exact`: in every table; `sample`: in those that are smaller than 100 MB; `off`: not at all.',
    fallback: 'exact', kind: word(['exact', 'sample', 'off']),
  },
  assertions: {
    description: 'SQL queries that must return true, or a number other than 0, in the restored copy.',
    examples: [['SELECT count(*) > 0 FROM users']],
    kind: list(block(good, { expects: 'an SQL query', literal: true }), { expects: 'a list of SQL queries', longest: longLimit, mayBeEmpty: true }),
  },
  'allow-smaller': { description: '`true`: a database without tables, or a dump of less than half the size of the last one, is not an error.', fallback: 'false', kind: flag },
  'point-in-time': {
    description: '`auto`: also report to which moments pgBackRest or WAL-G can recover the server, where it archives with one of them. `trigger`: let pgBackRest make a backup after the dump, too. `off`: do not look.',
    fallback: 'auto', kind: word(['auto', 'trigger', 'off']),
  },
  retention: {
    description: 'Which backups stay: `30d` (those of 30 days, and at least the last 5), `gfs` (the last 4, 7 daily, 5 weekly, 12 monthly, 3 yearly), or a map of `last`, `hourly`, `daily`, `weekly`, `monthly`, `yearly`, `within`.',
    default: 'all of them', kind: retention,
  },
  rpo: { description: 'Age of the last verified backup from which on it is too old: the run fails with `backup-overdue`.', examples: ['6h'], kind: age },
  timeout: { description: 'Maximum duration of the dump, and of each restore.', fallback: '2h', kind: duration },
} as const;

const inFile = object(fields);
type InFile = Out<typeof inFile>;

/** In the file the settings of backups; as an input the backup that is restored. */
const kind: Kind<InFile & { readonly choice?: BackupChoice }> = {
  ...inFile, fromText: true, expects: backupChoice.expects,
  read: (node, report, under) => {
    if (node.at.file !== undefined) return node.type === 'map' ? inFile.read(node, report, under) : report.problem(node.at, expectedFault(inFile.expects, node));
    const choice = backupChoice.read(node, report);
    // What the file says of backups is under it: without that, its required fields are missing.
    return choice === undefined ? undefined : { ...under, choice } as InFile & { readonly choice: BackupChoice };
  },
};

export const backup = section('Backups', dataActions, {
  'backup': {
    asInput: ['restore'],
    description: 'Where and how the databases are backed up. docs/backup.md has the details.',
    descriptionFor: { restore: 'The backup to restore: its name, `latest` for the last verified one, or `before: TIME` for the last verified one before a time such as `2026-11-30T12:00:00Z`. Default: `latest`.' },
    examples: [{ to: 's3://acme-backups/api', recipients: ['age1…'], retention: '30d', rpo: '6h' }],
    kind,
  },
  'check': {
    actions: ['backup'], inFile: false,
    description: '`true`: make no backup, and fail with `backup-overdue` if the last verified backup of a database is older than `rpo`.',
    fallback: 'false', kind: flag,
  },
});

export const restore = section('Restore', ['restore'], {
  'into': {
    inFile: false,
    description: '`live`: replace the data of the database, which is kept beside it. `scratch`: a drill, which restores into a scratch server, compares, and removes it.',
    fallback: 'live', kind: word(['live', 'scratch']),
  },
  'confirm': {
    inFile: false,
    description: 'The name of the database (its field `database`) whose data is replaced. Without it, nothing is.',
    kind: line(good, { expects: 'the name of the database' }),
  },
  'fence': {
    description: 'Workloads that are scaled to 0 while the data is exchanged, and back afterwards.', default: '`workloads`',
    kind: workloadList,
  },
});

export type GivenBackup = Out<typeof kind>;
