import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { figuresOf, pastOf } from '../../src/record/figures.js';
import { ended, pastKept, type PastRun } from '../../src/record/ledger.js';
import { formatLedger, parseLedger } from '../../src/record/schema.js';
import { ledgerOfRun, runRecord } from './build.js';

const now = Date.UTC(2026, 5, 1);
const day = 86_400_000;
const hour = 3_600_000;
const iso = (ms: number): string => new Date(ms).toISOString();
let count = 0;
/** A run so many days ago, which took a minute. */
const run = (daysAgo: number, changes: Partial<PastRun> = {}): PastRun => ({
  id: `run-${(count += 1)}`, result: 'verified', changedAt: iso(now - daysAgo * day), endedAt: iso(now - daysAgo * day + 60_000), ...changes,
});

describe('the figures of an app', () => {
  it('are absent without a run', () => expect(figuresOf([], now)).toBeUndefined());
  it('of one run are counts, and no rate', () => {
    expect(figuresOf([run(1)], now)).toEqual({
      since: iso(now - day), until: iso(now), changes: 1, deployments: 1, failures: 0, unrestored: 0, weeks: [{ deployments: 1, failures: 0 }],
    });
  });
  it('have a frequency from two weeks on', () => {
    expect(figuresOf([run(1), run(13)], now)?.perWeek).toBeUndefined();
    expect(figuresOf([run(1), run(7), run(28)], now)?.perWeek).toBeCloseTo(0.75);
  });
  it('have the median lead time of the commits whose time is known, each once', () => {
    const of = (daysAgo: number, commit: string, hours: number): PastRun =>
      run(daysAgo, { commit, committedAt: iso(now - daysAgo * day + 60_000 - hours * hour) });
    expect(figuresOf([of(9, 'a', 2), of(8, 'b', 4), of(7, 'a', 50), run(6), run(5, { commit: 'c', committedAt: 'never' })], now)?.leadTime).toEqual({ medianMs: 3 * hour, of: 2 });
  });
  it('count a change as failed when it was rolled back, could not be verified, or was rolled back by the next run', () => {
    const figures = figuresOf([
      run(9), run(8, { result: 'restored', cause: 'crash-loop' }), run(7), run(6.5, { wentBack: true }), run(6, { result: 'unverified', cause: 'smoke-failed' }), run(5),
    ], now);
    expect(figures).toMatchObject({ changes: 5, deployments: 3, failures: 3, failureRate: 0.6, unrestored: 0 });
    // A minute, half a day and a minute, and a day and a minute.
    expect(figures?.restore).toEqual({ medianMs: day / 2 + 60_000, of: 3 });
  });
  it('say which failures nothing has followed yet', () => {
    expect(figuresOf([run(2), run(1, { result: 'unverified' })], now)).toMatchObject({ failures: 1, unrestored: 1, failureRate: 0.5 });
  });
  it('leave out cancelled runs, rollbacks by hand, and what is older than 90 days', () => {
    expect(figuresOf([run(100, { result: 'restored' }), run(3), run(2, { result: 'restored', cause: 'cancelled' }), run(1, { wentBack: true, result: 'restored' })], now))
      .toMatchObject({ changes: 1, deployments: 1, failures: 0, since: new Date(now - 90 * day).toISOString() });
  });
  it('leave out what cannot be read', () => {
    expect(figuresOf([run(1, { endedAt: 'x' }), run(1, { result: 'of-a-later-version' }), run(-1)], now)).toBeUndefined();
  });
  it('have the deployments of each week, the last one ending now', () => {
    expect(figuresOf([run(20), run(6), run(1), run(0.5, { result: 'restored' })], now)?.weeks).toEqual([
      { deployments: 1, failures: 0 }, { deployments: 0, failures: 0 }, { deployments: 2, failures: 1 },
    ]);
    expect(figuresOf([run(1), run(89)], now)?.weeks).toHaveLength(12);
  });
  it('add up, whatever the runs are', () => {
    const any = fc.array(fc.record({
      daysAgo: fc.double({ min: 0.01, max: 120, noNaN: true }), result: fc.constantFrom('verified', 'restored', 'unverified', 'other'), wentBack: fc.boolean(), cause: fc.constantFrom(undefined, 'cancelled', 'crash-loop'),
    }), { maxLength: 30 });
    fc.assert(fc.property(any, (runs) => {
      const figures = figuresOf(runs.map(({ daysAgo, ...changes }) => run(daysAgo, changes)), now);
      if (!figures) return;
      const { changes, deployments, failures, failureRate = 0, restore, unrestored } = figures;
      expect([deployments <= changes, failures <= changes, failureRate >= 0 && failureRate <= 1]).toEqual([true, true, true]);
      expect((restore?.of ?? 0) + unrestored).toBe(failures);
      expect(figures.weeks.reduce((sum, week) => sum + week.deployments, 0)).toBeLessThanOrEqual(deployments);
    }));
  });
});

