import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../e2e/harness/environment.js';
import type { Lab } from '../../e2e/harness/data/lab.js';
import { describeDataFault } from './fault.js';
import { judge, judgeNext, type Known } from './judge.js';
import { backupsIn, databasesOf, jobsIn, lookAt, restartsOfRedis, whyAppIsDown } from './look.js';
import { areEqual, startOracle, type Contents, type Oracle } from './oracle.js';
import { describeDataShape, planData, type DataCase, type DataPlace, type DataShape } from './plan.js';
import { firstBackup, nextRun, playDataCase, type DataRun } from './run-case.js';
import { changeData, startDataStand, type DataStand } from './stand.js';

export interface DataChaosOptions {
  readonly seed: number;
  readonly cases: number;
  /** How many places are played in at the same time. */
  readonly jobs: number;
  /** Only these cases, by their numbers. */
  readonly only?: ReadonlySet<number>;
  /** Where the logs of all cases go. */
  readonly folder: string;
  readonly print: (line: string) => void;
  readonly lab: Lab;
  /** Path of the program. */
  readonly age: string;
}

export interface FinishedData {
  readonly given: DataCase;
  readonly shape: DataShape;
  readonly verdicts: readonly string[];
  readonly happened: boolean;
  readonly wrong: readonly string[];
  readonly unplayed?: string;
  readonly seconds: number;
  readonly log: string;
  /** Backups that the oracle has restored. */
  readonly restored: number;
}

/** Plays what the seed says. @returns every case, in the order of their numbers */
export async function dataChaos(options: DataChaosOptions): Promise<FinishedData[]> {
  mkdirSync(options.folder, { recursive: true });
  const places = planData(options.seed, options.cases)
    .map((place) => ({ ...place, cases: place.cases.filter(({ number }) => options.only?.has(number) ?? true) })).filter(({ cases }) => cases.length > 0);
  const finished: FinishedData[] = [];
  const oracle = await startOracle(options.lab, options.age);
  try {
    const lane = async (): Promise<void> => {
      for (let place = places.shift(); place; place = places.shift()) await new Playing(options, oracle, place, finished).play();
    };
    await Promise.all(Array.from({ length: options.jobs }, lane));
  } finally {
    await oracle.close();
  }
  return finished.sort((a, b) => a.given.number - b.given.number);
}

/** The cases of one place, one after another. After one that is wrong, the rest is played in a new place. */
class Playing {
  private stand?: DataStand;
  private backups = new Map<string, Contents>();

  constructor(
    private readonly options: DataChaosOptions, private readonly oracle: Oracle & { readonly identities: Set<string> }, private readonly place: DataPlace,
    private readonly finished: FinishedData[],
  ) {}

  async play(): Promise<void> {
    const last = this.place.cases.at(-1);
    try {
      for (const given of this.place.cases) {
        const startedAt = performance.now();
        const log = join(this.options.folder, `${String(given.number).padStart(4, '0')}.log`);
        const runs: DataRun[] = [];
        const had = this.backups.size;
        const ended = await this.one(given, runs, given === last).catch((error: unknown) => broken(error as Error, runs.length > 0));
        const verdicts = runs.map(({ result }) => `${result.outputs['verdict'] ?? result.signal ?? 'nothing'}${result.outputs['cause'] ? ` ${result.outputs['cause']}` : ''}`);
        const [seconds, restored] = [(performance.now() - startedAt) / 1000, Math.max(0, this.backups.size - had)];
        const one: FinishedData = { given, shape: this.place.shape, verdicts, seconds, log, restored, ...ended };
        writeFileSync(log, `${lineOfData(one)}\nnamespace ${this.stand?.space.name}\n${one.wrong.join('\n')}\n${one.unplayed ?? ''}\n${runs.map(logOf).join('\n\n')}\n`);
        this.finished.push(one);
        this.options.print(lineOfData(one));
        if (one.wrong.length > 0 || one.unplayed !== undefined) await this.leave();
      }
    } finally {
      await this.leave();
    }
  }

