import type { Ledger, RunRecord } from '../../src/record/ledger.js';
import { contentsOf, type ImageChange } from '../../src/target/set-image/image-change.js';
import { recorded as images, type RecordedImages } from '../../src/target/set-image/recorded.js';

export const at = '2026-01-01T00:00:00.000Z';

/** What a run records of these workloads. */
export const imagesRecord = (workloads: readonly ImageChange[], more: Partial<Omit<RecordedImages, 'workloads'>> = {}): Pick<RunRecord, 'target' | 'before' | 'after'> => ({
  target: images.write({ workloads, paused: [], running: {}, ...more }), before: contentsOf(workloads, 'before'), after: contentsOf(workloads, 'after'),
});

/** The record of a run that set these images. */
export const runRecord = (workloads: readonly ImageChange[] = [], changes: Partial<RunRecord> = {}): RunRecord => ({
  id: 'run-1', startedAt: at, phase: 'in-progress', marks: ['images'], ...imagesRecord(workloads), rollback: 'auto', checks: [], passedBefore: [], ...changes,
});

export const ledgerOfRun = (run: RunRecord, changes: Partial<Ledger> = {}): Ledger => ({ schema: 2, app: 'api', releases: [], run, ...changes });
