import { describe, expect, it } from '@jest/globals';
import type { KeptBackup } from '../../src/outcome/data.js';
import { calendarLines } from '../../src/report/backup-calendar.js';
import { backupLines } from '../../src/report/backups.js';
import { dataMarkdown } from '../../src/report/data.js';

const day = 86_400_000;
const now = Date.UTC(2026, 10, 30, 16, 40);
const kept = (at: number, stays = true, more: Partial<KeptBackup> = {}): KeptBackup => ({
  database: 'main', backup: `${new Date(at).toISOString().slice(0, 10)}-3f9a07`, at, bytes: 1_500_000, verified: 'restore', stays, reasons: [stays ? 'last 1 of 5' : 'not one of the last 5'], removed: false, ...more,
});

describe('the table of backups', () => {
  it('says of each how old and large it is, how it was verified, and why it stays or goes', () => {
    expect(backupLines([
      kept(now - 7_500_000), kept(now - day * 1.5, true, { verified: 'archive', reasons: ['last 2 of 5', 'newest of the week (weekly 1 of 4)'] }), kept(now - 9 * day, false),
      kept(now - 10 * day, false, { removed: true, verified: 'incomplete' }), kept(now + day, true, { database: 'events', bytes: 20, reasons: ['its time is in the future'] }),
    ], now)).toEqual([
      'database  backup             age            size    verified                  because',
      'main      2026-11-30-3f9a07  2 h 05 min     1.5 MB  restored         stays    last 1 of 5',
      'main      2026-11-29-3f9a07  36 h 00 min    1.5 MB  read to its end  stays    last 2 of 5, newest of the week (weekly 1 of 4)',
      'main      2026-11-21-3f9a07  9 d 0 h        1.5 MB  restored         goes     not one of the last 5',
      'main      2026-11-20-3f9a07  10 d 0 h       1.5 MB  incomplete       removed  not one of the last 5',
      'events    2026-12-01-3f9a07  in the future  20 B    restored         stays    its time is in the future',
      '', '3 of 5 backups stay, 3.0 MB of 6.0 MB.',
    ]);
  });

  it('says that there are none', () => expect(backupLines([], now)).toEqual(['There are no backups.']));
});

describe('the calendar', () => {
  const legend = ['', '● stays (2–9: so many on that day, + more)  ○ goes  · no backup'];

  it('has a row for each week', () => {
    const monday = Date.UTC(2026, 10, 2);
    const days = [0, 1, 1, 2, 6, 7, 20];
    expect(calendarLines(days.map((each, index) => kept(monday + each * day + index * 60_000, each !== 2 && each !== 6)))).toEqual([
      'main        Mo Tu We Th Fr Sa Su', '2026-11-02  ●  2  ○  ·  ·  ·  ○', '2026-11-09  ●  ·  ·  ·  ·  ·  ·', '2026-11-16  ·  ·  ·  ·  ·  ·  ●', ...legend,
    ]);
  });

  it('has a row for each month of a longer time, and a block for each database', () => {
    const all = [
      ...Array.from({ length: 12 }, (_, index) => kept(now + index * 60_000)), kept(Date.UTC(2026, 10, 1)),
      kept(Date.UTC(2026, 1, 28, 23, 59), false), kept(Date.UTC(2024, 1, 29)),
      kept(now, true, { database: 'a-database-with-a-long-name' }),
    ];
    expect(calendarLines(all)).toEqual([
      'main        1   5    10   15   20   25   30', '2024-02     ····························●', '2026-02     ···························○', '2026-11     ●····························+', '',
      'a-database-with-a-long-name  Mo Tu We Th Fr Sa Su', '2026-11-30                   ●  ·  ·  ·  ·  ·  ·', ...legend,
    ]);
  });

  it('of nothing is nothing', () => expect(calendarLines([])).toEqual([]));

  it('is in the summary below the table', () => {
    const markdown = dataMarkdown({ of: 'backup', backups: [], restores: [], kept: [kept(now), kept(now - day, false)] });
    expect(markdown).toContain('<summary>1 of 2 backups stay</summary>');
    expect(markdown).toContain('| restored | goes |');
    expect(markdown).toContain('```text\nmain        Mo Tu We Th Fr Sa Su\n2026-11-23  ·  ·  ·  ·  ·  ·  ○\n2026-11-30  ●  ·  ·  ·  ·  ·  ·\n');
  });
});
