import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { ActionName } from '../../src/outcome/action.js';
import { ConfigError, describeProblem } from '../../src/outcome/errors.js';
import { parseAddress } from '../../src/config/database-config.js';
import { commandOfText } from '../../src/config/migrate-config.js';
import { parseAge } from '../../src/config/values/age.js';
import { parseBackupChoice } from '../../src/config/values/backup-choice.js';
import { parseSelector } from '../../src/config/values/database.js';
import { parseTexts } from './parse-texts.js';

const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const env = {
  DATABASE_URL: 'postgres://translator:p%40ss@prod-db:5433/translator?sslmode=verify-full', REDIS: 'rediss://:t0ken-t0ken@cache:6380/2', PASSWORD: 'hunter2-hunter2', KEY: key, WRONG: 'x', ACCESS: 'AKIAEXAMPLE12345', SECRET: 'secret-secret-secret',
};
const main = { engine: 'postgres', pod: 'app.kubernetes.io/name=postgresql', database: 'acci', user: 'acci', password: 'secret/postgresql/password' };
const backup = { to: 's3://acme-backups/api', recipients: [recipient] };

const parse = (file: object, { action = 'backup', inputs = {} }: { readonly action?: ActionName; readonly inputs?: Record<string, string> } = {}) =>
  parseTexts({ action, inputs, text: JSON.stringify(file), facts: { env, defaultApp: 'acme/api' } });
function problems(file: object, options: Parameters<typeof parse>[1] = {}): readonly string[] {
  try {
    parse(file, options);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => describeProblem({ ...problem, file: undefined }));
  }
}

