import type { KeptBackup } from '../outcome/data.js';

const day = 86_400_000;
/** So many days are shown as weeks; more are shown as months. */
const mostDaysInWeeks = 70;

/**
 * What is kept as a calendar, for each database: a row for each week or, of more than ten weeks, for each month, in UTC. Rows without
 * a backup are left out. For a block of code or a terminal.
 */
export function calendarLines(all: readonly KeptBackup[]): readonly string[] {
  const databases = [...new Set(all.map(({ database }) => database))];
  if (databases.length === 0) return [];
  const blocks = databases.flatMap((database) => ['', ...calendarOf(database, all.filter((each) => each.database === database))]);
  return [...blocks.slice(1), '', '● stays (2–9: so many on that day, + more)  ○ goes  · no backup'];
}

function calendarOf(database: string, backups: readonly KeptBackup[]): readonly string[] {
  const times = backups.map(({ at }) => at);
  const inWeeks = Math.max(...times) - Math.min(...times) <= mostDaysInWeeks * day;
  const rows = new Map<string, KeptBackup[]>();
  for (const backup of [...backups].sort((a, b) => a.at - b.at)) {
    const row = inWeeks ? isoDay(mondayOf(backup.at)) : isoDay(backup.at).slice(0, 7);
    rows.set(row, [...rows.get(row) ?? [], backup]);
  }
  const label = Math.max(10, database.length);
  return [`${database.padEnd(label)}  ${inWeeks ? weekHead : monthHead}`, ...[...rows].map(([row, own]) => `${row.padEnd(label)}  ${inWeeks ? week(own) : month(row, own)}`)];
}

const weekHead = 'Mo Tu We Th Fr Sa Su';
const monthHead = '1   5    10   15   20   25   30';

const isoDay = (at: number): string => new Date(at).toISOString().slice(0, 10);
const mondayOf = (at: number): number => at - ((new Date(at).getUTCDay() + 6) % 7) * day;

const week = (backups: readonly KeptBackup[]): string =>
  Array.from({ length: 7 }, (_, index) => sign(backups.filter(({ at }) => (new Date(at).getUTCDay() + 6) % 7 === index))).join('  ');

function month(row: string, backups: readonly KeptBackup[]): string {
  const days = new Date(Date.UTC(Number(row.slice(0, 4)), Number(row.slice(5, 7)), 0)).getUTCDate();
  return Array.from({ length: days }, (_, index) => sign(backups.filter(({ at }) => new Date(at).getUTCDate() === index + 1))).join('');
}

/** The backups of one day. */
function sign(backups: readonly KeptBackup[]): string {
  const staying = backups.filter(({ stays }) => stays).length;
  if (staying > 9) return '+';
  if (staying > 1) return String(staying);
  return staying === 1 ? '●' : backups.length > 0 ? '○' : '·';
}
