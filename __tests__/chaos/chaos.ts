import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeFault } from './fault.js';
import { judgeCase, type Judged, type JudgedCase } from './judge-case.js';
import { eventsOf, look, type Seen } from './oracle.js';
import { plan, type App, type Case } from './plan.js';
import { runCase, type Run } from './run-case.js';
import { describeShape, type Shape } from './shape.js';
import { releases } from './release.js';
import { Unplayable, unplayableWithout } from './unplayable.js';
import { appName, mend, settled, startApp, type Stand } from './stand.js';

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
  /** Why the run that the case is about never began; nothing was judged then. */
  readonly unplayed: string | undefined;
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
  const play = async (given: Case): Promise<Broken> => {
    stand ??= await unplayableWithout('the app', () => startApp(app.shape));
    return { ...await playCase(stand, given), unplayed: undefined };
  };
  try {
    for (const given of app.cases) {
      const begun = performance.now();
      const ended = await play(given).catch((error: unknown) => broken(error));
      const seconds = (performance.now() - begun) / 1000;
      const log = join(options.folder, `${String(given.number).padStart(4, '0')}.log`);
      const one: Finished = { given, shape: app.shape, judged: ended.judged, hit: ended.hit, unplayed: ended.unplayed, seconds, log };
      writeFileSync(log, `${lineOf(one)}\nnamespace ${stand?.space.name}\n${[...ended.runs.map(logOf), stand ? await eventsOf(stand.space.name) : '', JSON.stringify(ended.now, undefined, 1)].join('\n\n')}\n`);
      finished.push(one);
      options.print(lineOf(one));
      if (stand && ended.version !== undefined) {
        stand = { ...stand, version: ended.version };
      } else {
        await stand?.dispose();
        stand = undefined;
      }
    }
  } finally {
    await stand?.dispose();
  }
}

async function playCase(stand: Stand, given: Case): Promise<JudgedCase> {
  const found = await stillWell(stand);
  const mended = (): Promise<boolean> => mend(stand, given.release).then(() => true, () => false);
  let judged: JudgedCase;
  try {
    const before = await unplayableWithout('what the release needs', async () => {
      const { before: prepare, broken: breaks } = releases[given.release];
      return prepare ? prepare(stand.space).then(() => (breaks ? look(stand.space.name, appName) : settled(stand))) : found;
    });
    judged = await judgeCase(stand, given, before, await runCase(stand, given, before));
  } catch (error) {
    await mended();
    throw error;
  }
  // Judged is judged: only the next case cannot go on from here.
  return await mended() ? judged : { ...judged, version: undefined };
}

/** The oracle has said so of the case before. That it does not last would be the doing of that one, and not of what comes now. */
const stillWell = (stand: Stand): Promise<Seen> => settled(stand).catch((error: unknown) => {
  throw new Error(`what the case before left is not well any more: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
});

/**
 * The play itself went wrong. Before the run of the action began there is nothing to be judged; after that it may be
 * the action's doing, and is not to be overlooked.
 */
function broken(error: unknown): Broken {
  const why = error instanceof Error ? error.stack ?? error.message : String(error);
  const nothing = { runs: [], hit: false, version: undefined, now: undefined };
  if (error instanceof Unplayable) return { ...nothing, judged: [], unplayed: why };
  return { ...nothing, unplayed: undefined, judged: [{ label: 'run', said: 'none', verdict: 'none', cause: '', truth: 'unknown', wrong: [`the case could not be judged: ${why}`] }] };
}

type Broken = Omit<JudgedCase, 'now'> & { readonly now: unknown; readonly unplayed: string | undefined };

/** One line for a case: what, with which fault, and how it ended. */
export function lineOf({ given, shape, judged, hit, unplayed, seconds }: Finished): string {
  const where = given.where === 'all' ? '' : ` in ${given.where}`;
  const missed = hit || given.fault.type === 'none' ? '' : ' (too late)';
  const ended = judged.map(({ said, cause }) => `${said}${cause && ` ${cause}`}`).join('; ');
  const wrong = judged.flatMap((each) => each.wrong);
  const outcome = unplayed ? `NOT PLAYED: ${unplayed.split('\n')[0]}` : wrong.length === 0 ? 'ok' : `WRONG: ${wrong.join(' | ')}`;
  return `#${String(given.number).padStart(3)} ${given.release}${where} · ${describeShape(shape)} · ${describeFault(given.fault)}${missed} → ${ended || 'nothing'} · ${seconds.toFixed(1)} s · ${outcome}`;
}

function logOf({ label, result }: Run): string {
  const lines = (of: typeof result | NonNullable<typeof result.post>): string => of.lines.map(({ atMs, text }) => `${String(atMs).padStart(7)} ${text}`).join('\n');
  return `--- ${label}: main (exit ${result.exitCode ?? result.signal}, ${result.durationMs} ms)\n${lines(result)}${
    result.post ? `\n--- ${label}: post (exit ${result.post.exitCode}, ${result.post.durationMs} ms)\n${lines(result.post)}` : ''}\n--- ${label}: report\n${JSON.stringify(result.report)}`;
}
