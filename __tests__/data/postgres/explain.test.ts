import { describe, expect, it } from '@jest/globals';
import { explain } from '../../../src/data/postgres/explain.js';
import { unknownOptions } from '../../../src/data/postgres/login.js';
import { lastWords } from '../../../src/data/script/run.js';
import { fakePlace, login } from './fake-place.js';

const place = fakePlace(() => undefined);
const local = { failure: 'backup-failed', place, login } as const;
const remote = { failure: 'restore-failed', place, login: { ...login, host: 'db.example.org' } } as const;

/** As psql, pg_dump and pg_restore 15 and 16, the shell and kubectl print it. */
const said: readonly (readonly [stderr: string, message: string, at?: typeof remote])[] = [
  ['psql: error: connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: FATAL:  database "shop" does not exist', 'Database "shop" does not exist on the server at container db of pod db-0.'],
  ['psql: error: connection to server at "db.example.org" (10.0.0.7), port 5432 failed: FATAL:  password authentication failed for user "app"', 'The password of user "app" is not accepted by the server db.example.org.', remote],
  ['psql: error: connection to server at "127.0.0.1", port 5432 failed: fe_sendauth: no password supplied', 'User "app" needs a password for the server at container db of pod db-0.'],
  ['FATAL:  Peer authentication failed for user "app"', 'User "app" cannot log in to the server at container db of pod db-0 through its socket: the server accepts only the user of the operating system there.'],
  ['FATAL:  role "app" does not exist', 'User "app" does not exist on the server at container db of pod db-0.'],
  ['FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "app", database "shop", no encryption', 'pg_hba.conf of the server db.example.org does not allow this connection: no entry for host "10.0.0.1", user "app", database "shop", no encryption.', remote],
  ['FATAL:  pg_hba.conf rejects connection for host "10.0.0.1", user "app", database "shop", SSL encryption', 'pg_hba.conf of the server db.example.org rejects this connection: connection for host "10.0.0.1", user "app", database "shop", SSL encryption.', remote],
  ['connection to server at "db.example.org" failed: server does not support SSL, but SSL was required', 'The connection must be encrypted, but the server db.example.org does not support TLS.', remote],
  ['failed: root certificate file "/root/.postgresql/root.crt" does not exist\nEither provide the file', 'The root certificate /root/.postgresql/root.crt for the database server does not exist.', remote],
  ['failed: server certificate for "db.internal" does not match host name "db.example.org"', 'The certificate of the database server is for db.internal, not for db.example.org.', remote],
  ['failed: SSL error: certificate verify failed', 'The certificate of the server db.example.org is not signed by the certificate authority in `sslrootcert`, or has expired.', remote],
  ['failed: SSL error: tlsv1 alert protocol version', 'The encrypted connection to the server db.example.org failed: tlsv1 alert protocol version.', remote],
  ['FATAL:  sorry, too many clients already', 'All connections of the server db.example.org are in use.', remote],
  ['FATAL:  remaining connection slots are reserved for non-replication superuser connections', 'All connections of the server at container db of pod db-0 are in use.'],
  ['psql: error: could not translate host name "db.example.org" to address: Name or service not known', 'The host name db.example.org of the database server cannot be resolved.', remote],
  ['connection to server at "db.example.org" (10.0.0.7), port 5432 failed: Connection refused', 'Nothing accepts connections at the server db.example.org.', remote],
  ['connection to server at "db.example.org" (10.0.0.7), port 5432 failed: timeout expired', 'There is no answer from the server db.example.org.', remote],
  ['connection to server on socket "/tmp/.s.PGSQL.5432" failed: No such file or directory', 'PostgreSQL does not listen on the socket /tmp/.s.PGSQL.5432 at container db of pod db-0.'],
  ['FATAL:  the database system is starting up', 'PostgreSQL at container db of pod db-0 does not accept connections: it is starting up.'],
  ['ERROR:  query would be affected by row-level security policy for table "orders"', 'User "app" does not see all rows of table orders: a policy for row-level security applies.'],
  ['ERROR:  42501: permission denied for table orders', 'User "app" has no permission for table orders on the server at container db of pod db-0.'],
  ['ERROR:  55P03: canceling statement due to lock timeout', 'A table in database "shop" was locked by another session for too long.'],
  ['FATAL:  57P01: terminating connection due to administrator command', 'The session in database "shop" was ended by another one.'],
  ['pg_dump: error: aborting because of server version mismatch\npg_dump: detail: server version: 16.1; pg_dump version: 15.18', 'pg_dump 15.18 at container db of pod db-0 cannot dump a server of version 16.1.'],
  ['pg_restore: error: unsupported version (1.16) in file header', 'pg_restore at container db of pod db-0 is too old for this dump (version 1.16 of the format).'],
  ['sh: 12: pg_dump: not found', 'Container db of pod db-0 has no program pg_dump.'],
  ['OCI runtime exec failed: exec failed: unable to start container process: exec: "sh": executable file not found in $PATH: unknown', 'Container db of pod db-0 has no program sh.'],
  ['cat: write error: No space left on device', 'A disk at container db of pod db-0 is full.'],
  ['no folder for temporary files: /tmp, /dev/shm and /var/tmp cannot be written to', 'Container db of pod db-0 has no folder for temporary files: /tmp, /dev/shm and /var/tmp cannot be written to.'],
];

describe('what programs of PostgreSQL print', () => {
  it.each(said.map(([stderr, message, at = local]) => ({ stderr, message, at })))('is explained: $stderr', ({ stderr, message, at }) => {
    const error = explain(stderr, at);
    expect(error?.message).toBe(message);
    expect(error?.code).toBe(at.failure);
    expect(error?.hint).not.toBe('');
  });

  it('is quoted where it is not known', () => {
    expect(explain('pg_dump: error: something new', local)).toBeUndefined();
    expect(lastWords('pg_dump: reading tables\npg_dump: error: something new\npg_dump: detail: of this kind.\ncommand terminated with exit code 1\n')).toBe('pg_dump: error: something new pg_dump: detail: of this kind');
    expect(lastWords('one\ntwo\nthree\n')).toBe('two three');
  });

  it('names options of a URL that are not passed on', () => {
    expect(unknownOptions({ ...login, options: { sslmode: 'require', pool_max: '3' } })).toEqual(['pool_max']);
    expect(unknownOptions(login)).toEqual([]);
  });
});
