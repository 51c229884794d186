import { DeployError } from '../outcome/errors.js';

/** What fails when something of a database fails. */
export type DataFailure = 'backup-failed' | 'restore-failed' | 'migration-failed';

/** A backup or a restore failed, or what it needs is not there. */
export class DataError extends DeployError {}
