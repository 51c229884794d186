import type { Problem } from '../outcome/errors.js';
import type { ActionName } from '../outcome/action.js';
import { both, either, quote } from './kit/checked.js';
import { suggestion } from './kit/did-you-mean.js';
import type { Fault } from './kit/checked.js';
import type { Spot } from './kit/node.js';
import { problemAt } from './kit/report.js';
import { settingText } from '../outcome/place-words.js';
import type { GivenDatabases } from './sections/databases.js';
import type { GivenValues, SettingName } from './settings.js';

/** What these rules look at. */
interface DataSettings {
  readonly action: ActionName;
  readonly values: GivenValues;
  readonly spots: Readonly<Partial<Record<SettingName, Spot>>>;
}

/** Settings of databases, backups and migrations that require or contradict each other. */
export function checkData(given: DataSettings): readonly Problem[] {
  const at = (name: SettingName, faults: readonly Fault[]): readonly Problem[] => faults.map((fault) => problemAt(given.spots[name] ?? { where: name }, fault));
  const { databases = {}, backup, migrate, database: wanted } = given.values;
  return [
    ...at('databases', Object.entries(databases).flatMap(([name, one]) => databaseFaults(name, one))),
    ...at('backup', backup ? backupFaults(backup) : []),
    ...at('migrate', migrate ? migrateFaults(given.values) : []),
    ...at('database', (wanted ?? []).flatMap((name) => unknownDatabase(name, databases))),
    ...at('disaster', given.values.disaster?.isMeant ? disasterFaults(given.values) : []),
    ...missing(given),
  ];
}

/** What the actions cannot do without. */
function missing({ action, values }: DataSettings): readonly Problem[] {
  if (action !== 'backup' && action !== 'restore') return [];
  const problem = (where: SettingName, hint: string): readonly Problem[] => (values[where] === undefined ? [{ where, message: 'is missing', hint }] : []);
  const { databases = {}, database = [] } = values;
  const ambiguous = action === 'restore' && !values.disaster?.isMeant && database.length !== 1 && Object.keys(databases).length > 1;
  return [
    ...problem('databases', 'Describe the databases in the settings file; docs/backup.md has examples.'),
    ...problem('backup', 'Say in the settings file where backups are kept: `backup: { to: s3://BUCKET/PREFIX }`.'),
    ...ambiguous ? [{ where: 'database', message: 'must name one database, as there are several', hint: `Name one of ${either(Object.keys(databases))}.` }] : [],
  ];
}

/** A recovery is of everything, into the live databases. */
function disasterFaults({ disaster, database, into, backup }: GivenValues): readonly Fault[] {
  return [
    ...disaster?.objects === undefined ? [{ message: 'is set, and the settings file has no `disaster.objects`', hint: 'Name there the files that kubectl applies. Of a chart, that is what `helm template` prints.' }] : [],
    ...into === 'scratch' ? [{ message: 'is set, and `into` is scratch', hint: 'Remove one of them: a drill of one backup needs no recovery.' }] : [],
    ...database !== undefined ? [{ message: 'is set, and `database` names some of the databases', hint: 'Remove `database`: a recovery restores all of them.' }] : [],
    ...backup?.choice?.by === 'name' ? [{ message: 'is set, and `backup` names the backup of one database', hint: 'Remove it for the newest backups, or set it to `before: TIME`.' }] : [],
  ];
}

type Given = GivenDatabases[string];

function databaseFaults(name: string, { engine, pod, url, service, container, cache, password, user, ...others }: Given): readonly Fault[] {
  const named = (message: string, hint: string): Fault => ({ message: `has the database ${quote(name)}, which ${message}`, hint });
  const ways = Object.entries({ pod, url, service }).flatMap(([way, value]) => (value === undefined ? [] : [`\`${way}\``]));
  return [
    ...ways.length === 0 ? [named('has no `pod`, `url` or `service`', 'Say how it is reached: labels of its pod, its address as env:NAME, or its service of Docker Compose.')] : [],
    ...ways.length > 1 ? [named(`has ${both(ways)}`, 'Keep one: it is reached in one way.')] : [],
    ...container !== undefined && pod === undefined ? [named('has a `container` without a `pod`', 'Remove it, or name the labels of the pod.')] : [],
    ...others['compose-files'] !== undefined && service === undefined ? [named('has `compose-files` without a `service`', 'Remove them, or name the service.')] : [],
    ...cache && engine !== 'redis' ? [named('is declared a cache, and only a Redis can be one', 'Remove the line.')] : [],
    ...password?.from === 'secret' && pod === undefined ? [named('has its password in a Secret of a cluster, but is not reached in one', 'Write env:NAME.')] : [],
    ...url !== undefined && (password !== undefined || user !== undefined) ? [named('has a `url` and a login beside it', 'Put user and password into the address, or name a `pod` or a `service`.')] : [],
  ];
}

