import type { RunEvent } from '../../outcome/events.js';
import type { Place } from '../../ports/log.js';
import type { Screen } from '../../ports/screen.js';
import { duration } from '../format.js';
import { createLive, stageWidth, textColumn, timeWidth, type Live, type Terminal } from './live.js';
import type { Paint } from './paint.js';
import { cutText, wrapText } from '../../outcome/columns.js';
import { shortenText } from './shorten.js';

/** What a run looks like. */
export interface Look {
  readonly rows: Paint;
  readonly problems: Paint;
  /** Everything in full: references, the output of tests and builds. */
  readonly verbose: boolean;
  /** The terminal that shows the rows; undefined where lines are all that there is: a pipe, a file, the log of a CI. */
  readonly terminal?: Terminal;
}

/** Where it is written, and the time since the start of the run. */
export interface Sink {
  rows(text: string): void;
  problems(text: string): void;
  elapsedMs(): number;
}

/** A screen that also follows the events of the run. */
export interface RunScreen extends Screen {
  hear(event: RunEvent): void;
  /** Draws the time that passes. */
  tick(): void;
  /** Lines after the run, on the stream of the results. */
  print(lines: readonly string[]): void;
  /** The same on the stream of the problems. */
  printProblem(lines: readonly string[]): void;
  /** Removes what is drawn for the moment. */
  end(): void;
}

/** Of a window; a narrower one wraps the lines itself. */
const narrowest = 40;
/** A pipe has no width. A command in a log is cut where most windows end. */
const widthOfLines = 120;

/** Every rollout starts with it. */
const nothingYet = 'waiting for the controller';

/** News that is printed although the numbers before it have not changed. */
const isBad = (state: string): boolean => /crash|fail|error|back-off|oom|killed|exit|cannot|denied/i.test(state);

/**
 * Draws a run as rows: when, which stage, what. On a terminal, what is being waited for is drawn in place below them; otherwise
 * each step forward is a row.
 */
export const createScreen = (sink: Sink, look: Look): RunScreen => new Rows(sink, look);

class Rows implements RunScreen {
  private readonly live: Live | undefined;
  /** Place → what was last printed of it. */
  private readonly last = new Map<string, string>();
  private stage = '';
  /** The result is printed: what comes now belongs to no stage. */
  private isOver = false;

  constructor(private readonly sink: Sink, private readonly look: Look) {
    this.live = look.terminal && createLive(look.terminal, (text) => { sink.rows(text); }, look.rows);
  }

  hear(event: RunEvent): void {
    const { rows } = this.look;
    if (event.kind === 'stage-started') this.enter(event.stage);
    if (event.kind === 'stage-ended') {
      const { stage, label, startMs, endMs, result } = event.span;
      const states = (this.live?.end() ?? []).filter((text) => result === 'ok' && text !== '');
      const took = [labelOf(stage, label), duration(endMs - startMs)].filter(Boolean).join(' · ');
      this.row(result === 'failed' ? rows.red('✗') : rows.green('✓'), stage, [rows.dim(took), ...states]);
    }
    if (event.kind === 'ended') this.isOver = true;
    if (event.kind === 'undo-started') {
      this.enter('rollback');
      this.row(rows.yellow('↩'), 'rollback', [`${event.cause}: collecting evidence, then restoring the previous version`]);
    }
  }

  note(lines: readonly string[]): void {
    if (this.isOver) this.print(lines.map((line) => `  ${this.look.rows.dim(this.full(line))}`));
    else for (const line of lines) this.row(' ', this.stage, this.folded(this.full(line)).map(this.look.rows.dim));
  }

  problem(kind: 'warning' | 'error', lines: readonly string[], place: Place): void {
    this.above(() => { this.sink.problems(problemText(kind, lines.map((line) => this.full(line)), place, this.look.problems)); });
  }

  command(lines: readonly string[]): void {
    const { rows, verbose } = this.look;
    for (const line of lines) this.row(' ', this.stage, [rows.cyan(verbose ? `$ ${line}` : cutText(`$ ${shortenText(line)}`, this.width() - textColumn))]);
  }

  output(lines: readonly string[]): void {
    for (const line of lines) {
      if (this.look.verbose) this.row(' ', this.stage, [this.look.rows.dim(line)]);
      else this.live?.output(line, this.sink.elapsedMs());
    }
  }

  progress(stage: string, subject: string, state: string): void {
    const text = `${this.full(subject)}  ${this.full(state)}`;
    if (this.live && !isBad(state)) {
      this.live.progress(subject, text, this.sink.elapsedMs());
      return;
    }
    if (state === nothingYet && !this.look.verbose) return;
    // `1/3 ready · one pod pulls`, `1/3 ready · it starts`: one of these is enough, unless it is bad news.
    const news = this.look.verbose || isBad(state) ? state : state.split(' · ')[0] ?? '';
    const place = JSON.stringify([stage, subject]);
    if (this.last.get(place) !== news) this.row(' ', stage, [text]);
    this.last.set(place, news);
  }

  open(title: string): void {
    if (this.look.verbose) this.row(' ', this.stage, [this.look.rows.bold(title)]);
  }

  close(): void {
    // Its lines are rows like all others.
  }

  tick(): void {
    this.live?.draw(this.sink.elapsedMs());
  }

  print(lines: readonly string[]): void {
    this.above(() => { for (const line of lines) this.sink.rows(`${line}\n`); });
  }

  printProblem(lines: readonly string[]): void {
    this.above(() => { for (const line of lines) this.sink.problems(`${line}\n`); });
  }

  end(): void {
    this.live?.clear();
    this.live?.stop();
  }

  private enter(stage: string): void {
    this.stage = stage;
    this.live?.stage(stage, this.sink.elapsedMs());
  }

  private readonly full = (text: string): string => (this.look.verbose ? text : shortenText(text));

  private readonly width = (): number => Math.max(narrowest, this.look.terminal?.columns() ?? widthOfLines);

  private folded(text: string): readonly string[] {
    return this.look.terminal && !this.look.verbose ? wrapText(text, this.width() - textColumn) : [text];
  }

  private row(mark: string, stage: string, texts: readonly string[]): void {
    const { rows } = this.look;
    const time = rows.dim(seconds(this.sink.elapsedMs()).padStart(timeWidth));
    this.above(() => {
      texts.forEach((text, index) => {
        const head = index === 0 ? `${time}  ${mark} ${rows.bold(stage.padEnd(stageWidth))}` : ' '.repeat(textColumn - 2);
        this.sink.rows(`${`${head}  ${text}`.trimEnd()}\n`);
      });
    });
  }

  /** Writes above what is drawn. */
  private above(write: () => void): void {
    this.live?.clear();
    write();
    this.live?.draw(this.sink.elapsedMs());
  }
}

/** `0.8 s`, `12.3 s`, `304.0 s`: one unit, so a column of times can be compared. */
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** The label of a stage where it says more than its name. */
const labelOf = (stage: string, label: string): string => (label.startsWith(stage) || label === 'preflight' ? '' : label);

function problemText(kind: 'warning' | 'error', lines: readonly string[], { file, line, column }: Place, paint: Paint): string {
  const where = file ? `${[file, line, column].filter((part) => part !== undefined).join(':')}: ` : '';
  const label = kind === 'error' ? paint.red(paint.bold('error:')) : paint.yellow('warning:');
  return [`${label} ${where}${lines[0] ?? ''}`, ...lines.slice(1).map((each) => `  ${each}`)].map((each) => `${each}\n`).join('');
}