describe('databases', () => {
  it('are reached in a pod, by an address or in a service of compose', () => {
    const { config } = parse({ databases: { main, remote: { engine: 'postgres', url: 'env:DATABASE_URL' }, db: { engine: 'postgres', service: 'db', user: 'user', password: 'env:PASSWORD' } }, backup });
    expect(config.databases).toEqual([
      {
        name: 'main', engine: 'postgres', reach: { kind: 'pod', selector: 'app.kubernetes.io/name=postgresql' }, database: 'acci', user: 'acci', isCache: false,
        password: { secret: 'postgresql', key: 'password' },
      },
      { name: 'remote', engine: 'postgres', reach: { kind: 'address', host: 'prod-db', port: 5433, options: { sslmode: 'verify-full' } }, database: 'translator', user: 'translator', isCache: false, password: { text: 'p@ss' } },
      { name: 'db', engine: 'postgres', reach: { kind: 'service', service: 'db', files: [] }, database: 'user', user: 'user', isCache: false, password: { text: env.PASSWORD } },
    ]);
  });

  it('need no password for a check of the age of the last backup, which opens none', () => {
    const file = { databases: { main, far: { engine: 'postgres', url: 'env:UNSET' }, db: { engine: 'postgres', service: 'db', password: 'env:UNSET' } }, backup: { ...backup, sign: 'env:UNSET', 'signed-by': 'PEM' } };
    const { config, warnings } = parse(file, { inputs: { check: 'true' } });
    expect([config.databases.map(({ name, password }) => [name, password]), config.backup?.signingKey, warnings]).toEqual([[['main', undefined], ['far', undefined], ['db', undefined]], undefined, []]);
    expect(problems(file)).toHaveLength(3);
  });

  it('can be a Redis, with TLS', () => {
    const { config } = parse({ databases: { cache: { engine: 'redis', url: 'env:REDIS', cache: true } }, backup });
    expect(config.databases).toEqual([{ name: 'cache', engine: 'redis', reach: { kind: 'address', host: 'cache', port: 6380, options: { tls: 'true' } }, database: '2', isCache: true, password: { text: 't0ken-t0ken' } }]);
  });

  it('are those of the environment, field by field', () => {
    const { config } = parse({ databases: { main }, backup, environments: { prod: { databases: { main: { database: 'production' } } } } }, { inputs: { environment: 'prod' } });
    expect(config.databases).toMatchObject([{ database: 'production', user: 'acci' }]);
  });

  it('of a backup are those that the input names', () => {
    const file = { databases: { main, other: { ...main, database: 'other' } }, backup };
    expect(parse(file).config.databases.map(({ name }) => name)).toEqual(['main', 'other']);
    expect(parse(file, { inputs: { database: 'other' } }).config.databases.map(({ name }) => name)).toEqual(['other']);
  });

  it('and their passwords are not needed by a deployment without a migration, nor by a check', () => {
    const file = { databases: { main: { ...main, password: 'env:UNSET' } }, backup, workloads: ['deployment/api'], image: 'acme/api', migrate: { run: 'npm run db:migrate' } };
    expect(parse({ ...file, migrate: undefined }, { action: 'deploy' }).config.databases).toEqual([]);
    expect(parse(file, { action: 'pr-check' }).config).toMatchObject({ databases: [], migrate: { text: 'npm run db:migrate' } });
    expect(problems(file, { action: 'deploy' })).toEqual([expect.stringContaining('databases.main.password: the environment variable UNSET is not set or empty')]);
  });

  it.each<[string, object, string]>([
    ['no way', { engine: 'postgres' }, 'databases: has the database "main", which has no `pod`, `url` or `service`. Say how it is reached: labels of its pod, its address as env:NAME, or its service of Docker Compose.'],
    ['two ways', { ...main, service: 'db' }, 'databases: has the database "main", which has `pod` and `service`. Keep one: it is reached in one way.'],
    ['a container of nothing', { engine: 'postgres', service: 'db', container: 'x' }, 'databases: has the database "main", which has a `container` without a `pod`. Remove it, or name the labels of the pod.'],
    ['a cache that is none', { ...main, cache: true }, 'databases: has the database "main", which is declared a cache, and only a Redis can be one. Remove the line.'],
    ['a Secret of no cluster', { engine: 'postgres', service: 'db', password: 'secret/a/b' }, 'databases: has the database "main", which has its password in a Secret of a cluster, but is not reached in one. Write env:NAME.'],
    ['two logins', { engine: 'postgres', url: 'env:DATABASE_URL', user: 'x' }, 'databases: has the database "main", which has a `url` and a login beside it. Put user and password into the address, or name a `pod` or a `service`.'],
    ['an unknown engine', { engine: 'mysql' }, 'databases.main.engine: is "mysql", but must be postgres or redis'],
    ['a plain password', { ...main, password: 'hunter2-hunter2' }, 'databases.main.password: is not "env:NAME" or "secret/NAME/KEY", and the value of a secret does not belong in a file. Name an environment variable. If this was a real secret, replace it: it is in the history of the repository.'],
    ['half a Secret', { ...main, password: 'secret/postgresql' }, 'databases.main.password: does not name a key of a Secret. Write secret/NAME/KEY, e.g. secret/postgresql/password.'],
    ['labels that are none', { ...main, pod: 'postgres' }, 'databases.main.pod: has "postgres", which has no value. Write LABEL=VALUE, several separated by commas, e.g. app.kubernetes.io/name=postgresql.'],
    ['an address that is none', { engine: 'postgres', url: 'env:WRONG' }, 'databases.main.url: the environment variable WRONG is not the address of a database. Write postgres://USER:PASSWORD@HOST:PORT/DATABASE.'],
  ])('with %s is refused', (_, one, message) => expect(problems({ databases: { main: one }, backup })).toEqual([message]));

  it('have names that are usable everywhere', () => {
    expect(problems({ databases: { 'Main DB': main }, backup })[0]).toBe('databases."Main DB": has the name "Main DB", which cannot be used. Use at most 40 lower-case letters, digits and dashes. The name of the database on its server is its field `database`.');
  });

  it('of an input must exist', () => {
    expect(problems({ databases: { main }, backup }, { inputs: { database: 'mian' } })).toEqual(['input database: names the database "mian", which is not under `databases`. Did you mean "main"?']);
  });
});