describe('the runs of a record', () => {
  const after = (id: string, phase: 'verified' | 'restored' | 'unverified', past: readonly PastRun[] = [], cause?: string) =>
    ended(ledgerOfRun(runRecord([], { id, changedAt: '2026-01-01T00:00:00.000Z', commit: 'c0ffee', committedAt: '2025-12-31T00:00:00.000Z', repository: 'r/api' }), { past }), phase, Date.UTC(2026, 0, 1, 0, 1), cause);

  it('are remembered with how they ended, newest first', () => {
    const { past, run: { phase } } = after('b', 'restored', after('a', 'verified').past, 'crash-loop');
    expect(phase).toBe('restored');
    expect(past?.map(({ id, result, cause }) => [id, result, cause])).toEqual([['b', 'restored', 'crash-loop'], ['a', 'verified', undefined]]);
    expect(past?.[1]).toEqual({ id: 'a', result: 'verified', changedAt: '2026-01-01T00:00:00.000Z', endedAt: '2026-01-01T00:01:00.000Z', commit: 'c0ffee', committedAt: '2025-12-31T00:00:00.000Z', repository: 'r/api', cause: undefined });
  });
  it('are remembered once, with their last result and the first cause', () => {
    expect(after('a', 'restored', after('a', 'unverified', [], 'crash-loop').past).past?.map(({ id, result, cause }) => [id, result, cause])).toEqual([['a', 'restored', 'crash-loop']]);
  });
  it('are not more than a hundred', () => {
    expect(after('b', 'verified', Array.from({ length: 150 }, (_, index) => run(index))).past).toHaveLength(pastKept);
  });
  it('are read as they were written, and those of a record without them are none', () => {
    const ledger = after('b', 'restored', [run(1, { wentBack: true })], 'crash-loop');
    expect(parseLedger(formatLedger(ledger), 'The ledger').past).toEqual(JSON.parse(JSON.stringify(ledger.past)));
    expect(parseLedger(formatLedger(ledgerOfRun(runRecord())), 'The ledger').past).toBeUndefined();
  });
  it('that somebody has damaged do not make the record unreadable', () => {
    const text = formatLedger(after('b', 'restored'));
    expect(parseLedger(JSON.stringify({ ...JSON.parse(text), past: [{ id: 7 }, ...JSON.parse(text).past] }), 'The ledger')).toMatchObject({ run: { id: 'b' }, past: [{ id: 'b' }] });
    expect(parseLedger(JSON.stringify({ ...JSON.parse(text), past: 'none' }), 'The ledger').past).toBeUndefined();
  });
  it('are those of one repository where two share a record', () => {
    const shared = [run(1, { repository: 'docker.io/library/api' }), run(2, { repository: 'ghcr.io/billing/api' }), run(3)];
    expect([pastOf(shared, 'api').length, pastOf(shared, 'ghcr.io/billing/api').length, pastOf(shared, undefined).length]).toEqual([2, 2, 3]);
  });
});
