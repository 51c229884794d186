import type { GenericSchema } from 'valibot';
import { ClusterError } from '../outcome/errors.js';
import { checkShape, JsonError } from '../ports/json.js';
import type { TargetRecord } from './ledger.js';

/** What one kind of target records of a run. */
export interface RecordedAs<T> {
  /** Name of the kind. */
  readonly kind: string;
  /** Version of the shape, from 1 on; it can still be read as every earlier one. */
  readonly schema: number;
  readonly shape: GenericSchema<unknown, T>;
}

/** @throws ClusterError record-unreadable when another kind of target wrote it, a later version, or it was changed by hand */
export function readTargetRecord<T>(record: TargetRecord, { kind, schema, shape }: RecordedAs<T>): T {
  if (record.kind !== kind || record.schema > schema) {
    throw new ClusterError('record-unreadable', `The ledger holds a run of ${record.kind} (shape ${record.schema}), and this version knows ${kind} up to shape ${schema} here.`, {
      hint: 'Finish that run with the settings and the version of the action that started it.',
    });
  }
  try {
    return checkShape(record.recorded, shape, `The record of ${kind} in the ledger`);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new ClusterError('record-unreadable', `${error.message}.`, { cause: error });
  }
}
