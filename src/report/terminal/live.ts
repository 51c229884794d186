import type { Paint } from './paint.js';
import { cutText } from '../../outcome/columns.js';

/** A terminal that can move its cursor. */
export interface Terminal {
  columns(): number;
}

/** What is being waited for, drawn below the rows and replaced by whatever comes next. */
export interface Live {
  /** A stage has started. */
  stage(name: string, atMs: number): void;
  progress(subject: string, text: string, atMs: number): void;
  /** The last line of a program's output. */
  output(line: string, atMs: number): void;
  /** A stage has ended. @returns the last state of each of its subjects */
  end(): readonly string[];
  draw(atMs: number): void;
  clear(): void;
  stop(): void;
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMs = 100;
/** `  12.3 s  ` and `✓ ` and the name of the stage: where texts begin. */
export const [timeWidth, stageWidth] = [8, 9];
export const textColumn = timeWidth + 2 + 2 + stageWidth + 2;

/** More subjects than this would push the rows off the window. */
const linesAtMost = 6;

/** The cursor to the start of the line `lines` above, and everything from there on erased. */
const erase = (lines: number): string => (lines === 0 ? '' : `\r\u001b[${lines}A\u001b[J`);

/** @param write to the terminal */
export function createLive({ columns }: Terminal, write: (text: string) => void, paint: Paint): Live {
  const states = new Map<string, string>();
  let [current, startedAt, drawnAt, drawn, isOver] = ['', 0, -frameMs, 0, false];
  const clear = (): void => {
    if (drawn > 0) write(erase(drawn));
    drawn = 0;
  };
  const draw = (atMs: number): void => {
    if (isOver || current === '') return;
    const frame = frames[Math.floor(atMs / frameMs) % frames.length] ?? '';
    const since = `${((atMs - startedAt) / 1000).toFixed(1)} s`;
    const texts = [...states.values()];
    const shown = texts.length > linesAtMost ? [...texts.slice(0, linesAtMost - 1), `… and ${texts.length - linesAtMost + 1} more`] : texts;
    const lines = (shown.length === 0 ? [''] : shown).map((text, index) => {
      const head = index === 0 ? `${`${(atMs / 1000).toFixed(1)} s`.padStart(timeWidth)}  ${frame} ${current.padEnd(stageWidth)}` : ' '.repeat(textColumn - 2);
      return cutText(`${head}  ${text === '' ? since : text}`, columns() - 1);
    });
    // In one write, so no terminal shows the moment between.
    write(`${erase(drawn)}${lines.map((line) => `${paint.dim(line)}\n`).join('')}`);
    [drawn, drawnAt] = [lines.length, atMs];
  };
  return {
    stage(name, atMs) {
      [current, startedAt] = [name, atMs];
      states.clear();
      draw(atMs);
    },
    progress(subject, text, atMs) {
      states.delete('');
      states.set(subject, text);
      draw(atMs);
    },
    output(line, atMs) {
      if (line.trim() !== '') states.set('', line);
      // A test can print a million lines, and nobody reads more than one a frame.
      if (atMs - drawnAt >= frameMs) draw(atMs);
    },
    end() {
      clear();
      const last = [...states].flatMap(([subject, text]) => (subject === '' ? [] : [text]));
      states.clear();
      current = '';
      return last;
    },
    draw,
    clear,
    stop: () => { isOver = true; },
  };
}
