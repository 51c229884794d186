import type { Log, Place } from '../ports/log.js';
import { createCleaner, failingClosed } from './clean.js';
import { annotation, groupEnd, groupStart, maskCommand } from './commands.js';
import { createMasking, type Masking } from './masking.js';
import { createProgress } from './progress.js';

/** One line of the log, without its time. What is undefined is left out. */
interface JsonLine {
  readonly level: 'info' | 'warning' | 'error';
  /** What it is, if it is not simply said: `command`, `output`, `progress`, `group`, `stage`, `verdict`. */
  readonly type?: string;
  readonly stage?: string;
  readonly message: string;
  readonly [field: string]: string | number | undefined;
}

/** The lines that a reader of the log needs beside the objects. */
export interface Around {
  /** Before the next object. */
  before(masking: Masking): readonly string[];
  problem(level: 'warning' | 'error', lines: readonly string[], place: Place): readonly string[];
  open(title: string): readonly string[];
  close(): readonly string[];
}

/** A reader that takes every line as an object. */
export const objectsOnly: Around = { before: () => [], problem: () => [], open: () => [], close: () => [] };

/** The GitHub runner: it gets masks, annotations and folds as commands of its language, each on a line of its own. */
export const withRunnerCommands: Around = {
  before: (masking) => masking.forRunner().map(maskCommand),
  problem: (level, lines, place) => [annotation(level, lines, place)],
  open: (title) => [groupStart(title)],
  close: () => [groupEnd],
};

/** Where the log is written, and what every line of it says. */
export interface JsonLogSettings {
  readonly write: (text: string) => void;
  /** ms since 1970. */
  readonly now: () => number;
  readonly around: Around;
  /** `run` and, in a trace, `trace_id`: by these the lines of one run are found. */
  readonly ids: Readonly<Record<string, string | undefined>>;
}

/** A log of JSON, one object on each line: `{"time":"…","level":"info","run":"…","stage":"rollout","message":"…"}`. */
export interface JsonLog {
  readonly log: Log;
  /** Writes a line with fields of its own. Its texts are redacted, as all others are. */
  line(line: JsonLine): void;
  /** The stage that the lines from now on belong to, unless they name one themselves. */
  setStage(stage: string | undefined): void;
}

export function createJsonLog({ write, now, around, ids }: JsonLogSettings, unsafe = createMasking()): JsonLog {
  const masking = failingClosed(unsafe);
  const { lines, oneLine, place: cleanPlace } = createCleaner(masking, (line) => line);
  const progress = createProgress();
  const titles: string[] = [];
  let current: string | undefined;
  const emit = (text: string): void => write(`${text}\n`);
  const put = ({ level, stage = current, message, ...fields }: JsonLine): void => {
    around.before(masking).forEach(emit);
    const shown = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? lines(value).join('\n') : value]));
    emit(encoded({ time: new Date(now()).toISOString(), level, ...ids, stage, group: titles.at(-1), ...shown, message: lines(message).join('\n') }, masking));
  };
  const problem = (level: 'warning' | 'error') => (text: string, place: Place = {}): void => {
    put({ level, message: text, title: place.title, file: place.file, line: place.line, column: place.column });
    around.problem(level, lines(text), cleanPlace(place)).forEach(emit);
  };
  const log: Log = {
    mask: (secret, kind) => { masking.add(secret, kind); },
    keep: (words) => { masking.keep(words); },
    hides: (secret) => masking.hides(secret),
    redact: (text) => masking.redact(text),
    info: (text) => { put({ level: 'info', message: text }); },
    output: (line) => { put({ level: 'info', type: 'output', message: line }); },
    command: (line) => { put({ level: 'info', type: 'command', message: line }); },
    warning: problem('warning'),
    error: problem('error'),
    progress: (stage, subject, state) => {
      if (progress(oneLine(stage), oneLine(subject), oneLine(state)) === undefined) return;
      put({ level: 'info', type: 'progress', stage, message: `${subject} ${state}`, subject, state });
    },
    group: async (title, body) => {
      put({ level: 'info', type: 'group', message: title });
      // The runner does not support nested groups.
      if (titles.length === 0) around.open(oneLine(title)).forEach(emit);
      titles.push(oneLine(title));
      try {
        return await body();
      } finally {
        titles.pop();
        if (titles.length === 0) around.close().forEach(emit);
      }
    },
  };
  return { log, line: put, setStage: (stage) => { current = stage; } };
}

/**
 * An object on one line. No text in it becomes a command of the runner: a line that begins with a brace is none, and `##[` is
 * written with an escape. A text that only its escapes make equal to a secret is not shown.
 */
function encoded(fields: Readonly<Record<string, unknown>>, masking: Masking): string {
  const safe = Object.entries(fields).map(([name, value]) => {
    const json = JSON.stringify(value) as string | undefined;
    return [name, typeof value === 'string' && json !== undefined && masking.redact(json) !== json ? '***' : value] as const;
  });
  return JSON.stringify(Object.fromEntries(safe)).replaceAll('##[', '#\\u0023[');
}
