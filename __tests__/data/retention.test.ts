import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseRetention, parseSpan, type Retention } from '../../src/config/values/retention.js';
import { planRetention, type Candidate, type RetentionPlan } from '../../src/data/retention.js';

const hour = 3_600_000;
const day = 24 * hour;
const now = Date.UTC(2027, 0, 1);

const backup = (at: number | string, isVerified = true): Candidate => {
  const time = typeof at === 'string' ? Date.parse(at) : at;
  return { name: new Date(time).toISOString().slice(0, 16), at: time, isVerified };
};
const plan = (backups: readonly Candidate[], retention: Retention | undefined, mayRemoveMost = true): RetentionPlan =>
  planRetention(backups, retention, { now, mayRemoveMost });
const staying = ({ decisions }: RetentionPlan): readonly string[] => decisions.filter(({ stays }) => stays).map(({ name }) => name);
const reasonsIn = ({ decisions }: RetentionPlan): readonly string[] => decisions.map(({ name, stays, reasons }) => `${name} ${stays ? '+' : '-'} ${reasons.join(', ')}`);
const within = (text: string) => {
  const span = parseSpan(text);
  if (!span.ok) throw new Error(text);
  return { within: span.value };
};
const daily = (count: number, end: number = Date.UTC(2026, 11, 31, 11)): Candidate[] => Array.from({ length: count }, (_, index) => backup(end - index * day));

