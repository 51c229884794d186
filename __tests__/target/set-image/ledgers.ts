import type { Ledger, RunRecord } from '../../../src/record/ledger.js';
import { contentsOf, type ImageChange } from '../../../src/target/set-image/image-change.js';
import { writeRecorded, type RecordedImages } from '../../../src/target/set-image/recorded.js';
import { target } from '../../kubernetes/judge/build.js';
import { check } from '../../kubernetes/judge/simulation.js';

/** The record of a run `dead` that changes images, as it wrote it before the first of them. */
export function ledgerOf(changes: Partial<RunRecord> = {}, recorded: Partial<RecordedImages> = {}): Ledger {
  const workloads: readonly ImageChange[] = recorded.workloads ?? [target()];
  return {
    schema: 2, app: 'api', releases: [],
    run: {
      id: 'dead', startedAt: '2026-01-01T00:00:00.000Z', phase: 'in-progress', marks: ['images'],
      target: writeRecorded({ workloads, paused: [], running: {}, ...recorded }), before: contentsOf(workloads, 'before'), after: contentsOf(workloads, 'after'),
      rollback: 'auto', checks: [check.text], passedBefore: [check.text], ...changes,
    },
  };
}
