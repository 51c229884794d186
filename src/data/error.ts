import { StoreError } from '../store/store.js';
import { DeployError } from '../outcome/errors.js';

/** What fails when something of a database fails. */
export type DataFailure = 'backup-failed' | 'restore-failed' | 'migration-failed';

/** A backup or a restore failed, or what it needs is not there. */
export class DataError extends DeployError {}

/** What a store did not do, as the failure of the work that needs it; any other error as it is. */
export const ofStore = (error: unknown, failure: DataFailure): unknown =>
  (error instanceof StoreError ? new DataError(failure, `${error.message}.`, { hint: error.hint, cause: error }) : error);
