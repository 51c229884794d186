import type { Pipe } from '../../ports/pipe.js';
import { within } from '../../ports/within.js';
import type { Compared, DataContext, DumpFacts, Login, ScratchServer, Server } from '../engine.js';
import { DataError } from '../error.js';
import type { ScratchPlace } from '../place.js';
import { drained, linesOf } from '../script/lines.js';
import { brokenOff, endOf, failed, type Shell } from '../script/run.js';
import { storeFile } from '../script/store-file.js';
import { programs } from '../script/shell.js';
import { objectNames } from './dump.js';
import { keyspaceOf, readInfo, readServer } from './facts.js';
import { shellOf, type At } from './run.js';
import { inSession } from './session.js';

/**
 * Starts a server that listens only on a socket in its folder and loads the snapshot there, if there is one; prints a line when it has, and
 * runs until its input ends. It is a replica of nobody, because a master drops keys that have expired while it loads: so the keys can be
 * compared exactly. Nothing is written to the disk.
 * @param $1 the folder, $2 the number of logical databases, $3 the socket
 */
const script = `
home=$1; databases=$2; socket=$3
${programs}
run server /dev/null "$home/server.log" redis-server --port 0 --unixsocket "$socket" --unixsocketperm 700 --dir "$home" --dbfilename dump.rdb \\
  --appendonly no --save '' --databases "$databases" --replicaof 127.0.0.1 1 --replica-serve-stale-data yes --daemonize no 2>"$home/errors.log"
watch /dev/null
until [ "$(redis-cli -s "$socket" ping 2>/dev/null)" = PONG ]; do
  [ ! -f "$folder/server.code" ] || break
  sleep 0.2 || sleep 1
done
[ -f "$folder/server.code" ] || printf 'ready\\n'
wait_for_all
read -r code <"$folder/server.code"
cat "$home/errors.log" >&2; tail -n 20 "$home/server.log" >&2
rm -rf "$folder"
[ "$code" != 0 ] || code=1
finish "$code"
`;

const doing = 'The start of Redis';

interface Running {
  readonly at: At;
  readonly socket: string;
  stop(): Promise<void>;
}

/** @param socket its name: an earlier server in the same folder could still answer at its own */
async function start(context: DataContext, place: ScratchPlace, databases: number, socket: string): Promise<Running> {
  const path = `${place.folder}/${socket}`;
  const login: Login = { database: '0', host: path };
  // Without the arguments of a connection, of which the server knows nothing.
  const shell = shellOf({ context, place, login: { database: '0' } });
  const pipe = shell.start(script, [place.folder, `${databases}`, path], context.signal);
  const lines = linesOf(pipe);
  try {
    await ready(shell, pipe, lines);
  } catch (error) {
    await pipe.stop();
    throw error;
  }
  return {
    at: { context, place, login }, socket: path,
    stop: async () => {
      pipe.end();
      await drained(context.ports.clock, lines, pipe);
    },
  };
}

const loadTimeoutMs = 2 * 3_600_000;

async function ready(shell: Shell, pipe: Pipe, lines: AsyncGenerator<string, string>): Promise<void> {
  const { context, place } = shell;
  const late = (): Error => new DataError(context.failure, `Redis at ${place.words} has not loaded its data within ${loadTimeoutMs / 3_600_000} h.`);
  await within(context.ports.clock, { ms: loadTimeoutMs, late, signal: context.signal }, async (signal) => {
    signal.addEventListener('abort', () => void pipe.stop(), { once: true });
    const { value, done } = await lines.next();
    signal.throwIfAborted();
    if (!done) return;
    const ended = endOf(value);
    if (!ended) throw await brokenOff(shell, doing, pipe, signal);
    throw failed(shell, doing, (await pipe.exited).stderr, ended.code || 1);
  });
}

