import type { GenericSchema } from 'valibot';
import { ClusterError } from '../outcome/errors.js';
import { checkShape, JsonError } from '../ports/json.js';
import type { TargetRecord } from './ledger.js';

/** What one kind of target records of a run, and nobody else looks into. */
export interface RecordShape<T> {
  /** Name of the kind. */
  readonly kind: string;
  write(recorded: T): TargetRecord;
  /** @throws ClusterError record-unreadable when another kind of target wrote it, a later version, or it was changed by hand */
  read(record: TargetRecord): T;
}

/** @param schema version of the shape, from 1 on; it can still be read as every earlier one */
export function recordShape<T>(kind: string, schema: number, shape: GenericSchema<unknown, T>): RecordShape<T> {
  return { kind, write: (recorded) => ({ kind, schema, recorded }), read: (record) => read(record, kind, schema, shape) };
}

function read<T>(record: TargetRecord, kind: string, schema: number, shape: GenericSchema<unknown, T>): T {
  if (record.kind !== kind || record.schema > schema) {
    throw new ClusterError('record-unreadable', `The record holds a run of the target ${record.kind} (schema ${record.schema}), but this version of the action reads ${kind} up to schema ${schema}.`, {
      hint: 'Finish that run with the settings and the version of the action that started it.',
    });
  }
  try {
    return checkShape(record.recorded, shape, `The record of the target ${kind}`);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new ClusterError('record-unreadable', `${error.message}.`, { cause: error });
  }
}
