import { DeployError } from '../outcome/errors.js';

/** A backup or a restore failed, or what it needs is not there. */
export class DataError extends DeployError {}
