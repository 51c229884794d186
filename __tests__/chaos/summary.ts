import { lineOf, type Finished } from './chaos.js';
import { kindOf } from './fault.js';
import { mostUnplayed } from './unplayable.js';

const truths = ['new version', 'as before', 'the same', 'changed by others', 'neither', 'in between', 'unknown'];
export const isWrong = ({ judged }: Finished): boolean => judged.some(({ wrong }) => wrong.length > 0);
/** Those that were not played: no run, no verdict, and neither right nor wrong. */
export const unplayedIn = (finished: readonly Finished[]): readonly Finished[] => finished.filter(({ unplayed }) => unplayed !== undefined);
/** Why the whole says too little to be a success; nothing when it does not. */
export function tooFewPlayed(finished: readonly Finished[]): string | undefined {
  const [left, most] = [unplayedIn(finished).length, mostUnplayed(finished.length)];
  return left > most ? `${left} of ${finished.length} cases could not be played; more than ${most} are too many for the others to count` : undefined;
}
export const runsOf = (finished: readonly Finished[]): number => finished.reduce((sum, { judged }) => sum + judged.length, 0);

/** Rows of cells; the first row names the columns. */
export type Table = readonly (readonly string[])[];

/** How often each verdict was given, and what was true then. */
export function verdictsAndTruths(finished: readonly Finished[]): Table {
  const judged = finished.flatMap((each) => each.judged);
  const shown = truths.filter((truth) => judged.some((each) => each.truth === truth));
  const count = (verdict: string, truth: string): string => String(judged.filter((each) => each.verdict === verdict && each.truth === truth).length || '·');
  const verdicts = [...new Set(judged.map(({ verdict }) => verdict))].sort();
  return [['verdict', ...shown], ...verdicts.map((verdict) => [verdict, ...shown.map((truth) => count(verdict, truth))])];
}

/** How often each cause was given by a run. */
export const causesSeen = (finished: readonly Finished[]): Table =>
  [['cause', 'runs'], ...counted(finished.flatMap(({ judged }) => judged.map(({ cause }) => cause).filter((cause) => cause !== '')))];

/** How many cases had each fault; of those whose fault came too late, as the run was over, only how many. */
export function faultsSeen(all: readonly Finished[]): Table {
  const finished = all.filter(({ unplayed }) => unplayed === undefined);
  const late = finished.filter(({ given, hit }) => given.fault.type !== 'none' && !hit).length;
  const came = counted(finished.filter(({ given, hit }) => hit || given.fault.type === 'none').map(({ given }) => kindOf(given.fault)));
  return [['fault', 'cases'], ...came, ...(late > 0 ? [['came too late', String(late)]] : [])];
}

/** How many cases had each release. */
export const releasesSeen = (finished: readonly Finished[]): Table => [['release', 'cases'], ...counted(finished.map(({ given }) => given.release))];

function counted(names: readonly string[]): string[][] {
  const times = new Map<string, number>();
  for (const name of names) times.set(name, (times.get(name) ?? 0) + 1);
  return [...times].sort(([a, m], [b, n]) => n - m || a.localeCompare(b)).map(([name, count]) => [name, String(count)]);
}

const inColumns = ([head = [], ...rows]: Table): string => {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ');
  return [head, ...rows].map(line).join('\n');
};

/** Everything that was counted, and what was wrong. */
export function summaryOf(finished: readonly Finished[], seed: number, seconds: number): string {
  const wrong = finished.filter(isWrong);
  return [
    ...[verdictsAndTruths(finished), causesSeen(finished), faultsSeen(finished)].flatMap((table) => [inColumns(table), '']),
    ...[...wrong, ...unplayedIn(finished)].flatMap((each) => [lineOf(each), `     ${each.log}`]),
    `${finished.length} cases, ${runsOf(finished)} runs, seed ${seed}, ${Math.round(seconds)} s: ${wrong.length} wrong, ${unplayedIn(finished).length} not played`,
    ...(tooFewPlayed(finished) === undefined ? [] : [`FAILED: ${tooFewPlayed(finished)}`]),
  ].join('\n');
}

export interface Played {
  readonly seed: number;
  readonly jobs: number;
  readonly seconds: number;
  readonly commit: string;
}

/** The same in Markdown. */
export function markdownOf(finished: readonly Finished[], { seed, jobs, seconds, commit }: Played): string {
  const wrong = finished.filter(isWrong).length;
  const what = `Seed ${seed}: ${finished.length} cases, ${runsOf(finished)} runs of the action, ${jobs} cases at a time, ${Math.round(seconds / 60)} minutes, commit ${commit}.`;
  const outcome = wrong === 0 ? '**No verdict was wrong, and nothing was left unfinished.**' : `**${wrong} cases were wrong.**`;
  const left = unplayedIn(finished).length;
  const unplayed = left > 0 ? ` ${left} of the cases could not be played, because what they need could not be set up. They count neither as right nor as wrong.` : '';
  return [
    `${what} ${outcome}${unplayed} Repeat it: \`npm run chaos -- --runs ${finished.length} --seed ${seed} --jobs ${jobs}\``,
    'Each verdict, and the actual state of the cluster after it:', inMarkdown(verdictsAndTruths(finished)),
    'Causes that the runs reported:', inMarkdown(causesSeen(finished)), 'Faults:', inMarkdown(faultsSeen(finished)),
  ].join('\n\n');
}

function inMarkdown([head = [], ...rows]: Table): string {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
