import { sentence } from '../../outcome/wording.js';
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

const server = ({ login, place }: Circumstances): string =>
  (login.host === undefined || login.host.startsWith('/') ? `Redis at ${place.words}` : `Redis at ${login.host}${login.port === undefined ? '' : `:${login.port}`}`);
const user = ({ login }: Circumstances): string => (login.user === undefined ? 'the default user' : `user "${login.user}"`);
const rule = ({ login }: Circumstances, command: string): string => `ACL SETUSER ${login.user ?? 'default'} +${command}`;

/** What Redis, redis-cli, the shell and kubectl say, and what it means. The first match counts. */
const known: readonly (readonly [RegExp, Explanation])[] = [
  [/WRONGPASS|ERR invalid password/, (_, of) => [`${server(of)} does not accept the password of ${user(of)}.`, 'Check `password` and `user` in the settings: the password may have been changed since.']],
  [/AUTH failed: (.*)/, ([said], of) => [`${server(of)} does not accept the login of ${user(of)}: ${said}.`, 'Check `password` and `user` in the settings.']],
  [/NOAUTH/, (_, of) => [`${server(of)} requires a password.`, 'Set `password` in the settings: `secret/NAME/KEY` or `env:NAME`.']],
  [/NOPERM.*(?:command '([^']+)'|'([^']+)' command)/, ([one, two], of) => [
    `${user(of)} is not allowed to run ${(one || two || '').toUpperCase().replace('|', ' ')} at ${server(of)}.`, `Run as an administrator: ${rule(of, (one || two || '').toLowerCase())}`,
  ]],
  [/NOPERM/, (_, of) => [`${user(of)} does not have the permissions for this at ${server(of)}.`, `\`ACL GETUSER ${of.login.user ?? 'default'}\` shows what it is allowed to do.`]],
  [/can't run this command or subcommand/, (_, of) => [`${user(of)} is not allowed to run a command of a script at ${server(of)}.`, `\`ACL GETUSER ${of.login.user ?? 'default'}\` shows what it is allowed to do.`]],
  [/Unknown Redis command called from script|[Uu]nknown command ['`]?([^'`,]+)/, ([command], of) => [
    `${server(of)} has no command ${command ? command.toUpperCase() : 'of those that a script needs'}: it was disabled or renamed, or the service does not offer it.`,
    'Allow it in the configuration of the server (`rename-command`), or use what the service offers for backups.',
  ]],
  [/LOADING/, (_, of) => [`${server(of)} has not loaded its data from the disk yet.`, 'Wait until it is ready, and try again.']],
  [/MASTERDOWN/, (_, of) => [`${server(of)} is a replica that has lost its master.`, 'Use the address or the selector of the master.']],
  [/READONLY/, (_, of) => [`${server(of)} is a replica: it takes no writes.`, 'Use the address or the selector of the master.']],
  [/MISCONF/, (_, of) => [`${server(of)} takes no writes, because it could not save its last snapshot on its disk.`, 'Look at its log: the disk is probably full, or it cannot be written to.']],
  [/OOM command not allowed/, (_, of) => [`The memory of ${server(of)} is full: it has reached \`maxmemory\`.`, 'Raise `maxmemory`, or remove data that is no longer needed.']],
  [/BUSY Redis is busy/, (_, of) => [`${server(of)} is busy with a script that does not finish.`, 'End it with SCRIPT KILL, and try again.']],
  [/max number of clients reached/, (_, of) => [`All connections of ${server(of)} are in use.`, 'End connections that are not needed, or raise `maxclients`.']],
  [/DENIED Redis is running in protected mode/, (_, of) => [`${server(of)} is in protected mode: it accepts connections from its own machine only.`, 'Set a password for it.']],
  [/DB index is out of range|invalid DB index/, (_, of) => [`${server(of)} has no database ${of.login.database}.`, 'Check `database` in the settings; `CONFIG GET databases` shows how many there are.']],
  [/SELECT is not allowed in cluster mode/, (_, of) => [`${server(of)} is a cluster, which has only database 0, not ${of.login.database}.`, 'Remove `database` from the settings.']],
  [/Unable to perform background save|Can't BGSAVE|fork: Cannot allocate memory|Can't save in background/, (_, of) => [
    `${server(of)} could not start to write a snapshot.`, 'Look at its log. Usually its memory does not suffice for a second process: allow more, or set vm.overcommit_memory to 1.',
  ]],
  [/certificate verify failed|unable to get local issuer|self[- ]signed certificate/, (_, of) => [`The certificate of ${server(of)} is not signed by an authority that is known here, or has expired.`, 'Name the file of its certificate authority: `?cacert=FILE` in the URL.']],
  [/hostname mismatch|IP address mismatch/i, (_, of) => [`The certificate of ${server(of)} is for another name.`, 'Use the host name of the certificate in the URL.']],
  [/wrong version number|SSL_connect failed: (?:Success|unexpected eof)|Connection reset by peer.*SSL/, (_, of) => [`${server(of)} does not accept encrypted connections on this port.`, 'Use `redis://` instead of `rediss://`, or the port for TLS.']],
  [/Invalid (?:CA|client) Certificate[^\n]*|Failed to load (?:CA|client|private)[^\n]*/i, (_, of) => [`A file of the certificates for ${server(of)} cannot be read.`, 'Check the paths `cacert`, `cert` and `key` in the URL.']],
  [/SSL_connect failed: (.*)|Could not negotiate a TLS connection: (.*)/, ([one, two], of) => [`The encrypted connection to ${server(of)} failed: ${one || two}.`]],
  [/Connection refused/, (_, of) => [`Nothing accepts connections at ${server(of)}.`, 'Check whether Redis runs, on which port, and to which addresses it is bound.']],
  [/Name or service not known|nodename nor servname|Temporary failure in name resolution/, (_, of) => [`The host name ${of.login.host ?? ''} of the Redis server cannot be resolved.`, 'Check the URL, and whether this machine is in the right network.']],
  [/Connection timed out|Operation timed out|No route to host/, (_, of) => [`There is no answer from ${server(of)}.`, 'Check the address, firewalls and network policies.']],
  [/Could not connect to Redis at [^\n]*: No such file or directory/, (_, of) => [`Redis does not listen on the socket ${of.login.host ?? ''} at ${of.place.words}.`, 'Check whether it runs there.']],
  [/Server closed the connection|Connection reset by peer|I\/O error/i, (_, of) => [`${server(of)} has closed the connection.`, 'If it only accepts encrypted connections, use `rediss://`. Otherwise look at its log: it may have been restarted.']],
  [/Unrecognized option or bad number of args for: '(.*)'/, ([option], of) => [`redis-cli at ${of.place.words} does not know the option ${option}.`, 'Install redis-tools 6 or later there, built with TLS.']],
  [/\b([\w-]+): (?:command )?not found|"(?:sh|([\w-]+))": executable file not found/, ([one, two], of) => [
    `${of.place.words} has no program ${one || two || 'sh'}.`,
    'The container must have redis-cli, sh, mktemp, mkfifo, tee, wc and sha256sum; on a machine, install redis-tools. Check `container` in the settings.',
  ]],
  [/No space left on device/, (_, of) => [`A disk at ${of.place.words} is full.`, 'Free space there, and try again.']],
  [/no folder for temporary files: (.*)/, ([which], of) => [`${of.place.words} has no folder for temporary files: ${which}.`, 'Mount an emptyDir at /tmp in the container.']],
  [/[Cc]an't handle RDB format version (\d+)/, ([format], of) => [`Redis at ${of.place.words} is too old for this snapshot (version ${format} of the format).`, 'Use Redis of the version of the source, or a later one.']],
  [/The RDB file contains (?:AUX )?module data I can't load: no matching module type '(.*)'/, ([type], of) => [
    `Redis at ${of.place.words} lacks the module of the source that has the type ${type}.`, 'Use the image of the source, or set `verify: archive`.',
  ]],
  [/Short read or OOM loading DB|Unexpected EOF reading RDB file|Wrong RDB checksum|RDB CRC error/, (_, of) => [`Redis at ${of.place.words} cannot load the snapshot: it is damaged.`]],
];

/** What a text of Redis or redis-cli means; undefined when it is not known. */
export function explain(text: string, of: Circumstances): DataError | undefined {
  for (const [pattern, explanation] of known) {
    const match = pattern.exec(text);
    if (!match) continue;
    const [message, hint] = explanation(match.slice(1).map((part) => part ?? ''), of);
    // The names of programs stay as they are.
    return new DataError(of.failure, /^redis-/.test(message) ? message : sentence(message), { hint });
  }
  return undefined;
}