describe('addresses of databases', () => {
  it.each([
    ['postgres://a:b@h/d', 'postgres', { host: 'h', port: 5432, user: 'a', password: 'b', database: 'd' }],
    ['postgresql://h', 'postgres', { host: 'h', port: 5432 }],
    ['postgres://u:we%20ird%25@[::1]:6000/we%22ird', 'postgres', { host: '::1', port: 6000, user: 'u', password: 'we ird%', database: 'we"ird' }],
    ['redis://h:1', 'redis', { host: 'h', port: 1, options: {} }],
  ] as const)('%s', (text, engine, value) => expect(parseAddress(text, engine)).toMatchObject({ ok: true, value }));

  it.each([
    ['redis://h', 'postgres', 'is not the address of a database with `engine: postgres`'], ['h:5432', 'postgres', 'is not the address of a database with `engine: postgres`'], ['postgres://', 'postgres', 'has no host'],
    ['postgres://u:%zz@h/d', 'postgres', 'has a "%" that is not followed by two digits'], ['postgres://u:a%0Ab@h/d', 'postgres', 'has a line break in it'], ['postgres:///d', 'postgres', 'has no host'],
  ] as const)('%s is refused', (text, engine, message) => expect(parseAddress(text, engine)).toMatchObject({ ok: false, faults: [{ message }] }));
});

