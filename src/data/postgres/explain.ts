import { DataError, type DataFailure } from '../error.js';
import type { Login } from '../engine.js';
import type { Place } from '../place.js';

export interface Circumstances {
  readonly failure: DataFailure;
  readonly place: Place;
  readonly login: Login;
}

type Explained = readonly [message: string, hint?: string];
type Explanation = (parts: readonly string[], of: Circumstances) => Explained;

const server = ({ login, place }: Circumstances): string => (login.host === undefined ? `the server at ${place.words}` : `the server ${login.host}`);
const user = ({ login }: Circumstances): string => (login.user === undefined ? 'The user' : `User "${login.user}"`);

/** What PostgreSQL, libpq, the shell and kubectl say, and what it means. The first match counts. */
const known: readonly (readonly [RegExp, Explanation])[] = [
  [/FATAL:.*database "(.*)" does not exist/, ([name], of) => [`Database "${name}" does not exist on ${server(of)}.`, 'Check `database` in the settings; `psql --list` shows the names.']],
  [/password authentication failed for user "(.*)"/, ([name], of) => [
    `The password of user "${name}" is not accepted by ${server(of)}.`, 'Check `password` and `user` in the settings: the password may have been changed since.',
  ]],
  [/no password supplied|fe_sendauth/, (_, of) => [`${user(of)} needs a password for ${server(of)}.`, 'Set `password` in the settings: `secret/NAME/KEY` or `env:NAME`.']],
  [/(?:Peer|Ident) authentication failed for user "(.*)"/, ([name], of) => [
    `User "${name}" cannot log in to ${server(of)} through its socket: the server accepts only the user of the operating system there.`,
    'Use a role with that name, or a line with scram-sha-256 for local connections in pg_hba.conf.',
  ]],
  [/FATAL:.*role "(.*)" does not exist/, ([name], of) => [`User "${name}" does not exist on ${server(of)}.`, 'Check `user` in the settings.']],
  [/no pg_hba\.conf entry for (.*)/, ([who], of) => [`pg_hba.conf of ${server(of)} does not allow this connection: no entry for ${who}.`, 'Add a line for it to pg_hba.conf, or use another user, address or encryption (`sslmode`).']],
  [/pg_hba\.conf rejects (.*)/, ([who], of) => [`pg_hba.conf of ${server(of)} rejects this connection: ${who}.`, 'Use another user, address or encryption (`sslmode`), or change pg_hba.conf.']],
  [/server does not support SSL/, (_, of) => [`The connection must be encrypted, but ${server(of)} does not support TLS.`, 'Turn on `ssl` on the server, or set `sslmode` in the URL to what you accept.']],
  [/root certificate file "(.*)" does not exist/, ([file]) => [`The root certificate ${file} for the database server does not exist.`, 'Set `sslrootcert` in the URL to a file with the certificate authority of the server, or to `system`.']],
  [/server certificate for "(.*)" does not match host name "(.*)"/, ([names, host]) => [
    `The certificate of the database server is for ${names}, not for ${host}.`, 'Use the host name of the certificate in the URL. With `sslmode=verify-ca` the name is not compared.',
  ]],
  [/certificate verify failed(?:: (.*))?/, (_, of) => [`The certificate of ${server(of)} is not signed by the certificate authority in \`sslrootcert\`, or has expired.`, 'Set `sslrootcert` in the URL to the certificate authority of the server.']],
  [/SSL error: (.*)|SSL SYSCALL error: (.*)/, ([one, two], of) => [`The encrypted connection to ${server(of)} failed: ${one || two}.`]],
  [/too many clients already|remaining connection slots are reserved|too many connections for (?:role|database)/, (_, of) => [
    `All connections of ${server(of)} are in use.`, 'End connections that are not needed, use a pooler, or raise `max_connections`.',
  ]],
  [/could not translate host name "(.*)" to address/, ([host]) => [`The host name ${host} of the database server cannot be resolved.`, 'Check the URL, and whether this machine is in the right network.']],
  [/Connection refused/, (_, of) => [`Nothing accepts connections at ${server(of)}.`, 'Check whether PostgreSQL runs, on which port, and whether `listen_addresses` includes that address.']],
  [/timeout expired|Connection timed out/, (_, of) => [`There is no answer from ${server(of)}.`, 'Check the address, firewalls and network policies.']],
  [/connection to server on socket "(.*)" failed: No such file or directory/, ([socket], of) => [
    `PostgreSQL does not listen on the socket ${socket} at ${of.place.words}.`, 'Check whether it runs there. If its socket is in another folder, set PGHOST in the container.',
  ]],
  [/the database system is (starting up|shutting down|not yet accepting connections|not accepting connections|in recovery mode)/, ([state], of) => [
    `PostgreSQL at ${of.place.words} does not accept connections: it is ${state}.`, 'Wait until it is ready, and try again.',
  ]],
  [/query would be affected by row-level security policy for table "(.*)"/, ([table], of) => [
    `${user(of)} does not see all rows of table ${table}: a policy for row-level security applies.`, 'Use the owner of the tables, or a role with BYPASSRLS: a backup needs all rows.',
  ]],
  [/permission denied for (\w+ .*)/, ([what], of) => [
    `${user(of)} has no permission for ${what} on ${server(of)}.`, 'Use the owner of the database, or grant the role pg_read_all_data (PostgreSQL 14 and later).',
  ]],
  [/canceling statement due to lock timeout/, (_, of) => [`A table in database "${of.login.database}" was locked by another session for too long.`, 'Run the backup when no migration runs: pg_locks and pg_stat_activity show who has the lock.']],
  [/terminating connection due to administrator command/, (_, of) => [`The session in database "${of.login.database}" was ended by another one.`, 'Check whether another backup runs at the same time, or the server was stopped.']],
  [/server version: ([\d.]+)(?: \([^)]*\))?; pg_dump version: (\S+)/, ([theirs, ours], of) => [
    `pg_dump ${ours} at ${of.place.words} cannot dump a server of version ${theirs}.`, 'Install the client programs of the version of the server, or of a later one.',
  ]],
  [/unsupported version \((\S+)\) in file header/, ([version], of) => [`pg_restore at ${of.place.words} is too old for this dump (version ${version} of the format).`, 'Restore into a server of the version that the dump was made with, or of a later one.']],
  [/\b(\w+): (?:command )?not found|"(?:sh|(\w+))": executable file not found/, ([one, two], of) => [
    `${of.place.words} has no program ${one || two || 'sh'}.`, 'The container must have the programs of PostgreSQL, sh, mktemp, mkfifo, tee, wc and sha256sum. Check `container` in the settings.',
  ]],
  [/No space left on device/, (_, of) => [`A disk at ${of.place.words} is full.`, 'Free space there, and try again.']],
  [/no folder for temporary files: (.*)/, ([which], of) => [`${of.place.words} has no folder for temporary files: ${which}.`, 'Mount an emptyDir at /tmp in the container.']],
];

/** What a text on stderr means; undefined when it is not known. */
export function explain(stderr: string, of: Circumstances): DataError | undefined {
  for (const [pattern, explanation] of known) {
    const match = pattern.exec(stderr);
    if (!match) continue;
    const [message, hint] = explanation(match.slice(1).map((part) => part ?? ''), of);
    // The names of programs and files stay as they are.
    return new DataError(of.failure, /^pg_/.test(message) ? message : message.charAt(0).toUpperCase() + message.slice(1), { hint });
  }
  return undefined;
}
