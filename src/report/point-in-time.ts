import type { PointInTimeResult } from '../outcome/data.js';
import { code, inline, table } from './markdown.js';
import type { ReportedData } from './schema.js';

const isoText = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** `2026-11-30T10:00:00Z..2026-11-30T16:40:00Z`, or `not available`. */
const windowText = ({ earliestAt, latestAt }: PointInTimeResult): string =>
  (earliestAt === undefined || latestAt === undefined ? 'not available' : `${isoText(earliestAt)}..${isoText(latestAt)}`);

const reasonText = ({ reason }: PointInTimeResult): string => (reason === undefined ? '' : `: ${reason}`);

/** To which moments each server can be recovered, in Markdown; empty where that was not looked at. */
export function pointInTimeMarkdown(all: readonly PointInTimeResult[] = []): string {
  if (all.length === 0) return '';
  const rows = all.map((one) => [code(one.database), inline(one.tool ?? ''), inline(`${windowText(one)}${reasonText(one)}`), one.recover === undefined ? '' : code(one.recover)]);
  return table(['database', 'archives with', 'point in time', 'how to recover to TIME'], rows);
}

/** The same for the end of the log. */
export const pointInTimeLines = (all: readonly PointInTimeResult[] = []): readonly string[] => all.map((one) =>
  `${one.database}: point in time: ${windowText(one)}${reasonText(one)}${one.tool === undefined ? '' : ` (${one.tool}${one.isTriggered ? ', which has made a backup' : ''})`}`);

/** The output, a line for each server. */
export const pointInTimeOutput = (all: readonly PointInTimeResult[] = []): string => all.map(windowText).join('\n');

/** The same as a value for JSON. */
export const pointInTimeValue = (all: readonly PointInTimeResult[] = []): ReportedData['pointInTime'] => all.map((one) => ({
  database: one.database, tool: one.tool ?? null,
  earliest: one.earliestAt === undefined ? null : isoText(one.earliestAt), latest: one.latestAt === undefined ? null : isoText(one.latestAt),
  reason: one.reason ?? null, triggered: one.isTriggered, recover: one.recover ?? null,
}));
