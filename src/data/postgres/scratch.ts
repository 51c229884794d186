import type { Spool } from '../../ports/disk.js';
import { within } from '../../ports/within.js';
import type { Pipe } from '../../ports/pipe.js';
import { DataError } from '../error.js';
import type { Compared, DataContext, DumpFacts, Listening, Login, ScratchServer, Server } from '../engine.js';
import type { ScratchPlace } from '../place.js';
import { endOf } from '../script/run.js';
import { storeFile } from '../script/store-file.js';
import { assertAll } from './assertions.js';
import { compare } from './compare.js';
import { createDatabase } from './create.js';
import { readFacts } from './facts.js';
import { preloaded } from './preload.js';

import { restoreFile, restoreRoles } from './restore.js';
import { brokenOff, failed, shellOf, startScript, type At } from './run.js';
import { inSession } from './session.js';
import { programs } from '../script/shell.js';

/**
 * Starts a server that listens on a socket in its folder, and on no address unless it is given one, prints a line when it accepts
 * connections, and runs until its input ends. Its data is thrown away, so nothing waits for the disk. Of connections by address, each
 * login is in its log.
 */
const script = `
home=$1; preload=$2; addresses=$3; port=$4; ssl=$5
command -v initdb >/dev/null || { echo 'initdb: not found' >&2; finish 127; }
initdb --pgdata="$home/data" --username=acci_scratch --auth=trust --encoding=UTF8 --locale=C --no-sync >"$home/initdb.log" 2>&1 3<&- || {
  code=$?; tail -n 5 "$home/initdb.log" >&2; finish "$code"
}
set --
[ -z "$addresses" ] || set -- -c log_connections=on -c 'log_line_prefix=%h '
if [ "$ssl" = on ]; then
  command -v openssl >/dev/null || { echo 'openssl: not found' >&2; finish 127; }
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout "$home/server.key" -out "$home/server.crt" >"$home/openssl.log" 2>&1 3<&- || {
    code=$?; tail -n 5 "$home/openssl.log" >&2; finish "$code"
  }
  chmod 600 "$home/server.key"
  set -- "$@" -c ssl=on -c "ssl_cert_file=$home/server.crt" -c "ssl_key_file=$home/server.key"
fi
${programs}
run server /dev/null "$home/server.log" postgres -D "$home/data" -k "$home" -p "$port" -c listen_addresses="$addresses" -c unix_socket_permissions=0700 \\
  -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c autovacuum=off -c wal_level=minimal -c max_wal_senders=0 \\
  -c max_wal_size=2GB -c checkpoint_timeout=1h -c maintenance_work_mem=128MB -c max_worker_processes=16 -c dynamic_shared_memory_type=mmap \\
  -c logging_collector=off -c log_destination=stderr -c shared_preload_libraries="$preload" -c cron.launch_active_jobs=off \\
  -c timescaledb.telemetry_level=off "$@" 2>"$home/errors.log"
watch /dev/null
until pg_isready --quiet --host="$home" --timeout=1; do
  [ ! -f "$folder/server.code" ] || break
  sleep 0.2 || sleep 1
done
[ -f "$folder/server.code" ] || printf 'ready\\n'
wait_for_all
read -r code <"$folder/server.code"
tail -n 5 "$home/errors.log" >&2
rm -rf "$folder"
finish "$code"
`;

const doing = 'The scratch server';
/** What the restored database is called there, whatever the name of the source. */
export const restored = 'restored';

/** Starts an empty server at a scratch place. */
export async function startScratch(context: DataContext, place: ScratchPlace, like: Server): Promise<ScratchServer> {
  const { at, server } = await startServerAt(context, place, like, { addresses: [], port: 5432 });
  return {
    server,
    url: `postgresql:///${restored}?host=${encodeURIComponent(place.folder)}&user=acci_scratch`,
    restore: (dump, facts, signal) => restoreAt(at, place.folder, dump, facts, signal),
    assert: (statements, signal) => assertAll(restoredAt(at), statements, signal),
  };
}

const restoredAt = (at: At): At => ({ ...at, login: { ...at.login, database: restored } });

/** A server without data, as it is reached at its place. */
export interface StartedServer {
  readonly at: At;
  readonly server: Server;
}

/** @param listening without an address, only the place itself reaches it; with one, whoever reaches that does, with every login */
export async function startServerAt(context: DataContext, place: ScratchPlace, like: Server, { addresses, port }: Listening): Promise<StartedServer> {
  const login: Login = { database: 'postgres', user: 'acci_scratch', host: place.folder, port };
  const at: At = { context, place, login };
  const ssl = addresses.length > 0 ? like.settings.ssl ?? 'off' : 'off';
  const pipe = startScript(at, script, [place.folder, preloaded(like), addresses.join(','), `${port}`, ssl], context.signal);
  try {
    await ready(at, pipe);
    const { isReplica: _, folder: __, ...server } = await inSession(at, doing, context.signal, readFacts);
    if (server.identity === like.identity) throw new DataError(context.failure, `${doing} at ${place.words} is the server of the source: its system identifier is the same. Nothing was restored.`);
    if (server.major < like.major) {
      throw new DataError(context.failure, `${doing} at ${place.words} has PostgreSQL ${server.version}, older than ${like.version} of the dump.`, { hint: 'Install PostgreSQL of the version of the server, or set `verify: archive`.' });
    }
    return { at, server };
  } catch (error) {
    await pipe.stop();
    throw error;
  }
}

async function ready(at: At, pipe: Pipe): Promise<void> {
  const { context, place } = at;
  const late = (): Error => new DataError(context.failure, `${doing} at ${place.words} did not start within 120 s.`);
  await within(context.ports.clock, { ms: 120_000, late, signal: context.signal }, async (signal) => {
    signal.addEventListener('abort', () => void pipe.stop(), { once: true });
    const pieces = pipe.output[Symbol.asyncIterator]();
    let text = '';
    while (text !== 'ready\n') {
      const { value, done } = await pieces.next();
      signal.throwIfAborted();
      if (!done) {
        text += Buffer.from(value).toString();
        continue;
      }
      const ended = endOf(text);
      if (!ended) throw await brokenOff(at, doing, pipe, signal);
      const { stderr } = await pipe.exited;
      if (/openssl: not found/.test(stderr)) {
        throw new DataError('tool-missing', `The database uses TLS, and the image of ${place.words} has no openssl to make a certificate for its copy.`, { hint: 'Use an image of the database with openssl, such as the one of Debian, or set `migrate.rehearse` to false.' });
      }
      if (!/initdb: not found/.test(stderr)) throw failed(at, doing, stderr, ended.code || 1);
      throw new DataError('tool-missing', `${place.words} has no initdb: only the client programs of PostgreSQL are installed there.`, {
        hint: 'Install the server, on Debian and Ubuntu with `apt-get install postgresql`. Or set `verify: archive`: then the dump is read to its end, but not restored.',
      });
    }
  });
}

/** Restores a dump into a database of its own, and compares. */
export async function restoreAt(at: At, folder: string, dump: Spool, facts: DumpFacts, signal: AbortSignal): Promise<Compared> {
  const { clock } = at.context.ports;
  await storeFile(shellOf(at), dump, facts, `${folder}/dump`, signal);
  const hasRoles = await restoreRoles(at, facts, signal);
  const started = clock.monotonic();
  await inSession(at, doing, signal, (session) => createDatabase(session, restored, facts.server.settings));
  const there = restoredAt(at);
  await restoreFile(there, `${folder}/dump`, { hasRoles }, signal);
  const tookMs = clock.monotonic() - started;
  return { ...await compare(there, facts, signal), tookMs };
}
