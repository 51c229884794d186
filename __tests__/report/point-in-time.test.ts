import { expect, it } from '@jest/globals';
import type { DataReport } from '../../src/outcome/data.js';
import { dataLines, dataMarkdown, dataOutputs, dataValue } from '../../src/report/data.js';

const report: DataReport = {
  of: 'backup', backups: [], restores: [], kept: [],
  pointInTime: [
    { database: 'main', tool: 'pgBackRest', earliestAt: Date.UTC(2026, 10, 30, 10), latestAt: Date.UTC(2026, 10, 30, 16, 40), isTriggered: true, recover: 'pgbackrest restore' },
    { database: 'events', isTriggered: false, reason: 'the server archives no WAL' },
  ],
};

it('the report of a backup has to which moments a server can be recovered', () => {
  expect(dataOutputs(report)['point-in-time']).toBe('2026-11-30T10:00:00Z..2026-11-30T16:40:00Z\nnot available');
  expect(dataLines(report)).toEqual([
    'main: point in time: 2026-11-30T10:00:00Z..2026-11-30T16:40:00Z (pgBackRest, which has made a backup)', 'events: point in time: not available: the server archives no WAL',
  ]);
  expect(dataMarkdown(report)).toContain('| `main` | pgBackRest | 2026-11-30T10:00:00Z..2026-11-30T16:40:00Z | `pgbackrest restore` |');
  expect(dataValue(report)?.pointInTime).toEqual([
    { database: 'main', tool: 'pgBackRest', earliest: '2026-11-30T10:00:00Z', latest: '2026-11-30T16:40:00Z', reason: null, triggered: true, recover: 'pgbackrest restore' },
    { database: 'events', tool: null, earliest: null, latest: null, reason: 'the server archives no WAL', triggered: false, recover: null },
  ]);
});