describe('the rules of restic', () => {
  const sundays = Array.from({ length: 12 }, (_, week) => backup(Date.UTC(2019, 8, 1, 11) + week * 7 * day));

  it.each<[string, Retention]>([['daily', { daily: 4 }], ['weekly', { weekly: 4 }], ['hourly', { hourly: 4 }], ['last', { last: 4 }]])('keep the last four of twelve Sundays by %s', (_, retention) => {
    expect(staying(plan(sundays, retention))).toEqual(['2019-11-17T11:00', '2019-11-10T11:00', '2019-11-03T11:00', '2019-10-27T11:00']);
  });

  it('keep 7 days, 4 more weeks, 12 or 11 months and 75 or 74 years of a daily backup for 100 years', () => {
    const kept = staying(plan(daily(36_525), { daily: 7, weekly: 5, monthly: 12, yearly: 75 }));
    expect(kept.slice(0, 7)).toEqual(daily(7).map(({ name }) => name));
    expect(kept.length).toBeGreaterThanOrEqual(7 + 4 + 11 + 74 - 2);
    expect(kept.length).toBeLessThanOrEqual(7 + 4 + 12 + 75);
    expect(kept.at(-1)).toBe('1952-12-31T11:00');
  });

  it('keep the newest of an hour, a day, a week from Monday, a month and a year', () => {
    const times = [
      '2026-12-06T23:59Z', '2026-12-06T23:01Z', '2026-12-06T22:00Z', '2026-12-05T01:00Z', '2026-11-30T00:00Z', '2026-11-29T23:59Z', '2026-11-01T00:00Z', '2026-10-31T23:59Z', '2025-12-31T23:59Z', '2025-01-01T00:00Z', '2024-12-31T00:00Z',
    ];
    const backups = times.map((time) => backup(time));
    const kept = (retention: Retention) => staying(plan([...backups, backup('2000-01-01T00:00Z')], retention)).map((name) => times.indexOf(`${name}Z`));
    expect(kept({ hourly: 3 })).toEqual([0, 1, 2, 3]);
    expect(kept({ daily: 4 })).toEqual([0, 1, 2, 3, 4, 5]);
    expect(kept({ weekly: 3 })).toEqual([0, 1, 2, 5, 6]);
    expect(kept({ monthly: 4 })).toEqual([0, 1, 2, 4, 7, 8]);
    expect(kept({ yearly: 3 })).toEqual([0, 1, 2, 8, 10]);
  });

  it('know the weeks of the end of a year', () => {
    const kept = plan(['2027-01-03T00:00Z', '2026-12-31T00:00Z', '2026-12-28T00:00Z', '2026-12-27T00:00Z', '2026-12-20T00:00Z'].map((time) => backup(time)), { weekly: 2 }, true);
    expect(kept.decisions.map(({ name, reasons }) => `${name} ${reasons.join()}`)).toEqual([
      '2027-01-03T00:00 its time is in the future', '2026-12-31T00:00 newest of the week (weekly 1 of 2)', '2026-12-28T00:00 verified 2 of 3 that always stay',
      '2026-12-27T00:00 newest of the week (weekly 2 of 2)', '2026-12-20T00:00 older than the last 2 weeks with a backup',
    ]);
  });

  it('keep the oldest as long as there are not enough', () => {
    const backups = ['2026-12-06T12:00Z', '2026-12-06T11:00Z', '2026-12-06T10:00Z', '2026-12-06T09:00Z', '2026-12-06T08:00Z'].map((time) => backup(time));
    expect(reasonsIn(plan(backups, { daily: 7 }))).toEqual([
      '2026-12-06T12:00 + newest of the day (daily 1 of 7)', '2026-12-06T11:00 + verified 2 of 3 that always stay', '2026-12-06T10:00 + verified 3 of 3 that always stay',
      '2026-12-06T09:00 - a newer one of its day stays', '2026-12-06T08:00 + oldest of all (daily 2 of 7)',
    ]);
  });

  it('measure a span from the newest backup, not from now', () => {
    const backups = daily(60, Date.UTC(2020, 5, 30, 11));
    expect(staying(plan(backups, within('30d')))).toHaveLength(30);
    expect(staying(plan([...backups, backup('2020-05-31T11:00Z'), backup('2020-05-31T11:01Z')], within('30d'))).at(-1)).toBe('2020-05-31T11:01');
  });

  it('measure a span by the calendar', () => {
    const backups = daily(800, Date.UTC(2026, 2, 31, 11));
    // 2026-03-31 less a month is the 31st of February, the 3rd of March.
    expect(staying(plan(backups, within('1mo'))).at(-1)).toBe('2026-03-04T11:00');
    expect(staying(plan(backups, within('1y1mo1w1d1h'))).at(-1)).toBe('2025-02-23T11:00');
  });

  it('are joined: one that wants a backup keeps it', () => {
    expect(reasonsIn(plan(daily(5), { last: 2, daily: 3, ...within('1d12h') }))).toEqual([
      '2026-12-31T11:00 + within 1d12h of the newest, last 1 of 2, newest of the day (daily 1 of 3)', '2026-12-30T11:00 + within 1d12h of the newest, last 2 of 2, newest of the day (daily 2 of 3)',
      '2026-12-29T11:00 + newest of the day (daily 3 of 3)', '2026-12-28T11:00 - more than 1d12h older than the newest, not one of the last 2, older than the last 3 days with a backup',
      '2026-12-27T11:00 - more than 1d12h older than the newest, not one of the last 2, older than the last 3 days with a backup',
    ]);
  });

  it.each([
    ['30d', 30], ['gfs', 4 + 3 + 4 + 9],
  ])('of %s keep %d of a year of daily backups', (text, expected) => {
    const retention = parseRetention(text);
    if (!retention.ok) throw new Error(text);
    const kept = staying(plan(daily(365), retention.value));
    expect(Math.abs(kept.length - expected)).toBeLessThanOrEqual(text === '30d' ? 0 : 3);
  });
});

describe('what is removed', () => {
  it('is nothing without a retention', () => {
    expect(plan(daily(3), undefined)).toEqual({ decisions: daily(3).map(({ name }) => ({ name, stays: true, reasons: ['no retention is set'] })) });
  });

  it('is none of the three newest verified ones', () => {
    const backups = daily(10).map((each, index) => ({ ...each, isVerified: index === 0 || index >= 5 }));
    expect(staying(plan(backups, { last: 1 }))).toEqual([0, 5, 6].map((index) => backups[index]?.name));
  });

  it('is nothing if the newest is not verified', () => {
    const [newest, ...older] = daily(10);
    expect(plan([{ ...newest as Candidate, isVerified: false }, ...older], { last: 5 }).refusal).toBe('The newest backup, 2026-12-31T11:00, is not verified, so older ones are not removed.');
  });

  it('is not more than half, unless the user says so', () => {
    expect(plan(daily(11), { last: 5 }, false).refusal).toBe('The retention would remove 6 of 11 backups, which is more than half.');
    const allowed = [plan(daily(10), { last: 5 }, false), plan(daily(11), { last: 5 }, true), plan([], { last: 1 })];
    expect(allowed.filter(({ refusal }) => refusal !== undefined)).toEqual([]);
  });

  it('does not depend on a backup with a wrong time in the future', () => {
    const backups = daily(10);
    const future = backup('2099-01-01T00:00Z');
    const [alone, beside] = [plan(backups, within('5d')), plan([...backups, future], within('5d'))];
    expect(beside.decisions).toEqual([{ name: future.name, stays: true, reasons: ['its time is in the future'] }, ...alone.decisions]);
  });
});