describe('backup', () => {
  it('has a store, keys and defaults', () => {
    const { config, secrets } = parse({ databases: { main }, backup: { ...backup, endpoint: 'https://s3.example', 'access-key': 'env:ACCESS', 'secret-key': 'env:SECRET', sign: 'env:KEY', 'signed-by': 'PEM', rpo: '6h' } });
    expect(config.backup).toEqual({
      store: { to: { kind: 's3', bucket: 'acme-backups', prefix: 'api' }, endpoint: 'https://s3.example/', credentials: { accessKey: env.ACCESS, secretKey: env.SECRET } },
      choice: { by: 'latest' }, recipients: [recipient], signingKey: key, signedBy: 'PEM', verify: 'restore', rows: 'exact', assertions: [], allowSmaller: false, pointInTime: 'auto', rpoMs: 21_600_000, timeoutMs: 7_200_000,
    });
    expect(secrets.map(({ text }) => text)).toEqual(expect.arrayContaining([env.ACCESS, env.SECRET, key]));
  });

  it('of a restore is the one that the input names', () => {
    const file = { databases: { main }, backup };
    expect(parse(file, { action: 'restore', inputs: { backup: '2026-11-30T16-40-00Z-3f9a07' } }).config.backup).toMatchObject({ choice: { by: 'name', name: '2026-11-30T16-40-00Z-3f9a07' }, recipients: [recipient] });
    expect(parse(file, { action: 'restore', inputs: { backup: 'before: 2026-11-30T12:00:00Z' } }).config.backup).toMatchObject({ choice: { by: 'time', before: Date.UTC(2026, 10, 30, 12) } });
    expect(parse(file, { action: 'restore' }).config).toMatchObject({ backup: { choice: { by: 'latest' } }, restore: { into: 'live', fence: [] } });
  });

  it('is the only input of a restore that has the name of a section', () => {
    expect(problems({ databases: { main }, backup }, { inputs: { backup: 'latest' } })).toEqual(['input backup: can only be set in the settings file. Put `backup:` there.']);
    expect(problems({ databases: { main }, backup: 'latest' })[0]).toMatch(/^backup: /);
    expect(problems({ databases: { main } }, { action: 'restore', inputs: { backup: 'latest' } })).toEqual([expect.stringContaining('backup: has no `to`')]);
  });

  it.each<[string, object, string]>([
    ['no encryption', { to: 's3://acme-backups' }, 'backup: stores data outside without encryption. Set `recipients` to public keys of age (`age-keygen` makes one), or `encrypt: false` if everyone with access to the store is allowed to read the data.'],
    ['recipients for nothing', { ...backup, encrypt: 'false' }, 'backup: has `recipients`, and `encrypt: false`. Remove one of them.'],
    ['settings of S3', { to: './backups', region: 'eu', sse: 'AES256' }, 'backup: has `region` and `sse`, which only S3 has. Remove them, or store to s3://BUCKET/PREFIX.'],
    ['half a login', { ...backup, 'access-key': 'env:ACCESS' }, 'backup: has only one of `access-key` and `secret-key`. Set both, or none.'],
    ['a key for no encryption', { ...backup, 'kms-key': 'k' }, 'backup: has a `kms-key` without `sse: aws:kms`. Set both.'],
    ['an image for S3', { ...backup, image: 'busybox' }, 'backup: has an image, which only `pvc/…` uses. Remove it.'],
    ['assertions without a copy', { ...backup, verify: 'archive', assertions: ['SELECT true'] }, 'backup: has `assertions`, which need a restored copy. Set `verify: restore`, or remove them.'],
    ['signatures that nobody checks', { ...backup, sign: 'env:KEY' }, 'backup: has `sign` without `signed-by`. Set `signed-by` to the public key, so a restore checks the signature.'],
    ['a key that is none', { ...backup, sign: 'env:WRONG', 'signed-by': 'x' }, 'backup.sign: the environment variable WRONG is not a private key in PEM. Create one with `openssl genpkey -algorithm ed25519`.'],
    ['an age that is none', { ...backup, rpo: '6' }, 'backup.rpo: is "6", which is not an age. Write a number with a unit, e.g. 15m, 6h or 30d.'],
  ])('with %s is refused', (_, given, message) => expect(problems({ databases: { main }, backup: given })).toEqual([message]));

  it('may be plain text in a folder of the runner, or where it is allowed', () => {
    expect(problems({ databases: { main }, backup: { to: './backups' } })).toEqual([]);
    expect(problems({ databases: { main }, backup: { to: 's3://acme-backups', encrypt: 'false' } })).toEqual([]);
  });

  it('needs databases and a place', () => {
    expect(problems({ app: 'api' })).toEqual([
      'databases: is missing. Describe the databases in the settings file; docs/backup.md has examples.', 'backup: is missing. Say in the settings file where backups are kept: `backup: { to: s3://BUCKET/PREFIX }`.',
    ]);
    expect(problems({ databases: { main, other: main }, backup }, { action: 'restore' })).toEqual(['database: must name one database, as there are several. Name one of main or other.']);
  });
});

