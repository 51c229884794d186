import type { RecoveredStep, RecoveryReport } from '../outcome/data.js';
import { duration } from './format.js';
import { codeBlock, prose, table } from './markdown.js';
import type { ReportedData } from './schema.js';

/** The runbook of a recovery with its times, and what it was measured against, in Markdown; empty without one. */
export function recoveryMarkdown(recovery: RecoveryReport | undefined): string {
  if (!recovery) return '';
  const steps = recovery.steps.map(({ title, result, tookMs }, index) => [`${index + 1}`, prose(title), signs[result], result === 'not reached' ? '' : duration(tookMs)]);
  const parts = [
    `**Recovery**${recovery.isContinued ? ' (continued)' : ''}`, table(['', 'step', 'result', 'time'], steps),
    table(['', 'measured', 'wanted'], measures(recovery).map((row) => [...row])), byHand(recovery),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

const signs: Readonly<Record<RecoveredStep['result'], string>> = { 'done': '✓ done', 'failed': '✗ failed', 'not reached': 'not reached' };

/** What it took and how old the data is, against what is wanted. */
function measures({ rtoMs, rtoLimitMs, rpoMs, rpoLimitMs }: RecoveryReport): readonly (readonly [string, string, string])[] {
  return [
    ['time to recover (RTO)', rtoMs === undefined ? 'not complete' : judged(rtoMs, rtoLimitMs), long(rtoLimitMs)],
    ['data lost (RPO)', rpoMs === undefined ? 'no backup' : judged(rpoMs, rpoLimitMs), rpoLimitMs === undefined ? 'no limit' : long(rpoLimitMs)],
  ];
}

const judged = (ms: number, limit: number | undefined): string => (limit !== undefined && ms > limit ? `${long(ms)}, exceeded` : long(ms));

/** `12 s`, `7 min`, `3.5 h`. */
function long(ms: number): string {
  if (ms < 120_000) return duration(Math.max(0, ms));
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1).replace('.0', '')} h`;
}

/** The commands for a person who goes on where the run has stopped. */
function byHand({ steps }: RecoveryReport): string {
  const left = remaining(steps);
  return left.length === 0 ? '' : `The rest by hand, if the same command cannot continue:\n\n${codeBlock(left.join('\n'), 'sh')}`;
}

const remaining = (steps: readonly RecoveredStep[]): readonly string[] =>
  (steps.some(({ result }) => result === 'failed') ? steps.filter(({ result }) => result !== 'done').flatMap(({ label, commands }) => [`# ${label}`, ...commands]) : []);

/** The same for the end of the log. */
export function recoveryLines(recovery: RecoveryReport | undefined): readonly string[] {
  if (!recovery) return [];
  const left = remaining(recovery.steps);
  return [
    ...recovery.steps.map(({ label, result, tookMs }) => `${label}: ${result}${result === 'not reached' ? '' : ` in ${duration(tookMs)}`}`),
    ...measures(recovery).map(([what, measured, wanted]) => `${what}: ${measured}; wanted: ${wanted}`),
    ...left.length === 0 ? [] : ['The rest by hand, if the same command cannot continue:', ...left.map((line) => `  ${line}`)],
  ];
}

/** The same as a value for JSON. */
export const recoveryValue = (recovery: RecoveryReport | undefined): ReportedData['recovery'] => (recovery ? {
  startedAt: new Date(recovery.startedAt).toISOString(), continued: recovery.isContinued,
  rtoMs: whole(recovery.rtoMs), rtoLimitMs: recovery.rtoLimitMs, rpoMs: whole(recovery.rpoMs), rpoLimitMs: whole(recovery.rpoLimitMs),
  steps: recovery.steps.map(({ label, title, result, tookMs, commands }) => ({ label, title, result, tookMs: Math.round(tookMs), commands })),
} : null);

const whole = (ms: number | undefined): number | null => (ms === undefined ? null : Math.max(0, Math.round(ms)));
