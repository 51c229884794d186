import type { Spool } from '../../ports/disk.js';
import { within } from '../../ports/within.js';
import type { Compared, DumpFacts, Restoration } from '../engine.js';
import { DataError } from '../error.js';
import { failed, runScript } from '../script/run.js';
import { readDump } from './check.js';
import { keyspaceOf, readInfo } from './facts.js';
import { freshMark, readLive, readMarks, type Live } from './live.js';
import { databaseOf } from './login.js';
import { claimScript, discardScript, markKey, swapScript } from './lua.js';
import type { Contents } from './rdb/contents.js';
import { largeBytes, restoreCommands } from './rdb/restore-commands.js';
import { shellOf, type At } from './run.js';
import { evaluate, inSession, type Session } from './session.js';

const doing = 'The restore';

interface Work {
  readonly at: At;
  readonly dump: Spool;
  readonly facts: DumpFacts;
  readonly live: string;
  /** The mark of the new data until the swap, and of the old data after it. */
  readonly fresh: string;
  readonly kept: string;
}

/**
 * The keys of one logical database are loaded into an empty one of the same server, which then is swapped with the live one: clients see
 * the one or the other, without a new connection. The old data stays in memory, in the other database.
 */
export function restorationOf(at: At, dump: Spool, facts: DumpFacts): Restoration {
  const live = databaseOf(at.login);
  const time = new Date(at.context.ports.clock.now()).toISOString();
  const run = `${runWords(at)} ${time}`;
  const work: Work = { at, dump, facts, live, fresh: freshMark(live) + run, kept: `replaced in ${live} by ${run}` };
  const beside = <T>(signal: AbortSignal, act: (session: Session) => Promise<T>): Promise<T> => inSession(at, doing, signal, act);
  const look = async (signal: AbortSignal): Promise<Live> => {
    const format = await formatOf(work);
    return beside(signal, (session) => readLive(at, session, facts, format));
  };
  let spare: string | undefined;
  const swapped = async (signal: AbortSignal, from: string, to: string): Promise<string> =>
    beside(signal, (session) => evaluate(session, swapScript, [markKey], [live, spare ?? '', from, to]));
  return {
    check: async (signal) => ({ steps: stepsOf(work, await look(signal)) }),
    prepare: async (signal) => {
      const found = await look(signal);
      await beside(signal, (session) => claim(work, session, found));
      spare = found.spare;
      return fill(work, found.spare, signal);
    },
    swap: async (signal) => {
      const result = await swapped(signal, work.fresh, work.kept);
      if (result !== 'swapped') throw new DataError(at.context.failure, `Database ${spare} of Redis at ${at.place.words} is not what the restore has loaded: it was changed or emptied meanwhile. Nothing was swapped.`, { hint: 'Run the restore again.' });
      await beside(signal, save);
      return { kept: spare ?? '' };
    },
    swapBack: async (signal) => {
      if (spare !== undefined) await swapped(signal, work.kept, work.fresh);
    },
    discard: async () => {
      if (spare === undefined) return;
      // Also after the run was cancelled: its signal has aborted by then.
      const limit = { ms: 120_000, late: () => new DataError(at.context.failure, 'The emptying of the new database took too long.') };
      const empty = (session: Session): Promise<string> => evaluate(session, discardScript, [markKey], [spare ?? '', work.fresh]);
      await within(at.context.ports.clock, limit, (signal) => beside(signal, empty)).catch(() => undefined);
    },
  };
}

/** Empties what another process of this run has loaded and not swapped. @returns what it was, in words */
export function removeLeft(at: At, signal: AbortSignal): Promise<readonly string[]> {
  const live = databaseOf(at.login);
  return inSession(at, doing, signal, async (session) => {
    const marks = await readMarks(session, await readInfo(session), live);
    const own = marks.filter(({ mark }) => mark.startsWith(freshMark(live) + runWords(at)));
    for (const { database, mark } of own) await evaluate(session, discardScript, [markKey], [database, mark]);
    return own.map(({ database }) => `the content of database ${database}`);
  });
}

const runWords = ({ context: { id } }: At): string => `run ${id.replace(/[^\w.-]/g, '-')},`;

