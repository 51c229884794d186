import type { Cause } from './causes.js';
import { DeployError, type Details } from './errors.js';

/** A command that is run once at the target did not succeed. */
export class OneOffError extends DeployError {
  /** Whether it may have done something: it was started, or that is not known. */
  readonly hasStarted: boolean;

  constructor(code: Cause, message: string, { hasStarted, ...details }: Details & { readonly hasStarted: boolean }) {
    super(code, message, details);
    this.hasStarted = hasStarted;
  }
}