describe('disaster', () => {
  const file = { databases: { main, other: main }, backup: { ...backup, rpo: '6h' }, smoke: ['service/api/healthz'] };
  const parsed = (disaster: object, inputs: Record<string, string> = { disaster: 'true' }) => parse({ ...file, disaster }, { action: 'restore', inputs }).config;

  it('has objects and limits in the file, and is meant by an input', () => {
    expect(parsed({ objects: ['k8s/'] })).toMatchObject({ disaster: { objects: ['k8s/'], rtoMs: 3_600_000, rpoMs: 21_600_000 }, databases: [{ name: 'main' }, { name: 'other' }], smoke: [{}] });
    expect(parsed({ objects: ['a', 'b'], rto: '30m', rpo: '1h' }).disaster).toEqual({ objects: ['a', 'b'], rtoMs: 1_800_000, rpoMs: 3_600_000 });
    expect(parsed({ objects: ['k8s/'] }, { disaster: 'false', database: 'main' }).disaster).toBeUndefined();
    expect(parse({ ...file, disaster: { objects: ['k8s/'] } }).config.disaster).toBeUndefined();
  });

  it.each<[string, object, Record<string, string>, string]>([
    ['no objects', {}, {}, 'input disaster: is set, and the settings file has no `disaster.objects`. Name there the files that kubectl applies. Of a chart, that is what `helm template` prints.'],
    ['a drill', { objects: ['k8s'] }, { into: 'scratch' }, 'input disaster: is set, and `into` is scratch. Remove one of them: a drill of one backup needs no recovery.'],
    ['one database', { objects: ['k8s'] }, { database: 'main' }, 'input disaster: is set, and `database` names some of the databases. Remove `database`: a recovery restores all of them.'],
    ['one backup', { objects: ['k8s'] }, { backup: '2026-11-30T16-40-00Z-3f9a07' }, 'input disaster: is set, and `backup` names the backup of one database. Remove it for the newest backups, or set it to `before: TIME`.'],
    ['another word', { objects: ['k8s'] }, { disaster: 'maybe' }, 'input disaster: is "maybe", but must be true or false'],
  ])('with %s is refused', (_, disaster, inputs, message) => {
    expect(problems({ ...file, disaster }, { action: 'restore', inputs: { disaster: 'true', ...inputs } })[0]).toBe(message);
  });
});

describe('migrate', () => {
  const file = { databases: { main }, backup, workloads: ['deployment/api'], image: 'acme/api' };
  const migrate = (given: object, more: object = {}) => parse({ ...file, ...more, migrate: given }, { action: 'deploy' }).config.migrate;
  const wrong = (given: object, more: object = {}) => problems({ ...file, ...more, migrate: given }, { action: 'deploy' });

  it('has a command, and a backup before it', () => {
    expect(migrate({ run: 'npm run db:migrate', reversible: 'npm run "db:rollback"' })).toEqual({
      text: 'npm run db:migrate', run: ['npm', 'run', 'db:migrate'], backup: { maxAgeMs: 900_000 }, rehearse: false,
      undo: { text: 'npm run "db:rollback"', run: ['sh', '-c', 'npm run "db:rollback"'] }, force: false, timeoutMs: 600_000,
    });
    expect(migrate({ run: 'x', reversible: 'false' })).toMatchObject({ undo: false });
    expect(migrate({ run: 'x' })?.undo).toBeUndefined();
    expect([true, false, { hosts: ['pgbouncer'], port: 6432 }].map((rehearse) => migrate({ run: 'x', rehearse })?.rehearse)).toEqual([{ hosts: [] }, false, { hosts: ['pgbouncer'], port: 6432 }]);
    expect(migrate({ run: 'x', backup: { off: 'the schema is rebuilt from events' } })).toMatchObject({ backup: { off: 'the schema is rebuilt from events' }, rehearse: false });
  });

  it.each<[string, object, object, string]>([
    ['nothing to run as', { run: 'x' }, { workloads: undefined }, 'migrate: needs `workloads`: the migration runs with the environment of one of them. Name the workloads.'],
    ['no backup', { run: 'x' }, { backup: undefined }, 'migrate: needs `backup`: the database is backed up before. Set `backup.to`, or `migrate.backup.off` to the reason why no backup is needed.'],
    ['no database', { run: 'x' }, { databases: undefined }, 'migrate: needs a database under `databases`, which is backed up before. Describe it, or set `migrate.backup.off` to the reason why no backup is needed.'],
    ['a rehearsal without a backup', { run: 'x', rehearse: 'true', backup: { off: 'the schema is rebuilt from events' } }, {}, 'migrate: has `rehearse`, and no backup that could be restored. Remove `backup.off` or `rehearse`.'],
    ['a rehearsal of a database elsewhere', { run: 'x', rehearse: 'true' }, { databases: { main: { engine: 'postgres', service: 'db' } } }, 'migrate: has `rehearse`, and its database is not reached in a pod (`pod`). A copy runs in the pod of the migration with the image of the database: name the pod of the database, or remove `rehearse`.'],
    ['an address', { run: 'x', rehearse: { hosts: ['10.0.0.7'] } }, {}, 'migrate.rehearse.hosts[0]: is "10.0.0.7", which is no host name. Write the name without a port. An address cannot be made to lead to the copy.'],
    ['no host name', { run: 'x', rehearse: { hosts: ['pg_bouncer'] } }, {}, 'migrate.rehearse.hosts[0]: is "pg_bouncer", which is not a host name. Write it as the workload does, e.g. pgbouncer or db.internal.example.'],
    ['no port', { run: 'x', rehearse: { port: 'sql' } }, {}, 'migrate.rehearse.port: is "sql", which is not a port. A port is a number from 1 to 65535.'],
    ['two databases', { run: 'x' }, { databases: { main, other: main } }, 'migrate: must name its `database`, as there are several. Name one of main or other.'],
    ['an unknown database', { run: 'x', database: 'other' }, {}, 'migrate: names the database "other", which is not under `databases`. There is "main".'],
    ['an unknown workload', { run: 'x', workload: 'deployment/web' }, {}, 'migrate: names the workload "deployment/web", which is not among `workloads`. Write it as there, without a container.'],
    ['no command', { force: 'true' }, {}, 'migrate: has no `run`. Give a command.'],
    ['no reason', { run: 'x', backup: { off: 'no' } }, {}, 'migrate.backup.off: is too short: a reason has at least 10 characters. Explain in a few words why the migration needs no backup.'],
  ])('with %s is refused', (_, given, more, message) => expect(wrong(given, more)).toEqual([message]));

  it.each([
    ['npm run db:migrate', ['npm', 'run', 'db:migrate']], ['/app/migrate --to=12', ['/app/migrate', '--to=12']], ['a && b', ['sh', '-c', 'a && b']], ['A=1 b', ['sh', '-c', 'A=1 b']], ['a "b c"', ['sh', '-c', 'a "b c"']],
  ])('%s is started as it is where no shell is needed', (text, words) => expect(commandOfText(text)).toEqual(words));
});