function backupFaults(given: NonNullable<GivenValues['backup']>): readonly Fault[] {
  const { to, recipients = [], encrypt, verify, assertions = [], sign } = given;
  const s3Only = (['endpoint', 'region', 'path-style', 'sse', 'kms-key', 'storage-class', 'access-key', 'secret-key'] as const).filter((name) => given[name] !== undefined);
  const isOutside = to?.kind === 's3';
  return [
    ...isOutside && encrypt && recipients.length === 0 ? [{
      message: 'stores data outside without encryption', hint: 'Set `recipients` to public keys of age (`age-keygen` makes one), or `encrypt: false` if everyone with access to the store is allowed to read the data.',
    }] : [],
    ...!encrypt && recipients.length > 0 ? [{ message: 'has `recipients`, and `encrypt: false`', hint: 'Remove one of them.' }] : [],
    ...!isOutside && to !== undefined && s3Only.length > 0 ? [{ message: `has ${both(s3Only.map((name) => `\`${name}\``))}, which only S3 has`, hint: 'Remove them, or store to s3://BUCKET/PREFIX.' }] : [],
    ...given['kms-key'] !== undefined && given.sse !== 'aws:kms' ? [{ message: 'has a `kms-key` without `sse: aws:kms`', hint: 'Set both.' }] : [],
    ...(given['access-key'] === undefined) !== (given['secret-key'] === undefined) ? [{ message: 'has only one of `access-key` and `secret-key`', hint: 'Set both, or none.' }] : [],
    ...given.image !== undefined && to?.kind !== 'volume' ? [{ message: 'has an image, which only `pvc/…` uses', hint: 'Remove it.' }] : [],
    ...verify === 'archive' && assertions.length > 0 ? [{ message: 'has `assertions`, which need a restored copy', hint: 'Set `verify: restore`, or remove them.' }] : [],
    ...given['signed-by'] === undefined && sign !== undefined ? [{ message: 'has `sign` without `signed-by`', hint: 'Set `signed-by` to the public key, so a restore checks the signature.' }] : [],
  ];
}

function migrateFaults({ databases = {}, backup, migrate, workloads = [] }: GivenValues): readonly Fault[] {
  if (!migrate) return [];
  const wanted = migrate.database;
  const candidates = Object.entries(databases).filter(([, { engine }]) => engine === 'postgres').map(([name]) => name);
  const needsBackup = migrate.backup?.off === undefined;
  const migrated = databases[wanted ?? candidates[0] ?? ''];
  const outside = migrated !== undefined && migrated.pod === undefined;
  return [
    ...workloads.length === 0 ? [{ message: `needs ${settingText('workloads')}: the migration runs with the environment of one of them`, hint: 'Name the workloads.' }] : [],
    ...wanted !== undefined ? unknownDatabase(wanted, databases) : [],
    ...wanted === undefined && needsBackup && candidates.length !== 1 ? [{
      message: candidates.length === 0 ? 'needs a database under `databases`, which is backed up before' : 'must name its `database`, as there are several',
      hint: candidates.length === 0 ? 'Describe it, or set `migrate.backup.off` to the reason why no backup is needed.' : `Name one of ${either(candidates)}.`,
    }] : [],
    ...needsBackup && backup === undefined ? [{ message: 'needs `backup`: the database is backed up before', hint: 'Set `backup.to`, or `migrate.backup.off` to the reason why no backup is needed.' }] : [],
    ...migrate.rehearse && !needsBackup ? [{ message: 'has `rehearse`, and no backup that could be restored', hint: 'Remove `backup.off` or `rehearse`.' }] : [],
    ...migrate.rehearse && outside ? [{
      message: 'has `rehearse`, and its database is not reached in a pod (`pod`)', hint: 'A copy runs in the pod of the migration with the image of the database: name the pod of the database, or remove `rehearse`.',
    }] : [],
    ...migrate.workload !== undefined && !workloads.some(({ kind, name }) => `${kind}/${name}` === migrate.workload) ? [{
      message: `names the workload ${quote(migrate.workload)}, which is not among ${settingText('workloads')}`, hint: 'Write it as there, without a container.',
    }] : [],
  ];
}

function unknownDatabase(name: string, databases: GivenDatabases): readonly Fault[] {
  const known = Object.keys(databases);
  return known.includes(name) ? [] : [{
    message: `names the database ${quote(name)}, which is not under \`databases\``,
    hint: suggestion(name, known, known.length > 0 ? `There ${known.length === 1 ? 'is' : 'are'} ${both(known.map(quote))}.` : 'Describe it there.'),
  }];
}
