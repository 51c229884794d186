import type { DumpFacts, Server } from '../engine.js';
import { DataError } from '../error.js';
import { runScript } from '../script/run.js';
import { isCluster, keyspaceOf, readServer, refuseOthers, type Info } from './facts.js';
import { databaseOf } from './login.js';
import { markKey, probeScript } from './lua.js';
import { unquoted } from './quote.js';
import { stringPayload } from './rdb/restore-commands.js';
import { shellOf, type At } from './run.js';
import { evaluate, type Session } from './session.js';

export interface Live {
  readonly server: Server;
  /** An empty database that becomes the live one. */
  readonly spare: string;
  /** What interrupted restores have left, with their marks. */
  readonly leftovers: readonly { readonly database: string; readonly mark: string }[];
  /** Bytes that the restore needs, as far as that can be known. */
  readonly needed: number;
}

/** How the mark of a restore that is not complete begins; that of the old data begins with `replaced`. */
export const freshMark = (live: string): string => `restore of ${live}: not complete, `;

/** Databases of a server, unless it says how many. */
const usualDatabases = 16;

/** More than the data: its memory is fragmented, and buffers grow meanwhile. */
const spaceFactor = 1.2;

/** Looks whether a restore can succeed. Nothing is changed. @param format of the snapshot @throws DataError with what to do */
export async function readLive(at: At, session: Session, facts: DumpFacts, format: number): Promise<Live> {
  const { server, info } = await readServer(session);
  const live = databaseOf(at.login);
  refuseOthers(at, info);
  refuseUnfit(at, server, facts, live);
  const marks = await readMarks(session, info, live);
  const spare = await findSpare(at, session, server, info, marks);
  await probe(at, session, spare, format);
  const needed = neededBytes(facts, live);
  await refuseFull(at, info, needed);
  return { server, spare, needed, leftovers: marks.filter(({ mark }) => mark.startsWith(freshMark(live))) };
}

function refuseUnfit(at: At, server: Server, facts: DumpFacts, live: string): void {
  const fail = (message: string, hint: string): DataError => new DataError(at.context.failure, message, { hint });
  const { words } = at.place;
  if (isCluster(server)) {
    throw fail(`Redis at ${words} is a cluster, in which databases cannot be swapped: its live data cannot be replaced in one step.`, 'Restore into a new cluster (`redis-cli --cluster import`), and let the app use that one.');
  }
  if (server.major < facts.server.major) {
    throw fail(`The server at ${words} has Redis ${server.version}, older than ${facts.server.version} of the backup.`, 'Update the server, or use a backup of its version.');
  }
  if (facts.rows && (facts.rows[live] ?? 0) === 0) {
    throw fail(`The backup has no keys in database ${live}: it has keys in ${Object.keys(facts.rows).join(', ') || 'none'}.`, 'Set `database` in the settings to the one that is to be restored, or choose another backup.');
  }
}

type Mark = Live['leftovers'][number];

/** The marks of all databases that have one. */
export async function readMarks(session: Session, info: Info, live: string): Promise<Mark[]> {
  const marks: Mark[] = [];
  for (const database of Object.keys(keyspaceOf(info)).filter((name) => name !== live)) {
    await session.ask(['SELECT', database]);
    // A key of another type has the name by chance.
    const { lines, error } = await session.attempt(['GET', markKey]);
    const mark = error === undefined ? unquoted(lines[0] ?? '') : undefined;
    if (mark !== undefined) marks.push({ database, mark });
  }
  return marks;
}

