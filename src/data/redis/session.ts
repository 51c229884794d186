import { unlessAborted, within } from '../../ports/within.js';
import type { Pipe } from '../../ports/pipe.js';
import { DataError } from '../error.js';
import { drained, linesOf } from '../script/lines.js';
import { brokenOff, endOf, failed, type Shell } from '../script/run.js';
import { quoted } from './quote.js';
import { shellOf, type At } from './run.js';

/** A session of redis-cli, whose commands are sent one after the other. */
export interface Session {
  /** The lines of a reply, as redis-cli prints them with --no-raw. @throws DataError, also for an error of the server */
  ask(command: readonly (string | Uint8Array)[]): Promise<string[]>;
  /** The same; what the server says when it is an error: `ERR unknown command`. @throws DataError when there is no answer */
  attempt(command: readonly (string | Uint8Array)[]): Promise<{ readonly lines: readonly string[]; readonly error?: string }>;
  close(): Promise<void>;
}

/**
 * redis-cli exits with 0 whatever the server says, so replies are read. Its own errors are among them, because it goes on after them: it
 * would also send the command for a database that it could not select to another one. It ends with its input.
 */
const script = `
redis-cli --no-raw "$@" <&3 2>&1
finish "$?"
`;

/** Of the first answer: a server that expects an encrypted connection, or none, says nothing at all. */
const connectTimeoutMs = 20_000;
const timeoutMs = 60_000;

/** What redis-cli says itself. No reply has such a line: texts are in quotes, and the texts of INFO have none. */
const ownErrors = /^(?:AUTH failed: |Could not |Error: |SELECT \d+ failed|Unrecognized option|Invalid |Failed to )/;

/** An error of the server. That to INFO and to CLUSTER NODES is printed as it is. */
const serverError = /^(?:\(error\) (?=\S)|(?=[A-Z]{2,} \S))(.*)$/;

/** Text that ends a reply: an answer to ECHO, which works in every state of a server. */
const mark = (of: At, count: number): string => `acci-${of.context.id.replace(/[^\w-]/g, '-')}-${count}`;

async function openSession(at: At, doing: string, signal: AbortSignal): Promise<Session> {
  const shell = shellOf(at);
  const pipe = shell.start(script, [], signal);
  const lines = linesOf(pipe);
  let count = 0;
  const attempt: Session['attempt'] = (command) => {
    count += 1;
    const end = mark(at, count);
    const ms = count === 1 ? connectTimeoutMs : timeoutMs;
    const late = (): Error => new DataError(at.context.failure, `${doing} at ${at.place.words} got no answer within ${ms / 1000} s.`, {
      hint: 'Check the address, firewalls and network policies, and whether the server expects an encrypted connection (`rediss://`).',
    });
    return within(at.context.ports.clock, { ms, late, signal }, (over) => unlessAborted((async () => {
      await pipe.write(`${command.map(quoted).join(' ')}\necho ${end}\n`);
      return reply(shell, doing, pipe, lines, end, over);
    })(), over));
  };
  return {
    attempt,
    ask: async (command) => {
      const { lines: found, error } = await attempt(command);
      if (error === undefined) return [...found];
      throw shell.explain(error) ?? new DataError(at.context.failure, `${doing} at ${at.place.words} failed: ${error}.`);
    },
    close: async () => {
      pipe.end();
      await drained(at.context.ports.clock, lines, pipe);
    },
  };
}

/** Reads the lines of a reply, up to its end mark. */
async function reply(
  shell: Shell, doing: string, pipe: Pipe, lines: AsyncGenerator<string, string>, end: string, signal: AbortSignal,
): Promise<{ lines: string[]; error?: string }> {
  const found: string[] = [];
  let error: string | undefined;
  for (;;) {
    const { value, done } = await lines.next();
    if (done) throw await ended(shell, doing, pipe, { value, found }, signal);
    const line = value.replace(/\r$/, '');
    if (line === `"${end}"`) return { lines: found, error };
    if (ownErrors.test(line)) throw shell.explain(line) ?? new DataError(shell.context.failure, `${doing} at ${shell.place.words} failed: ${line.trim()}.`);
    const said = serverError.exec(line)?.[1];
    if (said === undefined) {
      found.push(line);
      continue;
    }
    // The second one is the answer to ECHO, which the server refuses as well: without a login, for example.
    if (error !== undefined || /'echo'/.test(said)) {
      throw shell.explain(error ?? said) ?? new DataError(shell.context.failure, `${doing} at ${shell.place.words} failed: ${error ?? said}.`);
    }
    error = said;
  }
}

interface Printed {
  readonly value: string;
  readonly found: readonly string[];
}

async function ended(shell: Shell, doing: string, pipe: Pipe, { value, found }: Printed, signal: AbortSignal): Promise<unknown> {
  signal.throwIfAborted();
  const end = endOf(value);
  pipe.end();
  if (!end) return brokenOff(shell, doing, pipe, signal);
  return failed(shell, doing, found.join('\n'), end.code);
}

/** Does something in a session of its own. */
export async function inSession<T>(at: At, doing: string, signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession(at, doing, signal);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** Runs a script in the server, which happens wholly or, when its first write fails, not at all. Its reply is a short text. */
export async function evaluate(session: Session, lua: string, keys: readonly string[], args: readonly string[]): Promise<string> {
  const [line = ''] = await session.ask(['EVAL', lua, `${keys.length}`, ...keys, ...args]);
  return /^"(.*)"$/.exec(line)?.[1] ?? line;
}
