import type { BackupResult, DataReport, KeptBackup, RehearsalResult, RestoreResult } from '../outcome/data.js';
import { calendarLines } from './backup-calendar.js';
import { pointInTimeLines, pointInTimeMarkdown, pointInTimeOutput, pointInTimeValue } from './point-in-time.js';
import { recoveryLines, recoveryMarkdown, recoveryValue } from './recovery.js';
import { duration } from './format.js';
import { code, codeBlock, details, inline, table } from './markdown.js';
import type { ReportedData } from './schema.js';

/** `950 B`, `12.3 kB`, `1.4 GB`: units of 1000, as object stores bill. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** `1,200,000`. */
const countText = (count: number): string => count.toLocaleString('en-US');

/** `3 h 05 min`, `12 d 4 h`; below an hour as `duration`. */
export function ageText(ms: number): string {
  const [hours, days] = [Math.floor(ms / 3_600_000), Math.floor(ms / 86_400_000)];
  if (hours < 1) return duration(ms);
  return days < 2 ? `${hours} h ${String(Math.floor(ms / 60_000) % 60).padStart(2, '0')} min` : `${days} d ${hours % 24} h`;
}

/** What a run did with data, in Markdown; empty for one that did nothing with any. */
export function dataMarkdown(data: DataReport | undefined): string {
  if (!data) return '';
  const parts = [
    recoveryMarkdown(data.recovery), backups(data.backups), pointInTimeMarkdown(data.pointInTime), restores(data.restores),
    rehearsal(data.rehearsal), keptBackups(data.kept),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function backups(all: readonly BackupResult[]): string {
  if (all.length === 0) return '';
  const rows = all.map((one) => [
    code(one.database), code(one.backup), one.rows === undefined ? '' : countText(one.rows), bytesText(one.storedBytes), one.isEncrypted ? 'age' : 'none',
    one.verified === 'restore' ? `restored and compared: ${inline(one.compared)}` : 'read to its end',
    `${duration(one.tookMs.dump)} + ${duration(one.tookMs.verify)} + ${duration(one.tookMs.store)}`,
  ]);
  return table(['database', 'backup', 'rows', 'size', 'encryption', 'verified', 'dump + verification + storing'], rows);
}

function restores(all: readonly RestoreResult[]): string {
  if (all.length === 0) return '';
  const rows = all.map((one) => [
    code(one.database), one.into === 'emptied' ? '' : code(one.backup), whereTo[one.into], inline(one.compared), duration(one.rtoMs), one.into === 'emptied' ? '' : ageText(one.rpoMs),
    one.kept === undefined ? '' : code(one.kept),
  ]);
  return table(['database', 'backup', 'into', 'compared', 'time to restore (RTO)', 'data lost (RPO)', 'data from before'], rows);
}

function rehearsal(one: RehearsalResult | undefined): string {
  return one ? `The migration was run on a restored copy of ${code(one.database)} (backup ${code(one.backup)}) first, which took ${duration(one.tookMs)}${headWords(one, code)}.` : '';
}

function headWords({ headBefore, headAfter }: RehearsalResult, words: (text: string) => string): string {
  if (headAfter === undefined) return '';
  return headAfter === headBefore ? ', and changed nothing' : `: ${headBefore === undefined ? 'none' : words(headBefore)} → ${words(headAfter)}`;
}

const whereTo: Readonly<Record<RestoreResult['into'], string>> = { live: 'the live database', scratch: 'a scratch server', emptied: 'emptied: it is a cache' };

/** How a backup in the store was verified. */
export const verifiedWords: Readonly<Record<KeptBackup['verified'], string>> = { restore: 'restored', archive: 'read to its end', incomplete: 'incomplete' };

function keptBackups(all: readonly KeptBackup[]): string {
  if (all.length === 0) return '';
  const rows = all.slice(0, 100).map(({ database, backup, at, bytes, verified, stays, removed, reasons }) => [
    code(database), code(backup), new Date(at).toISOString().slice(0, 16).replace('T', ' '), bytesText(bytes), verifiedWords[verified],
    stays ? 'stays' : removed ? 'removed' : 'goes', reasons.map(inline).join(', '),
  ]);
  const staying = all.filter(({ stays }) => stays).length;
  const more = all.length > rows.length ? `\n\nAnd ${all.length - rows.length} more.` : '';
  const picture = codeBlock(calendarLines(all).join('\n'));
  return `${details(`${staying} of ${all.length} backups stay`, table(['database', 'backup', 'of (UTC)', 'size', 'verified', '', 'because'], rows) + more)}\n\n${picture}`;
}

/** The lines about data at the end of the log. */
export function dataLines(data: DataReport | undefined): readonly string[] {
  if (!data) return [];
  return [
    ...recoveryLines(data.recovery),
    ...data.backups.map((one) => `${one.database}: ${one.backup}, ${bytesText(one.storedBytes)}${one.rows === undefined ? '' : `, ${countText(one.rows)} rows`}; ${one.verified === 'restore' ? `restored and compared (${one.compared})` : 'read to its end'}; ${one.manifest}`),
    ...pointInTimeLines(data.pointInTime),
    ...data.restores.map((one) => `${one.database}: ${one.into === 'emptied' ? 'emptied' : `${one.backup} restored into ${whereTo[one.into]}`} in ${duration(one.rtoMs)} (${one.compared})${one.kept === undefined ? '' : `; the data from before is kept in ${one.kept}`}`),
    ...data.rehearsal ? [`${data.rehearsal.database}: the migration was run on a restored copy first, in ${duration(data.rehearsal.tookMs)}${headWords(data.rehearsal, (text) => text)}`] : [],
    ...data.kept.filter(({ removed }) => removed).map(({ database, backup, reasons }) => `${database}: ${backup} removed: ${reasons.join(', ')}`),
  ];
}

/** The same as a value for JSON. */
export function dataValue(data: DataReport | undefined): ReportedData | null {
  if (!data) return null;
  return {
    backups: data.backups.map((one) => ({
      database: one.database, engine: one.engine, backup: one.backup, manifest: one.manifest,
      bytes: one.bytes, storedBytes: one.storedBytes, rows: one.rows ?? null,
      verified: one.verified, compared: one.compared, encrypted: one.isEncrypted,
      dumpMs: Math.round(one.tookMs.dump), verifyMs: Math.round(one.tookMs.verify), storeMs: Math.round(one.tookMs.store),
    })),
    restores: data.restores.map((one) => ({
      database: one.database, engine: one.engine, backup: one.backup, into: one.into, rows: one.rows ?? null, compared: one.compared, kept: one.kept ?? null,
      rtoMs: Math.round(one.rtoMs), rpoMs: Math.max(0, Math.round(one.rpoMs)), reason: one.reason ?? null,
    })),
    pointInTime: pointInTimeValue(data.pointInTime),
    recovery: recoveryValue(data.recovery),
    kept: data.kept.map(({ at, ...kept }) => ({ ...kept, at: new Date(at).toISOString() })),
    rehearsal: data.rehearsal ? {
      database: data.rehearsal.database, backup: data.rehearsal.backup, tookMs: Math.round(data.rehearsal.tookMs),
      headBefore: data.rehearsal.headBefore ?? null, headAfter: data.rehearsal.headAfter ?? null,
    } : null,
    oldestAgeMs: data.oldestAgeMs === undefined ? null : Math.max(0, Math.round(data.oldestAgeMs)),
  };
}

const total = (numbers: readonly (number | undefined)[]): string =>
  (numbers.length === 0 || numbers.includes(undefined) ? '' : String(numbers.reduce<number>((sum, one) => sum + (one ?? 0), 0)));
const seconds = (ms: readonly number[]): string => (ms.length === 0 ? '' : String(Math.round(Math.max(...ms) / 1000)));

/** The outputs of a backup and of a restore. Several databases: sums, the longest times, one name per line. */
export function dataOutputs({ of, backups: made, restores: done, oldestAgeMs, recovery, pointInTime, chosen = '' }: DataReport): Readonly<Record<string, string>> {
  if (of === 'migration') return {};
  if (of === 'restore') {
    return {
      'backup': done.length === 0 ? chosen : done.map(({ backup }) => backup).join('\n'), 'rows': total(done.map(({ rows }) => rows)),
      'rto-seconds': seconds(recovery ? [recovery.rtoMs ?? []].flat() : done.map(({ rtoMs }) => rtoMs)), 'rpo-seconds': seconds(done.map(({ rpoMs }) => rpoMs)), 'kept': done.flatMap(({ kept: name }) => name ?? []).join('\n'),
    };
  }
  return {
    'backup': made.map(({ backup }) => backup).join('\n'), 'manifest': made.map(({ manifest }) => manifest).join('\n'),
    'bytes': total(made.map(({ storedBytes }) => storedBytes)), 'rows': total(made.map(({ rows }) => rows)),
    'verified': made.length === 0 ? '' : made.every(({ verified }) => verified === 'restore') ? 'restore' : 'archive',
    'oldest-age': oldestAgeMs === undefined ? '' : String(Math.round(oldestAgeMs / 1000)),
    'point-in-time': pointInTimeOutput(pointInTime),
  };
}
