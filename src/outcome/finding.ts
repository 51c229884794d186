import type { Cause } from './causes.js';
import { DeployError, type Evidence, type FilePlace } from './errors.js';

/** One problem that was found in the cluster or the registry before anything changed. */
export interface Finding {
  readonly cause: Cause;
  /** What is wrong with what, in a sentence. */
  readonly message: string;
  readonly hint?: string;
  /** Something to read or apply with it, e.g. a Role. */
  readonly attachment?: Evidence;
  /** The line of a file of the repository that it is about. */
  readonly place?: FilePlace;
}

/** The result of a check: problems end the run, warnings are printed. */
export interface Checked {
  readonly problems: readonly Finding[];
  readonly warnings: readonly string[];
}

export const nothingFound: Checked = { problems: [], warnings: [] };

export const together = (all: readonly Checked[]): Checked => ({
  problems: all.flatMap((each) => each.problems), warnings: all.flatMap((each) => each.warnings),
});

/** Every problem that was found before anything changed; the first one names the cause. */
export class PreflightError extends DeployError {
  constructor(readonly problems: readonly Finding[]) {
    super(problems[0]?.cause ?? 'unexpected', problems.map((problem) => problem.message).join('\n'), {
      hint: problems.flatMap((problem) => problem.hint ?? []).filter((hint, index, all) => all.indexOf(hint) === index).join('\n') || undefined,
      evidence: problems.flatMap((problem) => problem.attachment ?? []),
      // Several problems are shown together, which no single line can be about.
      ...problems.length === 1 && { place: problems[0]?.place },
    });
  }
}