/** The version of the format, from the first bytes of the dump; 0, which every server reads, before it is downloaded. */
async function formatOf({ at, dump }: Work): Promise<number> {
  if (dump.bytes === 0) return 0;
  let head = Buffer.alloc(0);
  for await (const piece of dump.read()) {
    head = Buffer.concat([head, piece.subarray(0, 9)]);
    if (head.length >= 9) break;
  }
  const format = /^(?:REDIS|VALKEY)(\d{3,4})/.exec(head.toString('latin1', 0, 9))?.[1];
  if (format !== undefined) return Number(format);
  throw new DataError(at.context.failure, 'The dump is no snapshot of Redis: it was changed since it was made.', { hint: 'Use another backup.' });
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toLocaleString('en-US', { maximumFractionDigits: 1 })} MB`;

function stepsOf({ facts, live }: Work, { spare, leftovers, needed, server }: Live): string[] {
  const libraries = facts.objects?.['libraries of functions'] ?? 0;
  const keys = facts.rows === undefined ? 'the keys' : `${(facts.rows[live] ?? 0).toLocaleString('en-US')} keys`;
  return [
    ...leftovers.map(({ database }) => `empty database ${database}, which an interrupted restore left behind`),
    `restore ${keys} of database ${live} into the empty database ${spare} of the same server (about ${megabytes(needed)} of its memory)`,
    'compare the number of keys with that of the backup',
    `swap the databases ${live} and ${spare} in one step: the old data is in database ${spare} then, and uses memory until that is emptied`,
    ...(server.settings['append-only'] === 'off' ? ['start a snapshot of the server, where it writes any'] : []),
    ...(libraries > 0 ? [`leave the functions of the server as they are: the backup has ${libraries} libraries of functions, which belong to no database`] : []),
  ];
}

async function claim({ at, fresh }: Work, session: Session, { leftovers, spare }: Live): Promise<void> {
  for (const { database, mark } of leftovers) await evaluate(session, discardScript, [markKey], [database, mark]);
  if ((await evaluate(session, claimScript, [markKey], [spare, fresh])) === 'claimed') return;
  throw new DataError(at.context.failure, `Database ${spare} of Redis at ${at.place.words} is in use since it was checked. Nothing was restored.`, { hint: 'Run the restore again: it takes another one.' });
}

/** redis-cli stops where it cannot select the database, before it sends anything; and reads the reply to each command. */
const pipeScript = `
number=$1; shift
redis-cli -n "$number" "$@" --pipe --pipe-timeout 600 <&3
finish "$?"
`;

/** Longer than any restore that is worth waiting for: a program that hangs must not hang a schedule. */
const restoreTimeoutMs = 12 * 3_600_000;

async function fill(work: Work, spare: string, signal: AbortSignal): Promise<Compared> {
  const { at, dump, facts, live } = work;
  const { clock } = at.context.ports;
  const started = clock.monotonic();
  // Read twice: a command begins with its length, and large values are not held in memory.
  const large = new Map<number, number>();
  let offset = 0;
  const contents = await readDump(at, dump, facts, signal, {
    entry: (entry) => void (offset = entry.offset) as undefined,
    value: (bytes) => { if (bytes >= largeBytes) large.set(offset, bytes); },
  });
  refuseUnknown(work, contents);
  let sent = 0;
  const input = restoreCommands(dump.read(), {
    database: Number(live), format: contents.format, large,
    sent: () => {
      sent += 1;
      at.context.progress('restore', sent, contents.keys?.[live]);
    },
  });
  const ran = await runScript(shellOf(at), pipeScript, doing, { args: [spare], signal, timeoutMs: restoreTimeoutMs, input });
  const [, errors, replies] = /errors: (\d+), replies: (\d+)/.exec(ran.text) ?? [];
  if (ran.code !== 0 || errors !== '0') throw failed(shellOf(at), doing, `${ran.stderr}\n${errors === undefined ? ran.text : ''}`, ran.code || 1);
  if (Number(replies) !== sent) throw new DataError(at.context.failure, `${doing} at ${at.place.words} sent ${sent} keys, and Redis has accepted ${replies}.`, { hint: 'Run the restore again.' });
  const tookMs = clock.monotonic() - started;
  return { ...await compare(work, spare, contents, signal), tookMs };
}

function refuseUnknown({ at, live }: Work, { keys, unknown }: Contents): void {
  if (unknown !== undefined) {
    throw new DataError(at.context.failure, `The backup is of a later version of Redis than this action can restore key by key (${unknown}).`, { hint: 'Use a later version of this action, or start a new server with the file of the backup as its dump.rdb.' });
  }
  if ((keys?.[live] ?? 0) === 0) throw new DataError(at.context.failure, `The backup has no keys in database ${live}.`, { hint: 'Set `database` in the settings to the one that is to be restored.' });
}

/** Keys that do not expire must all be there; the others may have expired since the backup. */
async function compare({ at, live }: Work, spare: string, { keys, expiring }: Contents, signal: AbortSignal): Promise<Omit<Compared, 'tookMs'>> {
  const found = keyspaceOf(await inSession(at, 'The comparison', signal, readInfo))[spare] ?? { keys: 0, expires: 0 };
  const expected = { all: keys?.[live] ?? 0, expiring: expiring?.[live] ?? 0 };
  // One of them is the mark.
  const restored = found.keys - 1;
  const lasting = restored - found.expires;
  const expired = expected.all - restored;
  if (lasting !== expected.all - expected.expiring || expired < 0) {
    throw new DataError(at.context.failure, `The restored database has ${lasting} keys that do not expire and ${found.expires} that do, and the backup ${expected.all - expected.expiring} and ${expected.expiring}.`, {
      hint: 'Check that nobody else writes to it, and run the restore again.',
    });
  }
  const words = `${restored.toLocaleString('en-US')} keys, ${found.expires.toLocaleString('en-US')} of which expire${expired > 0 ? `; ${expired.toLocaleString('en-US')} have expired since the backup` : ''}`;
  return { tables: 1, rows: restored, words };
}

/** A server that only writes snapshots would load the old data if it were killed before the next one. What it does not allow is left out. */
async function save(session: Session): Promise<void> {
  const info = await readInfo(session);
  if (info.aof_enabled === '1') return;
  const { lines } = await session.attempt(['CONFIG', 'GET', 'save']);
  if (lines.length === 2 && lines[1] !== '2) ""') await session.attempt(['BGSAVE', 'SCHEDULE']);
}
