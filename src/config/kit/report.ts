import type { Problem } from '../../outcome/errors.js';
import type { Checked, Fault } from './checked.js';
import type { Spot } from './node.js';

export const problemAt = (at: Spot, { message, hint }: Fault): Problem => ({ ...at, message, ...(hint === undefined ? {} : { hint }) });

/** Collects problems and warnings while settings are read, each with its place. */
export class Report {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];

  problem(at: Spot, ...faults: readonly Fault[]): undefined {
    this.problems.push(...faults.map((fault) => problemAt(at, fault)));
  }

  warning(at: Spot, ...faults: readonly Fault[]): void {
    this.warnings.push(...faults.map((fault) => problemAt(at, fault)));
  }

  /** The value that was parsed at this place, or undefined after reporting its problems. */
  take<T>(at: Spot, checked: Checked<T>): T | undefined {
    if (!checked.ok) return this.problem(at, ...checked.faults);
    this.warning(at, ...checked.warnings);
    return checked.value;
  }

  /** What `read` gives, unless it reports problems. */
  whole<T>(read: () => T | undefined): T | undefined {
    const before = this.problems.length;
    const value = read();
    return this.problems.length === before ? value : undefined;
  }
}