/** The empty database with the highest number: apps use the low ones. What interrupted restores have left is emptied before, so it counts as empty. */
async function findSpare(at: At, session: Session, server: Server, info: Info, marks: readonly Mark[]): Promise<string> {
  const live = databaseOf(at.login);
  const isOurs = (database: string): boolean => marks.some((each) => each.database === database && each.mark.startsWith(freshMark(live)));
  const used = Object.keys(keyspaceOf(info)).filter((database) => !isOurs(database));
  const databases = Number(server.settings.databases ?? usualDatabases);
  for (let number = databases - 1; number >= 0; number -= 1) {
    const database = `${number}`;
    if (database === live || used.includes(database)) continue;
    if ((await session.attempt(['SELECT', database])).error === undefined) return database;
  }
  const kept = marks.filter(({ mark }) => mark.startsWith('replaced ')).map(({ database }) => database);
  throw new DataError(at.context.failure, `Redis at ${at.place.words} has no empty database beside ${live} to restore into${used.length > 1 ? `: ${used.join(', ')} have keys` : ''}.`, {
    hint: kept.length > 0
      ? `Database ${kept.join(', ')} has data that earlier restores have replaced. If it is no longer needed: redis-cli -n ${kept[0]} FLUSHDB`
      : 'Raise `databases` in the configuration of the server, or restore into a new server and let the app use that one.',
  });
}

/** Tries what the restore needs: to swap databases in a script, and payloads of this format. */
async function probe(at: At, session: Session, spare: string, format: number): Promise<void> {
  await evaluate(session, probeScript, [], [spare]);
  await session.ask(['SELECT', spare]);
  // It has expired long ago, so it is accepted and never there.
  const { error } = await session.attempt(['RESTORE', markKey, '1', stringPayload('probe', format), 'ABSTTL']);
  if (error === undefined || /BUSYKEY/.test(error)) return;
  if (/version or checksum/.test(error)) {
    throw new DataError(at.context.failure, `Redis at ${at.place.words} cannot read version ${format} of the format, which the backup has.`, { hint: 'Update the server to the version of the source, or a later one.' });
  }
  throw shellOf(at).explain(error) ?? new DataError(at.context.failure, `Redis at ${at.place.words} does not accept RESTORE: ${error}.`);
}

/** The share of the database of the memory that its source used. */
function neededBytes({ rows, entries, server }: DumpFacts, live: string): number {
  const share = rows && entries > 0 ? (rows[live] ?? 0) / entries : 1;
  return Math.ceil(server.bytes * share * spaceFactor);
}

const bytesWords = (bytes: number): string => `${(bytes / 1e6).toLocaleString('en-US', { maximumFractionDigits: 1 })} MB`;

/** Both copies are in memory at the same time. Without this check, the server would evict live data, or the kernel end the server. */
async function refuseFull(at: At, info: Info, needed: number): Promise<void> {
  const [used, resident, limit, total] = [info.used_memory, info.used_memory_rss, info.maxmemory, info.total_system_memory].map((value) => Number(value ?? 0));
  const container = at.login.host === undefined ? await containerLimit(at) : undefined;
  const limits: readonly (readonly [string, number | undefined, number | undefined])[] = [
    ['`maxmemory`', limit, used], ['the memory of its machine', total, resident], ['the memory limit of its container', container, resident],
  ];
  for (const [what, most, taken = 0] of limits) {
    if (!most || most - taken >= needed) continue;
    throw new DataError(at.context.failure, `Redis at ${at.place.words} uses ${bytesWords(taken)} of ${bytesWords(most)}, and the restore needs ${bytesWords(needed)} beside the live data.`, {
      hint: `Raise ${what}, or remove data that is no longer needed.`,
    });
  }
}

const limitScript = `
for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
  [ -r "$file" ] && cat "$file" && break
done
finish 0
`;

/** Bytes; undefined where there is no limit. */
async function containerLimit(at: At): Promise<number | undefined> {
  const { text } = await runScript(shellOf(at), limitScript, 'The look at the memory limit', { signal: at.context.signal, timeoutMs: 30_000 });
  const limit = Number(text.trim());
  // Version 1 of cgroups says a number that no machine has.
  return Number.isFinite(limit) && limit > 0 && limit < 2 ** 60 ? limit : undefined;
}
