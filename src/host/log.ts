import type { Log } from '../ports/log.js';
import type { Screen } from '../ports/screen.js';
import { createCleaner, failingClosed } from './clean.js';
import { annotation, groupEnd, groupStart, harmless, maskCommand } from './commands.js';
import { createMasking } from './masking.js';
import { createProgress } from './progress.js';

type Masks = Pick<Log, 'mask' | 'keep' | 'hides' | 'redact'>;
type Masking = ReturnType<typeof createMasking>;

const masksOf = (masking: Masking): Masks => ({
  mask: (secret, kind) => { masking.add(secret, kind); },
  keep: (words) => { masking.keep(words); },
  hides: (secret) => masking.hides(secret),
  redact: (text) => masking.redact(text),
});

/** A log that the GitHub runner reads: annotations, folds and masks are commands of its own language. */
export function createRunnerLog(write: (text: string) => void, unsafe = createMasking()): Log {
  const masking = failingClosed(unsafe);
  const { lines, oneLine, place: cleanPlace } = createCleaner(masking, harmless);
  const progress = createProgress();
  let depth = 0;
  const emit = (line: string): void => {
    // Only when something is printed: until then names may be added that the runner must not mask.
    for (const secret of masking.forRunner()) write(`${maskCommand(secret)}\n`);
    write(`${line}\n`);
  };
  return {
    ...masksOf(masking),
    info: (text) => { lines(text).forEach(emit); },
    output: (text) => { lines(text).forEach(emit); },
    // The log viewer shows a line that begins like this in blue, and the runner does not take it for a command.
    command: (text) => { for (const line of lines(text)) emit(`[command]${line}`); },
    warning: (text, place = {}) => { emit(annotation('warning', lines(text), cleanPlace(place))); },
    error: (text, place = {}) => { emit(annotation('error', lines(text), cleanPlace(place))); },
    progress(stage, subject, state) {
      const line = progress(oneLine(stage), oneLine(subject), oneLine(state));
      if (line !== undefined) emit(harmless(line));
    },
    async group(title, body) {
      // The runner does not support nested groups: an inner one is printed as a heading.
      const outermost = depth === 0;
      const heading = oneLine(title);
      emit(outermost ? groupStart(heading) : heading);
      depth += 1;
      try {
        return await body();
      } finally {
        depth -= 1;
        if (outermost) emit(groupEnd);
      }
    },
  };
}

/** A log for a person, who sees it on this screen. */
export function createTerminalLog(screen: Screen): Log {
  const masking = failingClosed(createMasking());
  const { lines, oneLine, place: cleanPlace } = createCleaner(masking, (line) => line);
  return {
    ...masksOf(masking),
    info: (text) => { screen.note(lines(text)); },
    output: (text) => { screen.output(lines(text)); },
    command: (text) => { screen.command(lines(text)); },
    warning: (text, place = {}) => { screen.problem('warning', lines(text), cleanPlace(place)); },
    error: (text, place = {}) => { screen.problem('error', lines(text), cleanPlace(place)); },
    progress: (stage, subject, state) => { screen.progress(oneLine(stage), oneLine(subject), oneLine(state)); },
    async group(title, body) {
      screen.open(oneLine(title));
      try {
        return await body();
      } finally {
        screen.close();
      }
    },
  };
}

type Env = Readonly<Record<string, string | undefined>>;

/** Colours where a person sees them, unless the environment says otherwise: no-color.org, force-color.org. */
export function wantsColour(env: Env, isTerminal: boolean): boolean {
  const { FORCE_COLOR: forced, NO_COLOR: none, TERM: terminal } = env;
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return isTerminal && !none && terminal !== 'dumb';
}

/** Whether the cursor can be moved: what is being waited for is then drawn in place. */
export const canDraw = (env: Env, isTerminal: boolean): boolean => isTerminal && env['TERM'] !== 'dumb' && !env['CI'];
