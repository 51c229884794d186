import { messageOf } from '../../outcome/wording.js';
import { unlessAborted, within } from '../../ports/within.js';
import { readJson } from '../../ports/json.js';
import type { GenericSchema } from 'valibot';
import { DataError } from '../error.js';
import { drained, linesOf } from '../script/lines.js';
import { endOf } from '../script/run.js';
import { programs } from '../script/shell.js';
import { brokenOff, failed, startScript, type At } from './run.js';

/** A session of psql, whose statements are sent one after the other. */
export interface Session {
  /** The value of a query that returns one row with one column of JSON, without line breaks. */
  json<T>(sql: string, schema: GenericSchema<unknown, T>, timeoutMs?: number): Promise<T>;
  /** Statements without a result. */
  run(sql: string, timeoutMs?: number): Promise<void>;
  /** Ends it; what it has not committed is rolled back. */
  close(): Promise<void>;
}

/**
 * The end of the input is SIGINT for psql, which cancels the statement that runs. The server would notice that its client is gone
 * only when it sends a row.
 */
const script = `
${programs}
mkfifo "$folder/in" || finish 91
run psql "$folder/in" - psql --no-psqlrc --quiet --no-align --tuples-only --no-password --set ON_ERROR_STOP=1 --set VERBOSITY=verbose --set SHOW_CONTEXT=never
watch "$folder/in"
wait_for_all
read -r code <"$folder/psql.code"
rm -rf "$folder"
finish "$code"
`;

const usualTimeoutMs = 60_000;

/** Texts are as the rest of this action expects them, names are complete, and rows that a policy hides are an error. */
const settings = `
SET standard_conforming_strings = on; SET search_path = ''; SET row_security = off; SET client_min_messages = error; SET bytea_output = hex;
SET datestyle = iso; SET intervalstyle = postgres; SET extra_float_digits = 1; SET lock_timeout = '60s'`;

export async function openSession(at: At, doing: string, signal: AbortSignal): Promise<Session> {
  const pipe = startScript(at, script, [], signal);
  const lines = linesOf(pipe);
  let end = '';
  const read = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (!done) return value;
    signal.throwIfAborted();
    end ||= value;
    const ended = endOf(end);
    pipe.end();
    if (!ended) throw await brokenOff(at, doing, pipe, signal);
    const { stderr } = await pipe.exited;
    throw failed(at, doing, stderr, ended.code);
  };
  const ask = (sql: string, timeoutMs = usualTimeoutMs): Promise<string> => {
    const late = (): Error => new DataError(at.context.failure, `${doing} at ${at.place.words} got no answer within ${timeoutMs / 1000} s.`);
    return within(at.context.ports.clock, { ms: timeoutMs, late, signal }, (over) => unlessAborted((async () => {
      await pipe.write(`${sql}\n;\n`);
      return read();
    })(), over));
  };
  const session: Session = {
    json: async (sql, schema, timeoutMs) => {
      const answer = await ask(sql, timeoutMs);
      try {
        return readJson(answer, schema, `The answer of psql at ${at.place.words}`);
      } catch (error) {
        throw new DataError(at.context.failure, `${messageOf(error)}.`, { cause: error });
      }
    },
    run: async (sql, timeoutMs) => {
      await ask(`${sql};\nSELECT 'done'`, timeoutMs);
    },
    close: async () => {
      await pipe.write('\\q\n');
      pipe.end();
      await drained(at.context.ports.clock, lines, pipe);
    },
  };
  try {
    await session.run(settings);
    return session;
  } catch (error) {
    await pipe.stop();
    throw error;
  }
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
