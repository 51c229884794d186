import { describe, expect, it } from '@jest/globals';
import type { Occasion } from '../../src/config/config.js';
import { concerns, isRecovery, severityOf } from '../../src/notify/occasion.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import { built, deployed, failed, planned, rollbackFailed, rolledBack, tested, unchanged } from '../report/outcomes.js';

const lastRun = (hasFailed: boolean): Partial<Outcome> => ({ lastRun: { failed: hasFailed, startedAt: '2026-01-01T00:00:00.000Z' } });
const cancelled: Outcome = { ...failed, failure: { cause: 'cancelled', stage: 'test', message: 'Stopped by SIGTERM.', hint: '', evidence: [] } };
const recovered: Outcome = { ...deployed, ...lastRun(true) };
const ends = { deployed, recovered, unchanged, tested, built, failed, cancelled, rolledBack, rollbackFailed, planned };
const heard = (...on: readonly Occasion[]): readonly string[] => Object.entries(ends).filter(([, outcome]) => concerns(on, outcome)).map(([name]) => name);

describe('a target is notified', () => {
  it.each<[readonly Occasion[], readonly string[]]>([
    [['critical'], ['rollbackFailed']],
    [['warning'], ['failed', 'rolledBack']],
    [['failure'], ['failed', 'rolledBack', 'rollbackFailed']],
    [['recovery'], ['recovered']],
    [['failure', 'recovery'], ['recovered', 'failed', 'rolledBack', 'rollbackFailed']],
    [['success'], ['deployed', 'recovered', 'unchanged', 'tested', 'built']],
    [['failed'], ['failed', 'cancelled']],
    [['deployed', 'rolled-back'], ['deployed', 'recovered', 'rolledBack']],
    [['always'], Object.keys(ends).filter((name) => name !== 'planned')],
  ])('%j: of %j', (on, wanted) => expect(heard(...on)).toEqual(wanted));

  // The post step goes on, and notifies of the end.
  it.each<Occasion>(['always', 'critical', 'rollback-failed'])('not of an end that is not the end yet: %s', (on) => {
    expect(concerns([on], { ...rollbackFailed, rollback: { notes: [], continued: true } })).toBe(false);
  });
});

describe('the end of a run', () => {
  it('is a recovery if it is a success and the last run was none', () => {
    expect([recovered, deployed, { ...deployed, ...lastRun(false) }, { ...rolledBack, ...lastRun(true) }].map(isRecovery)).toEqual([true, false, false, false]);
  });
  it('is critical where a person must act', () => {
    expect([rollbackFailed, rolledBack, failed, deployed, tested].map(severityOf)).toEqual(['critical', 'warning', 'warning', 'success', 'success']);
  });
});