describe('the backup that is meant', () => {
  it.each([
    ['latest', { by: 'latest' }], ['2026-11-30T16-40-00Z-3f9a07', { by: 'name', name: '2026-11-30T16-40-00Z-3f9a07' }], ['before: 2026-11-30', { by: 'time', before: Date.UTC(2026, 10, 30) }],
    ['before 2026-11-30 12:00+01:00', { by: 'time', before: Date.UTC(2026, 10, 30, 11) }],
  ])('%s', (text, value) => expect(parseBackupChoice(text)).toMatchObject({ ok: true, value }));

  it.each([
    ['before: yesterday', 'has the time "yesterday", which is not one'], ['before: 2026-11-30T12:00', 'has the time "2026-11-30T12:00", which is not one'], ['../x', 'is "../x", which is not the name of a backup'],
  ])('%s is refused', (text, message) => expect(parseBackupChoice(text)).toMatchObject({ ok: false, faults: [{ message }] }));
});

it.each([['15m', 900_000], ['6h', 21_600_000], ['30d', 2_592_000_000], ['2w', 1_209_600_000]])('an age of %s', (text, value) => expect(parseAge(text)).toMatchObject({ ok: true, value }));
it.each(['0h', '1.5h', '6', 'h', '-1h', '99999d'])('%s is no age', (text) => expect(parseAge(text).ok).toBe(false));
it.each(['a=b', 'app.kubernetes.io/name=postgresql,role=primary', 'a=', 'a=b, c=d'])('%s are labels', (text) => expect(parseSelector(text).ok).toBe(true));
it.each(['a', 'a==b', 'a in (b)', 'a!=b', '-a=b', 'a=b;c'])('%s are no labels', (text) => expect(parseSelector(text).ok).toBe(false));
