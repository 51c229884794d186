import { systemClock, every } from '../host/clock.js';
import { canDraw, createTerminalLog, wantsColour } from '../host/log.js';
import type { Annotate, Log } from '../ports/log.js';
import type { RunEvent } from '../outcome/events.js';
import type { Outcome } from '../outcome/outcome.js';
import { terminalEnd } from '../report/terminal/end.js';
import { createPaint, type Paint } from '../report/terminal/paint.js';
import { createScreen } from '../report/terminal/screen.js';

export interface ScreenOptions {
  readonly verbose: boolean;
  /** The standard output is for JSON alone. */
  readonly json: boolean;
}

/** What this process prints of a run: a log, and whatever follows the run. */
export interface OpenScreen {
  readonly log: Log;
  hear(event: RunEvent): void;
  printEnd(outcome: Outcome): Promise<void> | void;
  /** Prints a text as it is, where the results are printed. */
  printPage(text: string): void;
  readonly annotate: Annotate;
  close(): void;
}

/** How often the time that passes is drawn. */
const tickMs = 100;

/** Results and progress go to the standard output, errors and warnings to the standard error. */
export function openScreen(env: NodeJS.ProcessEnv, { verbose, json }: ScreenOptions): OpenScreen {
  const [rowStream, problemStream] = [json ? process.stderr : process.stdout, process.stderr];
  const startedAt = systemClock.monotonic();
  const paintFor = (stream: NodeJS.WriteStream): Paint => createPaint(wantsColour(env, stream.isTTY));
  const [rows, problems] = [paintFor(rowStream), paintFor(problemStream)] as const;
  const columns = (): number => rowStream.columns || 80;
  const terminal = canDraw(env, rowStream.isTTY) ? { columns } : undefined;
  const sink = {
    rows: (text: string) => { rowStream.write(text); }, problems: (text: string) => { problemStream.write(text); },
    elapsedMs: () => systemClock.monotonic() - startedAt,
  };
  const screen = createScreen(sink, { rows, problems, verbose, terminal });
  const ticker = terminal && every(tickMs, () => { screen.tick(); });
  return {
    log: createTerminalLog(screen),
    hear: (event) => { screen.hear(event); },
    printEnd: (outcome) => {
      const end = terminalEnd(outcome, { rows, problems, verbose, width: terminal && Math.min(columns(), 100) });
      screen.end();
      screen.printProblem(end.problems);
      screen.print(end.results);
    },
    printPage: (text) => {
      screen.end();
      screen.print(text.trimEnd().split('\n'));
    },
    // The page follows on the same screen.
    annotate: () => undefined,
    close: () => {
      ticker?.stop();
      screen.end();
    },
  };
}
