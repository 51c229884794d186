import { describe, expect, it } from '@jest/globals';
import { RolloutError } from '../../src/outcome/errors.js';
import type { UndoJournal } from '../../src/target/target.js';
import { asPlanned, changedOf, versionsOf } from '../../src/target/rows.js';
import { inPlaceOf, underLock } from '../../src/target/under-lock.js';
import { undoing, type Undoing } from '../../src/target/undoing.js';
import type { RunRecord } from '../../src/record/ledger.js';
import type { Lock } from '../../src/record/store.js';
import { idleClock } from '../ports/idle-clock.js';
import { run } from '../workflow/runs.js';

/* What every kind of target takes from src/target/. */

const row = (subject: string, before: string, after = 'v2') => ({ subject, part: '', before, after });

describe('the rows of a change', () => {
  it('are versions before and after; what was there before may not be known', () => {
    const rows = [row('api', 'v1'), row('worker', '')];
    expect(versionsOf(rows, 'before')).toEqual([{ subject: 'api', part: '', version: 'v1' }]);
    expect(versionsOf(rows, 'after').map(({ subject, version }) => [subject, version])).toEqual([['api', 'v2'], ['worker', 'v2']]);
  });

  it('say what the change has changed: where it sent something, and what was there is not there, or cannot be read', () => {
    const rows = [{ ...row('api', 'v1'), now: 'v2' }, { ...row('web', 'v1'), now: 'v1' }, { ...row('worker', 'v1'), now: undefined }, { ...row('others', 'v1'), now: 'v3' }];
    const change = { mayHaveChanged: (subject?: string) => subject !== 'others' };
    expect([...changedOf(change, { rows, undoCommands: [] })]).toEqual(['api', 'worker']);
  });

  it('are as they were planned, or the run ends', () => {
    expect(() => { asPlanned([row('api', 'v1')], [row('api', 'v1', 'v9')]); }).not.toThrow();
    const thrown = (now: string): unknown => {
      try {
        return asPlanned([{ ...row('api', 'v1'), part: 'app' }], [row('api', now)]);
      } catch (error) {
        return error;
      }
    };
    expect(thrown('v3')).toMatchObject({ code: 'superseded', message: 'Something else was deployed meanwhile: api:app was v1 when the rollback was planned, and is v3 now. Nothing was changed.' });
    expect(thrown('')).toMatchObject({ code: 'superseded', message: expect.stringContaining('and is not known now') });
  });
});

describe('a run under a lock', () => {
  it('is cancelled when it loses it', () => {
    const lost = new AbortController();
    const { ports } = underLock(run(), { lost: lost.signal } as Lock);
    expect(ports.cancelled.aborted).toBe(false);
    lost.abort(new Error('lost'));
    expect(ports.cancelled.reason).toEqual(new Error('lost'));
  });

  it('takes the checks of the run in whose place it is', () => {
    const { config } = inPlaceOf(run(), { checks: ['service/api/healthz -> 200'] } as unknown as RunRecord, { lost: new AbortController().signal } as Lock);
    expect(config.smoke.map(({ text }) => text)).toEqual(['service/api/healthz -> 200']);
  });
});

describe('an undo', () => {
  const clock = idleClock();
  const told: string[] = [];
  const journal: UndoJournal = { restoring: async () => void told.push('restoring'), resumed: false, continued: false };
  const undo = (work: (undo: Undoing) => ReturnType<Parameters<typeof undoing>[3]>, how = journal) => undoing(clock, how, ['api'], work);

  it('has its times', async () => {
    const undone = await undo(async (step) => {
      step.begin();
      step.begin();
      await clock.sleep(100);
      step.restored();
      step.note('It was slow.');
      await clock.sleep(50);
      return { result: 'restored', notes: ['It is back.'] };
    });
    expect(undone).toMatchObject({ result: 'restored', restoredAfterMs: 100, verifiedAfterMs: 50, tookMs: 150, notes: ['It was slow.', 'It is back.'], evidence: [], untouched: [] });
    expect(told).toEqual(['restoring']);
  });

  it('does not reject: what it throws is its result, with what was done until then', async () => {
    const undone = await undo(async (step) => {
      step.restored();
      step.note('It was restored.');
      throw new RolloutError('smoke-failed', 'it does not serve', { evidence: [{ title: 'log', text: 'x' }] });
    });
    expect(undone).toMatchObject({ result: 'failed', notes: ['It was restored.', 'It does not serve.'], evidence: [{ title: 'log' }], changed: ['api'], restoredAfterMs: 0, verifiedAfterMs: undefined });
  });

  it('does not wait for its record, and says what became of it', async () => {
    const refused = { ...journal, restoring: () => Promise.reject(new Error('the disk is full')) };
    const silent = { ...journal, restoring: () => new Promise<never>(() => undefined) };
    for (const [how, note] of [[refused, 'The record could not be written: the disk is full.'], [silent, 'The record could not be written in time.']] as const) {
      const undone = await undo(async (step) => {
        step.begin();
        return { result: 'untouched' };
      }, how);
      expect([undone.result, undone.notes, undone.tookMs]).toEqual(['untouched', [note], 0]);
    }
  });
});
