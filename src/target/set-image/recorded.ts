import * as v from 'valibot';
import { workloadKinds } from '../../config/config.js';
import { ClusterError } from '../../outcome/errors.js';
import { checkShape, JsonError } from '../../ports/json.js';
import type { TargetRecord } from '../../record/ledger.js';
import type { ImageChange, PausedDeployment } from './image-change.js';

/** The part of the record that is this target's own. */
export interface RecordedImages {
  readonly workloads: readonly ImageChange[];
  /** Deployments that the run pauses for a moment: whoever finishes it resumes them. */
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
export function readRecorded(record: TargetRecord): RecordedImages {
  if (record.kind !== kind || record.schema > schema) {
    throw new ClusterError('record-unreadable', `The ledger holds a run of ${record.kind} (shape ${record.schema}), and this version knows ${kind} up to shape ${schema} here.`, {
      hint: 'Finish that run with the settings and the version of the action that started it.',
    });
  }
  try {
    return checkShape(record.recorded, shape, 'The record of the workloads in the ledger');
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new ClusterError('record-unreadable', `${error.message}.`, { cause: error });
  }
}

/** The workloads that a record names, for whoever only wants to know which they are; none when it cannot be read. */
export function recordedImages(record: TargetRecord | undefined): RecordedImages | undefined {
  try {
    return record && readRecorded(record);
  } catch {
    return undefined;
  }
}
