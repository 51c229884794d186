import type { Log, Place } from '../ports/log.js';
import { plainLines } from '../outcome/plain.js';
import { createMasking, type Masking } from './masking.js';
import { annotation, groupEnd, groupStart, harmless, maskCommand } from './commands.js';
import { createProgress } from './progress.js';

/** How the lines of a log look. One of them writes for the GitHub runner, the other for a person at a terminal. */
interface Style {
  readonly mask?: (line: string) => string;
  /** Makes sure that a line stays a line, whatever it says. */
  readonly line: (text: string) => string;
  readonly warning: (lines: readonly string[], place: Place) => readonly string[];
  readonly error: (lines: readonly string[], place: Place) => readonly string[];
  readonly command: (text: string) => string;
  readonly output: (text: string) => string;
  readonly open: (title: string) => string;
  /** Empty when nothing closes a group. */
  readonly close: readonly string[];
}

type Write = (text: string) => void;

/** A log that the GitHub runner reads: annotations, folds and masks are commands of its own language. */
export function createRunnerLog(write: Write, masking = createMasking()): Log {
  return createLog({ write, masking: failingClosed(masking) }, {
    mask: maskCommand,
    line: harmless,
    warning: (lines, place) => [annotation('warning', lines, place)],
    error: (lines, place) => [annotation('error', lines, place)],
    // The log viewer shows a line that begins like this in blue, and the runner does not take it for a command.
    command: (text) => `[command]${text}`,
    output: (text) => text,
    open: groupStart,
    close: [groupEnd],
  });
}

/** A log for a person. `colour` is for the caller to decide: see `wantsColour`. */
export function createTerminalLog(write: Write, options: { readonly colour: boolean }): Log {
  const paint = (code: number) => (text: string) => (options.colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const [red, yellow, cyan, grey, bold] = [paint(31), paint(33), paint(36), paint(90), paint(1)] as const;
  const labelled = (label: string, paintLabel: (text: string) => string) => (lines: readonly string[], place: Place) => {
    const where = place.file ? `${[place.file, place.line, place.column].filter((part) => part !== undefined).join(':')}: ` : '';
    const head = `${paintLabel(`${label}:`)} ${where}${lines[0] ?? ''}`;
    return [head, ...lines.slice(1).map((line) => `  ${line}`)];
  };
  return createLog({ write, masking: failingClosed(createMasking()) }, {
    line: (text) => text,
    warning: labelled('warning', yellow),
    error: labelled('error', red),
    command: (text) => cyan(`$ ${text}`),
    output: grey,
    open: (title) => bold(title),
    close: [],
  }, '  ');
}

/** Colours only where a person sees them: on a terminal, and not when NO_COLOR says otherwise (no-color.org). */
export function wantsColour(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  return isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

function createLog({ write, masking }: { readonly write: Write; readonly masking: Masking }, style: Style, indentation = ''): Log {
  const progress = createProgress();
  let depth = 0;
  const emit = (line: string) => {
    // Only when something is printed: until then names may be added that the runner must not mask.
    if (style.mask) for (const secret of masking.forRunner()) write(`${style.mask(secret)}\n`);
    write(`${indentation.repeat(depth)}${line}\n`);
  };
  const emitLines = (text: string, dress: (line: string) => string = (line) => line) => {
    for (const line of clean(masking, style, text)) emit(dress(line));
  };
  return {
    mask: (secret, kind) => { masking.add(secret, kind); },
    keep: (words) => { masking.keep(words); },
    hides: (secret) => masking.hides(secret),
    redact: (text) => masking.redact(text),
    info: (text) => { emitLines(text); },
    output: (line) => { emitLines(line, style.output); },
    command: (line) => { emitLines(line, style.command); },
    warning: (text, place = {}) => { style.warning(clean(masking, style, text), cleanPlace(masking, style, place)).forEach(emit); },
    error: (text, place = {}) => { style.error(clean(masking, style, text), cleanPlace(masking, style, place)).forEach(emit); },
    progress(stage, subject, state) {
      const line = progress(oneLine(masking, style, stage), oneLine(masking, style, subject), oneLine(masking, style, state));
      if (line !== undefined) emit(style.line(line));
    },
    async group(title, body) {
      // The runner does not support nested groups: an inner one is printed as a heading.
      const outermost = depth === 0;
      const heading = oneLine(masking, style, title);
      emit(outermost ? style.open(heading) : heading);
      depth += 1;
      try {
        return await body();
      } finally {
        depth -= 1;
        if (outermost) style.close.forEach(emit);
      }
    },
  };
}

const notSearched = '*** (not shown: it could not be searched for secrets)';

/** A masking that shows nothing once it has failed, for example out of memory. The error is not reported, because it may contain secrets. */
function failingClosed(masking: Masking): Masking {
  let failed = false;
  const orElse = <T>(work: () => T, otherwise: T): T => {
    if (failed) return otherwise;
    try {
      return work();
    } catch {
      failed = true;
      return otherwise;
    }
  };
  return {
    add: (secret, kind) => orElse(() => masking.add(secret, kind), undefined),
    keep: (words) => orElse(() => masking.keep(words), undefined),
    hides: (secret) => orElse(() => masking.hides(secret), true),
    forRunner: () => orElse(() => masking.forRunner(), []),
    redact: (text) => orElse(() => masking.redact(text), notSearched),
  };
}

/**
 * The lines of a text from anywhere, ready to be printed. Values are masked first, while they are still whole; again once the
 * escape sequences that could divide them are removed; and once more because making a line harmless may change it.
 */
function clean(masking: Masking, style: Style, text: string): readonly string[] {
  const shown = masking.redact(plainLines(masking.redact(text)).join('\n'));
  return shown.split('\n').map((line) => masking.redact(style.line(line)));
}

const oneLine = (masking: Masking, style: Style, text: string): string => clean(masking, style, text).join(' ');

function cleanPlace(masking: Masking, style: Style, place: Place): Place {
  const cleanOptional = (text: string | undefined) => (text === undefined ? undefined : oneLine(masking, style, text));
  return { ...place, title: cleanOptional(place.title), file: cleanOptional(place.file) };
}
