import { kindOfFault } from './fault.js';
import { lineOfData, type FinishedData } from './play.js';

export const isWrongData = ({ wrong }: FinishedData): boolean => wrong.length > 0;

function counted(names: readonly string[]): [string, number][] {
  const times = new Map<string, number>();
  for (const name of names) times.set(name, (times.get(name) ?? 0) + 1);
  return [...times].sort(([a, m], [b, n]) => n - m || a.localeCompare(b));
}

/** What each kind of case came to. */
const table = (finished: readonly FinishedData[]): string[][] => {
  const verdicts = counted(finished.map(({ verdicts: [first = 'not played'] }) => first)).map(([name]) => name);
  const kinds = [...new Set(finished.map(({ given }) => `${given.action} of ${given.engine}`))].sort();
  const rows = kinds.map((kind) => [kind, ...verdicts.map((verdict) => String(finished.filter(({ given, verdicts: [first = 'not played'] }) => `${given.action} of ${given.engine}` === kind && first === verdict).length || '·'))]);
  return [['run', ...verdicts], ...rows];
};

const faults = (finished: readonly FinishedData[]): string[][] =>
  [['fault', 'cases'], ...counted(finished.filter(({ happened }) => happened).map(({ given }) => kindOfFault(given.fault))).map(([name, count]) => [name, String(count)]),
    ['did not come', String(finished.filter(({ happened }) => !happened).length)]];

export interface PlayedData {
  readonly seed: number;
  readonly jobs: number;
  readonly seconds: number;
  readonly commit: string;
}

const counts = (finished: readonly FinishedData[]) => ({
  wrong: finished.filter(isWrongData).length, unplayed: finished.filter(({ unplayed }) => unplayed !== undefined).length,
  runs: finished.reduce((sum, { verdicts }) => sum + verdicts.length, 0), restored: finished.reduce((sum, { restored }) => sum + restored, 0),
});

/** Everything that was counted, and what was wrong. */
export function summaryOfData(finished: readonly FinishedData[], seed: number, seconds: number): string {
  const { wrong, unplayed, runs, restored } = counts(finished);
  const lines = [table(finished), faults(finished)].flatMap((rows) => [...rows.map((row) => row.join('  ')), '']);
  const bad = finished.filter((each) => isWrongData(each) || each.unplayed !== undefined).flatMap((each) => [lineOfData(each), `     ${each.log}   alone: npm run chaos -- data --seed ${seed} --cases ${finished.length} --only ${each.given.number}`]);
  return [...lines, ...bad, `${finished.length} cases, ${runs} runs, ${restored} backups restored without the action, seed ${seed}, ${Math.round(seconds)} s: ${wrong} wrong, ${unplayed} not played`].join('\n');
}

/** The same in Markdown. */
export function markdownOfData(finished: readonly FinishedData[], { seed, jobs, seconds, commit }: PlayedData): string {
  const { wrong, unplayed, runs, restored } = counts(finished);
  const outcome = wrong === 0 ? '**Every backup that was reported restores to the rows of its moment, and no restore has lost data.**' : `**${wrong} cases were wrong.**`;
  const left = unplayed > 0 ? ` ${unplayed} of the cases could not be played.` : '';
  return [
    `Seed ${seed}: ${finished.length} cases, ${runs} runs of the action, ${restored} backups restored without it, ${jobs} cases at a time, ${Math.round(seconds / 60)} minutes, commit ${commit}. ${outcome}${left} Repeat it: \`npm run chaos -- data --cases ${finished.length} --seed ${seed} --jobs ${jobs}\``,
    'How the runs ended:', inMarkdown(table(finished)), 'Faults:', inMarkdown(faults(finished)),
  ].join('\n\n');
}

function inMarkdown([head = [], ...rows]: readonly (readonly string[])[]): string {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
