import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { importsOf } from '../../architecture/imports-of.js';
import { kindOfFault } from './fault.js';
import { areEqual, notOfOneMoment } from './oracle.js';
import { planData } from './plan.js';

const here = dirname(fileURLToPath(import.meta.url));

it('judges without any code of the action', () => {
  const files = readdirSync(here).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  expect(files.length).toBeGreaterThan(8);
  expect(files.filter((name) => importsOf(readFileSync(join(here, name), 'utf8')).all.some((path) => path.includes('/src/')))).toEqual([]);
});

describe('the plan', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planData(7, 30)).toEqual(planData(7, 30));
    expect(planData(7, 30)).not.toEqual(planData(8, 30));
    expect(planData(7, 23).flatMap(({ cases }) => cases.map(({ number }) => number))).toEqual(Array.from({ length: 23 }, (_, index) => index + 1));
  });

  it('comes to every action, engine and kind of fault in 1,000 cases', () => {
    const cases = planData(1, 1000).flatMap((place) => place.cases);
    expect([...new Set(cases.map(({ action, engine }) => `${action} ${engine}`))]).toHaveLength(6);
    expect([...new Set(cases.map(({ fault }) => kindOfFault(fault)))].sort()).toEqual([
      'absent database', 'bit flipped', 'cancelled', 'clock', 'disk full', 'dropped database', 'empty database', 'exec cut', 'killed', 'killed alone', 'none', 'object cut', 'object missing',
      'others: both', 'others: definitions', 'others: writes', 'pod deleted', 'server crashed',
      'store: 403', 'store: 500', 'store: 503', 'store: answer lost', 'store: answer reset', 'store: other bytes stored', 'store: slow', 'store: upload reset', 'two at once', 'wrong key',
    ]);
  });
});

describe('what is not of one moment', () => {
  const before = { 'public.a': '2 x', 'ledger.a': '0 -', 'ledger.b': '0 -', 'ledger.c': '50 y', 'ledger.d': '50 y' };

  it('is anything that differs, if nobody else writes', () => {
    expect(areEqual(before, { ...before })).toBe(true);
    expect(notOfOneMoment(before, { ...before, 'public.a': '1 z' }, false)).toEqual(['public.a has 1 z instead of 2 x']);
    expect(notOfOneMoment(before, { ...before, 'public.b': '0 -' }, false)).toEqual(['public.b has 0 - instead of nothing']);
    expect(areEqual(before, { ...before, 'ledger.c': '50 z' })).toBe(false);
  });

  it('is half a transaction of others', () => {
    expect(notOfOneMoment(before, { ...before, 'ledger.a': '7 q', 'ledger.b': '7 q', 'ledger.d': '50 z' }, true)).toEqual([]);
    expect(notOfOneMoment(before, { ...before, 'ledger.a': '7 q', 'ledger.b': '6 p' }, true)).toEqual(['ledger.a has 7 q, and ledger.b 6 p: half a transaction']);
    expect(notOfOneMoment(before, { ...before, 'ledger.c': '0 -' }, true)).toEqual(['ledger.c has 0 rows, and never had other than 50']);
  });
});
