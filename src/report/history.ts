import { alignColumns } from '../outcome/columns.js';
import type { History, HistoryRun } from '../outcome/history.js';
import { shortCommit, shortNames } from '../outcome/short-name.js';
import { figureLines } from './figures.js';
import { duration } from './format.js';
import { figuresValue } from './json.js';

/** Runs that the table has; JSON has all of them. */
const mostRows = 20;

/** The history of an app as lines of at most 120 columns. */
export function historyLines(history: History): readonly string[] {
  const { app, environment, namespace, runs, releases, figures } = history;
  const where = [environment === undefined ? '' : ` to ${environment}`, namespace === undefined ? '' : ` in namespace ${namespace}`].join('');
  if (runs.length === 0 && releases.length === 0) return [`Nothing is recorded of ${app}${where}.`];
  const more = runs.length > mostRows ? ['', `And ${runs.length - mostRows} earlier runs: --json lists them.`] : [];
  return [
    `${app}${where}`,
    ...runs.length === 0 ? ['', 'No run is recorded. Runs are recorded from this version of the action on.'] : ['', ...runTable(runs.slice(0, mostRows)), ...more],
    ...figures ? ['', ...figureLines(figures)] : [],
    ...releases.length === 0 ? [] : ['', ...releaseTable(history)],
  ];
}

const runTable = (runs: readonly HistoryRun[]): readonly string[] => alignColumns(['run', 'result', 'commit', 'took', ''], runs.map((run) => [
  minute(run.endedAt), run.verdict, shortCommit(run.commit ?? ''), duration(Date.parse(run.endedAt) - Date.parse(run.changedAt)),
  [run.wentBack ? 'rollback' : '', run.cause ?? ''].filter(Boolean).join(', '),
]), [20, 16, 14, 14, 40]);

function releaseTable({ releases }: History): readonly string[] {
  const names = shortNames(releases.map(({ reference }) => reference));
  return alignColumns(['release', 'since', 'commit', ''], releases.map(({ at, commit, verified, withdrawn }, index) => [
    names[index] ?? '', minute(at), shortCommit(commit ?? ''), withdrawn ? 'withdrawn' : verified ? 'verified' : 'not verified',
  ]), [40, 20, 14, 20]);
}

/** `2026-01-02 03:04 UTC`; empty for a time that cannot be read. */
const minute = (iso: string): string => (/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(iso) ? `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC` : '');

/** The same as JSON. Every field is always there, `null` where there is nothing to say. */
export function historyJson({ app, environment, namespace, runs, releases, figures }: History): string {
  return `${JSON.stringify({
    schema: 1, app, environment: environment ?? null, namespace: namespace ?? null, figures: figures ? figuresValue(figures) : null,
    runs: runs.map(({ id, verdict, changedAt, endedAt, commit, committedAt, cause, wentBack }) =>
      ({ id, verdict, changedAt, endedAt, commit: commit ?? null, committedAt: committedAt ?? null, cause: cause ?? null, wentBack })),
    releases: releases.map(({ reference, commit, runUrl, at, verified, withdrawn }) =>
      ({ reference, commit: commit ?? null, runUrl: runUrl ?? null, at, verified, withdrawn })),
  }, null, 2)}\n`;
}
