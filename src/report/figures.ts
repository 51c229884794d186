import { alignColumns } from '../outcome/columns.js';
import type { Figures, Middle } from '../outcome/figures.js';
import type { Outcome } from '../outcome/outcome.js';
import { code, details, table } from './markdown.js';

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000];

/** Fewer say little, and the summary of every run would say it. */
const fewestForSummary = 5;

/** The figures of an app in the summary, folded; empty for too few runs. */
export function figuresMarkdown({ figures, environment }: Pick<Outcome, 'figures' | 'environment'>): string {
  if (!figures || figures.changes < fewestForSummary) return '';
  const rows = figureRows(figures).map(([name, value, from]) => [name, value, from]);
  const chart = chartOf(figures);
  const body = [table(['', 'figure', 'from'], rows), ...chart === '' ? [] : [`Deployments in each week: ${code(chart)}`]].join('\n\n');
  return details(`Delivery${environment === undefined ? '' : ` to ${environment}`}, ${spanOf(figures)}`, body);
}

/** The same as lines of text, aligned. */
export function figureLines(figures: Figures): readonly string[] {
  const chart = chartOf(figures);
  return [...alignColumns(['', 'figure', 'from'], figureRows(figures), [26, 20, 60]), ...chart === '' ? [] : ['', `Deployments in each week: ${chart}`]];
}

/** What each of the four is, and what it is made from. */
const figureRows = (figures: Figures): readonly (readonly [name: string, value: string, from: string])[] => [
  ['Deployment frequency', frequencyOf(figures), `${counted(figures.deployments, 'deployment')} in ${spanOf(figures)}`],
  ['Lead time for changes', durationOf(figures.leadTime), figures.leadTime ? `median of ${counted(figures.leadTime.of, 'commit')}, until the version was verified` : 'no commit with a known time'],
  ['Change failure rate', percentOf(figures.failureRate), `${figures.failures} of ${counted(figures.changes, 'change')} rolled back or not verified`],
  ['Time to restore', durationOf(figures.restore), restoreFrom(figures)],
];

const unknown = '–';

const frequencyOf = ({ perWeek }: Figures): string => (perWeek === undefined ? unknown : perWeek >= 7 ? `${shortNumber(perWeek / 7)} a day` : `${shortNumber(perWeek)} a week`);
const percentOf = (rate: number | undefined): string => (rate === undefined ? unknown : `${Math.round(rate * 100)} %`);
const shortNumber = (value: number): string => (value >= 10 ? String(Math.round(value)) : value.toFixed(1));
const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

function restoreFrom({ restore, failures, unrestored }: Figures): string {
  if (failures === 0) return 'no failure';
  const open = unrestored === 0 ? '' : `${restore ? ', and ' : ''}${counted(unrestored, 'failure')} not restored yet`;
  return `${restore ? `median of ${counted(restore.of, 'failure')}` : ''}${open}`;
}

/** `42 days`: the time that the figures are of. */
function spanOf({ since, until }: Figures): string {
  const ms = Date.parse(until) - Date.parse(since);
  return ms >= 2 * dayMs ? `${Math.round(ms / dayMs)} days` : ms >= 2 * hourMs ? `${Math.round(ms / hourMs)} hours` : counted(Math.max(1, Math.round(ms / minuteMs)), 'minute');
}

/** `41 s`, `12 min`, `3.2 h`, `4.5 days`. */
function durationOf(middle: Middle | undefined): string {
  if (!middle) return unknown;
  const { medianMs: ms } = middle;
  if (ms < minuteMs) return `${Math.round(ms / 1000)} s`;
  if (ms < 100 * minuteMs) return `${Math.round(ms / minuteMs)} min`;
  return ms < 48 * hourMs ? `${shortNumber(ms / hourMs)} h` : `${shortNumber(ms / dayMs)} days`;
}

const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** A bar for each week, oldest first, as high as it has deployments; `·` for none. Empty for a single week. */
export function chartOf({ weeks }: Pick<Figures, 'weeks'>): string {
  const most = Math.max(...weeks.map(({ deployments }) => deployments));
  if (weeks.length < 2 || most === 0) return '';
  return weeks.map(({ deployments }) => (deployments === 0 ? '·' : bars[Math.ceil((deployments / most) * bars.length) - 1])).join('');
}
