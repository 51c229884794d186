import { describe, expect, it } from '@jest/globals';
import { phases } from '../../src/record/ledger.js';
import { lastRunOf } from '../../src/record/last-run.js';
import { target } from '../kubernetes/judge/build.js';
import { at, ledgerOfRun, runRecord } from './build.js';

const ledger = (phase: (typeof phases)[number]) => ledgerOfRun(runRecord([target()], { phase, url: 'https://runs.example/6', repository: 'registry.example/shop/api' }));

describe('the last run', () => {
  it('has failed unless its version was verified', () => {
    expect(phases.filter((phase) => !lastRunOf(ledger(phase), undefined)?.failed)).toEqual(['verified']);
    expect(lastRunOf(ledger('restored'), undefined)).toEqual({ failed: true, runUrl: 'https://runs.example/6', startedAt: at });
  });
  it('is not known without a record', () => expect(lastRunOf(undefined, 'registry.example/shop/api')).toBeUndefined());
  it('is not that of another repository with the same record', () => {
    expect(lastRunOf(ledger('restored'), 'registry.example/shop/api')?.failed).toBe(true);
    expect(lastRunOf(ledger('restored'), 'registry.example/billing/api')).toBeUndefined();
  });
});