/** As many as the source has, and no fewer than a server has by default. */
const databasesOf = ({ settings }: Pick<Server, 'settings'>, rows: DumpFacts['rows'] = {}): number =>
  Math.max(16, Number(settings.databases ?? 0), ...Object.keys(rows).map((database) => Number(database) + 1));

/** Starts an empty server at a scratch place. */
export async function startScratch(context: DataContext, place: ScratchPlace, like: Server): Promise<ScratchServer> {
  let running = await start(context, place, databasesOf(like), 'empty.sock');
  try {
    const { server } = await inSession(running.at, doing, context.signal, readServer);
    if (server.identity === like.identity) throw new DataError(context.failure, `Redis at ${place.words} is the server of the source: its run id is the same. Nothing was restored.`);
    if (server.major < like.major) {
      throw new DataError(context.failure, `Redis at ${place.words} has version ${server.version}, older than ${like.version} of the dump.`, {
        hint: 'Install Redis of the version of the server, or set `verify: archive`.',
      });
    }
    return {
      server,
      get url() {
        return `unix://${running.socket}`;
      },
      restore: async (dump, facts, signal) => {
        await running.stop();
        await storeFile(shellOf({ context, place, login: { database: '0' } }), dump, facts, `${place.folder}/dump.rdb`, signal);
        const { clock } = context.ports;
        const started = clock.monotonic();
        running = await start(context, place, databasesOf(like, facts.rows), 'restored.sock');
        const tookMs = clock.monotonic() - started;
        return { ...await compare(running.at, facts, signal), tookMs };
      },
      assert: async (statements) => {
        if (statements.length > 0) {
          throw new DataError(context.failure, 'Redis has no SQL, so there are no assertions for its data.', { hint: 'Remove `assertions` for this database: every key is compared already.' });
        }
      },
    };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

const count = (value: number): string => value.toLocaleString('en-US');

/** Compares what the server has loaded with what the snapshot has. */
async function compare(at: At, facts: DumpFacts, signal: AbortSignal): Promise<Omit<Compared, 'tookMs'>> {
  const info = await inSession(at, 'The comparison', signal, readInfo);
  const found = keyspaceOf(info);
  const keys = (database: string): number => found[database]?.keys ?? 0;
  const names = [...new Set([...Object.keys(found), ...Object.keys(facts.rows ?? {})])];
  const all = Object.values(found).reduce((sum, each) => ({ keys: sum.keys + each.keys, expires: sum.expires + each.expires }), { keys: 0, expires: 0 });
  const expected = { expiring: facts.objects?.[objectNames.expiring], libraries: facts.objects?.[objectNames.libraries] };
  const libraries = info.number_of_libraries === undefined ? expected.libraries : Number(info.number_of_libraries);
  const isCounted = facts.objects !== undefined;
  const different = [
    ...names.filter((name) => facts.rows && keys(name) !== (facts.rows[name] ?? 0))
      .map((name) => `database ${name} has ${count(keys(name))} keys instead of ${count(facts.rows?.[name] ?? 0)}`),
    ...(isCounted && all.keys !== facts.entries ? [`there are ${count(all.keys)} keys instead of ${count(facts.entries)}`] : []),
    ...(isCounted && all.expires !== expected.expiring ? [`${count(all.expires)} keys expire instead of ${count(expected.expiring ?? 0)}`] : []),
    ...(isCounted && libraries !== expected.libraries ? [`there are ${libraries} libraries of functions instead of ${expected.libraries}`] : []),
  ];
  if (different.length > 0) {
    throw new DataError(at.context.failure, `The restored data differs from its source: ${different.slice(0, 10).join(', ')}.`, {
      hint: 'Do not use this backup. Make a new one; if that differs as well, please report a bug with the version of the server.',
    });
  }
  const databases = Object.keys(found).length;
  return { tables: databases, rows: all.keys, words: `${count(all.keys)} keys in ${databases} ${databases === 1 ? 'database' : 'databases'}, ${count(all.expires)} of which expire` };
}
