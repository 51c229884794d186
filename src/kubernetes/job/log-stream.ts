import { messageOf } from '../../outcome/wording.js';
import type { Clock } from '../../ports/clock.js';
import { ApiError, type Api } from '../client/api.js';
import { apiPath, resources } from '../client/resources.js';

/** One log that is read while it is written. */
export interface FollowedLog {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** Between two attempts, ms. */
const pauseMs = 500;
/** An attempt that finds no log is final after so many in a row: the node or the container is gone. */
const attemptsWithoutLog = 10;
const maxBytes = 64 * 1024 * 1024;

/**
 * Passes on each line of a log until its container has ended. A stream that is cut is opened again where it was: the lines
 * have the times at which they were written, and the API answers with those of a whole second.
 * @param isDone whether the container has ended
 * @returns why the log is incomplete, if it is. Does not reject; ends when `signal` aborts
 */
export async function followLog(
  api: Api, clock: Clock, { namespace, pod, container }: FollowedLog, isDone: () => boolean, onLine: (line: string) => void, signal: AbortSignal,
): Promise<string | undefined> {
  const position = new Position();
  const path = (more: Readonly<Record<string, string>>): string => {
    position.reopen();
    return `${apiPath(resources.pods, namespace, pod)}/log?${new URLSearchParams({ container, timestamps: 'true', ...position.since, ...more }).toString()}`;
  };
  const pass = (line: string): void => {
    const text = position.pass(line);
    if (text !== undefined) onLine(text);
  };
  for (let failures = 0; ;) {
    try {
      if (isDone()) {
        // A stream that was cut looks like one that is complete. This answer has a length, and is one or the other.
        const { status, body } = await api.raw(path({}), { signal, maxBytes });
        if (status !== 200) throw new ApiError(status, '', `it returned status ${status}`);
        body.split('\n').filter((line) => line !== '').forEach(pass);
        return undefined;
      }
      await api.stream(path({ follow: 'true' }), pass, signal);
      failures = 0;
    } catch (error) {
      failures += 1;
      const lasts = error instanceof ApiError && !error.passing && error.status !== 400;
      if (!signal.aborted && (lasts || failures >= attemptsWithoutLog)) return messageOf(error);
    }
    if (signal.aborted) return undefined;
    if (!isDone()) await clock.sleep(pauseMs, signal).catch(() => undefined);
  }
}

/** `2026-11-30T16:40:00.123456789Z text` */
const stamped = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d) ?(.*)$/s;

/** Where the reading of a log has got to. */
class Position {
  /** Time of the last line that was passed on, and how many lines of that time were. */
  private last = '';
  private count = 0;
  /** Lines of that time that are read again. */
  private again = 0;

  /** Fields of the query from which on to read. */
  get since(): Readonly<Record<string, string>> {
    return this.last === '' ? {} : { sinceTime: `${this.last.slice(0, 19)}Z` };
  }

  reopen(): void {
    this.again = this.count;
  }

  /** The text of a line; undefined for one that was passed on before. */
  pass(line: string): string | undefined {
    const [, second, fraction = '', zone = '', text] = stamped.exec(line) ?? [];
    // The kubelet adds lines of its own, without a time.
    if (second === undefined || text === undefined) return line;
    const time = `${new Date(Date.parse(`${second}${zone}`)).toISOString().slice(0, 19)}.${fraction.padEnd(9, '0')}`;
    if (time < this.last) return undefined;
    if (time > this.last) {
      [this.last, this.count, this.again] = [time, 1, 0];
      return text;
    }
    if (this.again > 0) {
      this.again -= 1;
      return undefined;
    }
    this.count += 1;
    return text;
  }
}
