import { causes, type Cause } from './causes.js';
import type { StageName } from './verdict.js';

export interface Details {
  /** What to do about it; defaults to the hint of the cause. */
  readonly hint?: string;
  /** The stage that it belongs to, when it was found in another one: smoke checks also run during a rollout. */
  readonly stage?: StageName;
  /** The error underneath. */
  readonly cause?: unknown;
  /** What was seen at the moment of failure: short labelled texts, already redacted by whoever prints them. */
  readonly evidence?: readonly Evidence[];
  /** The line of a file of the repository that it is about: GitHub shows the message there. */
  readonly place?: FilePlace;
}

export interface FilePlace {
  /** Relative to the workspace. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

/** A labelled piece of what was seen at the moment of failure, e.g. the last lines of a crashed container's log. */
export interface Evidence {
  readonly title: string;
  readonly text: string;
  /** The line of it that says why; it is quoted in the message as well. */
  readonly decisive?: string;
  /** Written by this action from names alone, to be applied as it is: it is never redacted. */
  readonly ours?: true;
  /** Its lines are in the log already, where they came: they are not printed again. */
  readonly isPrinted?: true;
}

/** The error that ends a run. `code` is the output `cause`. */
export abstract class DeployError extends Error {
  readonly hint: string;
  readonly stage?: StageName;
  readonly evidence: readonly Evidence[];
  readonly place?: FilePlace;
  constructor(readonly code: Cause, message: string, details: Details = {}) {
    super(message, { cause: details.cause });
    this.name = new.target.name;
    this.hint = details.hint ?? causes[code].hint;
    this.stage = details.stage;
    this.evidence = details.evidence ?? [];
    this.place = details.place;
  }
}

/** One thing wrong with the settings, with its place. */
export interface Problem {
  readonly message: string;
  readonly hint?: string;
  /** `input platforms`, or the path inside the settings file: `environments.prod.timeout`. */
  readonly where: string;
  readonly file?: string;
  /** Both counted from 1. */
  readonly line?: number;
  readonly column?: number;
}

/** The settings are wrong: all problems, not just the first. */
export class ConfigError extends DeployError {
  /** @param app its name, as far as the settings determine it in spite of the problems */
  constructor(readonly problems: readonly Problem[], readonly app?: string) {
    const [first] = problems;
    // What to do about a single problem is the hint; with several, each line says its own.
    const single = problems.length === 1 && first ? first : undefined;
    super('config-invalid', single ? describeProblem({ ...single, hint: undefined }) : problems.map(describeProblem).join('\n'), { hint: single?.hint });
  }
}

/** `deploy.yml:3:5: unknown key "plattforms". Did you mean "platforms"?` */
export function describeProblem(problem: Problem): string {
  const place = problem.file ? [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(':') : undefined;
  return [place ? `${place}: ${problem.where}` : problem.where, problem.message].join(': ') + (problem.hint ? `. ${problem.hint}` : '');
}

/** A program failed: docker, kubectl, the test gate. */
export class CommandError extends DeployError {}

/** The cluster refused, or did not answer. */
export class ClusterError extends DeployError {}

/** The rollout failed, as the judge or the smoke checks found. */
export class RolloutError extends DeployError {}

/** The run was asked to stop. */
export class CancelledError extends DeployError {
  /** @param signal its name: `SIGTERM` */
  constructor(readonly signal: string) {
    super('cancelled', `Stopped by ${signal}.`);
  }
}