  private async one(given: DataCase, runs: DataRun[], isLast: boolean): Promise<{ wrong: string[]; happened: boolean }> {
    const stand = this.stand ??= await this.enter();
    await changeData(stand, given.number);
    const [before, startedAt] = [await lookAt(stand), new Date()];
    const known: Known = { oracle: this.oracle, backups: this.backups, redisRestarts: await restartsOfRedis(stand) };
    const database = given.engine === 'redis' ? 'sessions' : 'main';
    const named = Object.keys(before.backups).filter((name) => name.startsWith(`${database}/`)).sort().at(-1);
    const played = await playDataCase(stand, given, named);
    runs.push(...played.runs);
    const wrong = await judge(stand, given, played, known, { startedAt, before });
    if (!['backed-up', 'restored'].includes(played.runs[0]?.result.outputs['verdict'] ?? '')) {
      const next = await nextRun(stand, given);
      runs.push(next);
      wrong.push(...await judgeNext(stand, given, next, known));
    } else {
      const down = await eventually('the app runs', async () => (await whyAppIsDown(stand)) === undefined, 60_000).then(() => undefined, () => whyAppIsDown(stand));
      if (down !== undefined) wrong.push(down);
    }
    if (isLast && wrong.length === 0) wrong.push(...await this.judgeAll(stand));
    await tidy(stand);
    return { wrong, happened: played.happened };
  }

  private async enter(): Promise<DataStand> {
    this.backups = new Map();
    const stand = await startDataStand(this.options.lab, this.place.shape);
    this.oracle.identities.add(stand.keys.identity);
    try {
      for (const engine of ['postgres', 'redis'] as const) {
        const made = await firstBackup(stand, engine);
        if (made.outputs['verdict'] !== 'backed-up') throw new Error(`the first backup failed:\n${made.log}`);
      }
      for (const [name, manifest] of Object.entries(await backupsIn(stand))) {
        if (manifest) this.backups.set(name, await this.oracle.contentsOf(manifest, (key) => stand.store.read(key)));
      }
      return stand;
    } catch (error) {
      await stand.dispose();
      throw error;
    }
  }

  /** At the end of a place: every backup that is left still restores to what it had, and no pod of the action is left. */
  private async judgeAll(stand: DataStand): Promise<string[]> {
    const wrong: string[] = [];
    for (const [name, manifest] of Object.entries(await backupsIn(stand))) {
      const had = this.backups.get(name);
      const found = manifest && await this.oracle.contentsOf(manifest, (key) => stand.store.read(key)).catch((error: unknown) => { wrong.push(`the backup ${name} does not restore any more: ${(error as Error).message}`); });
      if (found && had && !areEqual(found, had)) wrong.push(`the backup ${name} has other rows than when it was made`);
    }
    let jobs: string[] = [];
    await eventually('no Job is left', async () => (jobs = await jobsIn(stand)).length === 0, 150_000).catch(() => wrong.push(`Jobs are left: ${jobs.join(', ')}`));
    return wrong;
  }

  private async leave(): Promise<void> {
    await this.stand?.dispose();
    this.stand = undefined;
  }
}

/** The play itself went wrong: before the first run has ended, there is nothing to be judged. */
const broken = ({ stack = '' }: Error, hasRun: boolean): Pick<FinishedData, 'wrong' | 'happened' | 'unplayed'> =>
  (hasRun ? { wrong: [`the case could not be judged: ${stack}`], happened: false } : { wrong: [], happened: false, unplayed: stack });

/** Removes what a restore keeps, as somebody does who is content with it. */
async function tidy(stand: DataStand): Promise<void> {
  for (const name of (await databasesOf(stand)).filter((each) => each !== 'acci')) await stand.ask.sql(`DROP DATABASE "${name}" WITH (FORCE)`, 'postgres');
  for (const database of ['12', '13', '14', '15']) await stand.ask.command(['flushdb'], Number(database));
}

/** One line for a case: what, with which fault, and how it ended. */
export function lineOfData({ given, shape, verdicts, happened, wrong, unplayed, seconds }: FinishedData): string {
  const missed = happened ? '' : ' (did not come)';
  const outcome = unplayed !== undefined ? `NOT PLAYED: ${unplayed.split('\n')[0]}` : wrong.length === 0 ? 'ok' : `WRONG: ${wrong.join(' | ')}`;
  return `#${String(given.number).padStart(3)} ${given.action} of ${given.engine} · ${describeDataShape(shape)}, ${given.verify} · ${describeDataFault(given.fault)}${missed} → ${verdicts.join('; ') || 'nothing'} · ${seconds.toFixed(1)} s · ${outcome}`;
}

const logOf = ({ label, action, result }: DataRun): string =>
  `--- ${label}: ${action} (exit ${result.exitCode ?? result.signal}, ${result.durationMs} ms)\n${result.lines.filter(({ text }) => !text.startsWith('::add-mask::')).map(({ atMs, text }) => `${String(atMs).padStart(7)} ${text}`).join('\n')}${
    result.post ? `\n--- ${label}: post\n${result.post.log}` : ''}\n${JSON.stringify(result.outputs)}`;
