import * as v from 'valibot';
import { workloadKinds } from '../../config/config.js';
import type { TargetRecord } from '../../record/ledger.js';
import { recordShape } from '../../record/target-record.js';
import type { ImageChange, PausedDeployment } from './image-change.js';

/** The part of the record that belongs to this kind of target. */
export interface RecordedImages {
  readonly workloads: readonly ImageChange[];
  /** Deployments that the run pauses for a moment: who finishes an interrupted run resumes them. */
  readonly paused: readonly PausedDeployment[];
  /** `deployment/api:app` → digests that ran before the change. */
  readonly running: Readonly<Record<string, readonly string[]>>;
}

const text = v.string();
export const recorded = recordShape<RecordedImages>('set-image', 1, v.object({
  workloads: v.array(v.object({
    ref: text, kind: v.picklist(workloadKinds), name: text, uid: text, nothingGood: v.optional(v.boolean()),
    containers: v.array(v.object({ name: text, before: text, after: text, becomes: v.optional(text), back: v.optional(text) })),
  })),
  paused: v.array(v.object({ ref: text, minReadySeconds: v.pipe(v.number(), v.integer()), raisedTo: v.optional(v.number()) })),
  running: v.record(text, v.array(text)),
}));

/** The workloads of a record; undefined if it cannot be read. */
export function recordedImages(record: TargetRecord | undefined): RecordedImages | undefined {
  try {
    return record && recorded.read(record);
  } catch {
    return undefined;
  }
}
