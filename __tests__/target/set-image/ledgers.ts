import type { Ledger, RunRecord } from '../../../src/record/ledger.js';
import type { RecordedImages } from '../../../src/target/set-image/recorded.js';
import { target } from '../../kubernetes/judge/build.js';
import { check } from '../../kubernetes/judge/simulation.js';
import { imagesRecord, ledgerOfRun, runRecord } from '../../record/build.js';

/** The record of a run `dead` that changes images, as it wrote it before the first of them. */
export const ledgerOf = (changes: Partial<RunRecord> = {}, { workloads = [target()], ...recorded }: Partial<RecordedImages> = {}): Ledger =>
  ledgerOfRun(runRecord(workloads, { id: 'dead', ...imagesRecord(workloads, recorded), checks: [check.text], passedBefore: [check.text], ...changes }));
