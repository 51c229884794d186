import * as v from 'valibot';
import { workloadKinds } from '../../config/config.js';
import type { TargetRecord } from '../../record/ledger.js';
import { readTargetRecord } from '../../record/target-record.js';
import type { ImageChange, PausedDeployment } from './image-change.js';

/** The part of the record that belongs to this kind of target. */
export interface RecordedImages {
  readonly workloads: readonly ImageChange[];
  /** Deployments that the run pauses for a moment: who finishes an interrupted run resumes them. */
  readonly paused: readonly PausedDeployment[];
  /** `deployment/api:app` → digests that ran before the change. */
  readonly running: Readonly<Record<string, readonly string[]>>;
}

export const kind = 'set-image';
const schema = 1;

const text = v.string();
const shape = v.object({
  workloads: v.array(v.object({
    ref: text, kind: v.picklist(workloadKinds), name: text, uid: text, nothingGood: v.optional(v.boolean()),
    containers: v.array(v.object({ name: text, before: text, after: text, becomes: v.optional(text), back: v.optional(text) })),
  })),
  paused: v.array(v.object({ ref: text, minReadySeconds: v.pipe(v.number(), v.integer()), raisedTo: v.optional(v.number()) })),
  running: v.record(text, v.array(text)),
});

export const writeRecorded = (recorded: RecordedImages): TargetRecord => ({ kind, schema, recorded });

/** @throws ClusterError record-unreadable when another kind of target wrote it, a later version, or it was changed by hand */
export const readRecorded = (record: TargetRecord): RecordedImages => readTargetRecord(record, { kind, schema, shape });

/** The workloads of a record; undefined if it cannot be read. */
export function recordedImages(record: TargetRecord | undefined): RecordedImages | undefined {
  try {
    return record && readRecorded(record);
  } catch {
    return undefined;
  }
}
