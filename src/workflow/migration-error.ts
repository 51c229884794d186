import { DeployError, type Details } from '../outcome/errors.js';
import type { OneOffError } from '../outcome/one-off.js';

/** The migration of a database failed, or could not be tried. Nothing was deployed. */
export class MigrationError extends DeployError {
  constructor(message: string, details: Details) {
    super('migration-failed', message, details);
  }
}

export const detailsOf = ({ hint, evidence, ...error }: OneOffError): Details => ({ hint, evidence, cause: error });
