import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeFault } from './fault.js';
import { judgeCase, type Judged, type JudgedCase } from './judge-case.js';
import { eventsOf } from './oracle.js';
import { plan, type App, type Case } from './plan.js';
import { runCase, type Run } from './run-case.js';
import { describeShape, type Shape } from './shape.js';
import { releases } from './release.js';
import { mend, settled, startApp, type Stand } from './stand.js';

export interface ChaosOptions {
  readonly seed: number;
  readonly runs: number;
  /** How many apps are played with at the same time. */
  readonly jobs: number;
  /** Only these cases, by their numbers; those before them in the same app are left out. */
  readonly only?: ReadonlySet<number>;
  /** Where the logs of all cases go. */
  readonly folder: string;
  readonly print: (line: string) => void;
}

export interface Finished {
  readonly given: Case;
  readonly shape: Shape;
  readonly judged: readonly Judged[];
  readonly hit: boolean;
  readonly seconds: number;
  readonly log: string;
}

/** Plays what the seed says. @returns every case, in the order of their numbers */
export async function chaos(options: ChaosOptions): Promise<Finished[]> {
  mkdirSync(options.folder, { recursive: true });
  const chosen = plan(options.seed, options.runs)
    .map((app) => ({ ...app, cases: app.cases.filter(({ number }) => options.only?.has(number) ?? true) }))
    .filter(({ cases }) => cases.length > 0);
  const finished: Finished[] = [];
  const lane = async (): Promise<void> => {
    for (let app = chosen.shift(); app; app = chosen.shift()) await playApp(app, options, finished);
  };
  await Promise.all(Array.from({ length: options.jobs }, lane));
  return finished.sort((a, b) => a.given.number - b.given.number);
}

async function playApp(app: App, options: ChaosOptions, finished: Finished[]): Promise<void> {
  let stand: Stand | undefined;
  try {
    for (const given of app.cases) {
      stand ??= await startApp(app.shape);
      const begun = performance.now();
      const ended = await playCase(stand, given).catch((error: unknown) => broken(error));
      const seconds = (performance.now() - begun) / 1000;
      const log = join(options.folder, `${String(given.number).padStart(4, '0')}.log`);
      const one: Finished = { given, shape: app.shape, judged: ended.judged, hit: ended.hit, seconds, log };
      writeFileSync(log, `${lineOf(one)}\nnamespace ${stand.space.name}\n${[...ended.runs.map(logOf), await eventsOf(stand.space.name), JSON.stringify(ended.now, undefined, 1)].join('\n\n')}\n`);
      finished.push(one);
      options.print(lineOf(one));
      if (ended.version === undefined) {
        await stand.dispose();
        stand = undefined;
      } else {
        stand = { ...stand, version: ended.version };
      }
    }
  } finally {
    await stand?.dispose();
  }
}

async function playCase(stand: Stand, given: Case): Promise<JudgedCase> {
  try {
    await releases[given.release].before?.(stand.space);
    const before = await settled(stand);
    return await judgeCase(stand, given, before, await runCase(stand, given, before));
  } finally {
    await mend(stand, given.release);
  }
}

/** The play itself went wrong: that is no verdict, and not to be overlooked either. */
const broken = (error: unknown): Omit<JudgedCase, 'now'> & { now: unknown } => ({
  judged: [{ label: 'run', said: 'none', verdict: 'none', cause: '', truth: 'unknown', wrong: [`the case could not be played: ${error instanceof Error ? error.stack : String(error)}`] }],
  runs: [], hit: false, version: undefined, now: undefined,
});

/** One line for a case: what, with which fault, and how it ended. */
export function lineOf({ given, shape, judged, hit, seconds }: Finished): string {
  const where = given.where === 'all' ? '' : ` in ${given.where}`;
  const missed = hit || given.fault.type === 'none' ? '' : ' (too late)';
  const ended = judged.map(({ said, cause }) => `${said}${cause && ` ${cause}`}`).join('; ');
  const wrong = judged.flatMap((each) => each.wrong);
  return `#${String(given.number).padStart(3)} ${given.release}${where} · ${describeShape(shape)} · ${describeFault(given.fault)}${missed} → ${ended} · ${seconds.toFixed(1)} s · ${
    wrong.length === 0 ? 'ok' : `WRONG: ${wrong.join(' | ')}`}`;
}

function logOf({ label, result }: Run): string {
  const lines = (of: typeof result | NonNullable<typeof result.post>): string => of.lines.map(({ atMs, text }) => `${String(atMs).padStart(7)} ${text}`).join('\n');
  return `--- ${label}: main (exit ${result.exitCode ?? result.signal}, ${result.durationMs} ms)\n${lines(result)}${
    result.post ? `\n--- ${label}: post (exit ${result.post.exitCode}, ${result.post.durationMs} ms)\n${lines(result.post)}` : ''}\n--- ${label}: report\n${JSON.stringify(result.report)}`;
}