describe('a retention', () => {
  const maybe = (max: number) => fc.option(fc.integer({ min: 1, max }), { nil: undefined });
  const span = fc.option(fc.integer({ min: 1, max: 3000 }), { nil: undefined });
  const retentions = fc.record({ last: maybe(9), hourly: maybe(9), daily: maybe(9), weekly: maybe(9), monthly: maybe(9), yearly: maybe(9), span })
    .map(({ span, ...rules }): Retention => ({ ...rules, ...span === undefined ? {} : within(`${span}h`) }))
    .filter((rules) => Object.values(rules).some((rule) => rule !== undefined));
  const made = fc.record({ minutes: fc.integer({ min: -500, max: 2_000_000 }), isVerified: fc.boolean() });
  const backups = fc.uniqueArray(made, { maxLength: 40, selector: ({ minutes }) => minutes })
    .map((all) => all.map(({ minutes, isVerified }) => backup(now - minutes * 60_000, isVerified)));
  const of = (all: readonly Candidate[], result: RetentionPlan) => all.filter(({ name }) => staying(result).includes(name));

  it('changes nothing when it is applied again', () => {
    fc.assert(fc.property(backups, retentions, (all, retention) => {
      const kept = of(all, plan(all, retention));
      expect(of(kept, plan(kept, retention))).toEqual(kept);
    }), { numRuns: 300 });
  });

  it('decides about every backup once, with a reason, in whatever order they are listed', () => {
    fc.assert(fc.property(backups, retentions, fc.func(fc.nat()), (all, retention, order) => {
      const result = plan(all, retention);
      expect(plan([...all].sort((a, b) => order(a.name) - order(b.name)), retention)).toEqual(result);
      expect(result.decisions.map(({ name }) => name).sort()).toEqual(all.map(({ name }) => name).sort());
      expect(result.decisions.filter(({ reasons }) => reasons.length === 0 || reasons.includes(''))).toEqual([]);
    }));
  });

  it('keeps as least as much when it wants more', () => {
    const more = fc.record({ last: fc.nat(5), hourly: fc.nat(5), daily: fc.nat(5), weekly: fc.nat(5), monthly: fc.nat(5), yearly: fc.nat(5) });
    fc.assert(fc.property(backups, retentions, more, (all, retention, add) => {
      const larger = { ...retention, ...Object.fromEntries(Object.entries(add).filter(([, count]) => count > 0).map(([name, count]) => [name, count + (retention[name as 'last'] ?? 0)])) };
      const kept = staying(plan(all, larger));
      expect(staying(plan(all, retention)).filter((name) => !kept.includes(name))).toEqual([]);
    }), { numRuns: 300 });
  });

  it('never goes below three verified backups, never removes the newest, and never more than half unasked', () => {
    fc.assert(fc.property(backups, retentions, fc.boolean(), (all, retention, mayRemoveMost) => {
      const result = plan(all, retention, mayRemoveMost);
      const gone = result.refusal === undefined ? result.decisions.filter(({ stays }) => !stays).map(({ name }) => name) : [];
      const left = all.filter(({ name }) => !gone.includes(name));
      expect(left.filter(({ isVerified }) => isVerified).length).toBeGreaterThanOrEqual(Math.min(3, all.filter(({ isVerified }) => isVerified).length));
      if (!mayRemoveMost) expect(gone.length * 2).toBeLessThanOrEqual(all.length);
      const newest = [...all].filter(({ at }) => at <= now).sort((a, b) => b.at - a.at)[0];
      expect(gone).not.toContain(newest?.name);
    }), { numRuns: 300 });
  });
});
