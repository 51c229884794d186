import type { FilePlace } from './errors.js';

/** What the policy rules of a run found. Texts are as they were read: whoever sends them away redacts them first. */
export interface PolicyReport {
  /** Denied ones first, then warnings, then those that an exception allows; in each, in the order of docs/policy.md. */
  readonly findings: readonly PolicyFinding[];
  /** What could not be checked, and why, in sentences. */
  readonly notes: readonly string[];
}

/** One thing that a policy rule found. */
export interface PolicyFinding {
  /** `probes`: as in `policy.rules` of the settings. */
  readonly rule: string;
  /** `deny`: nothing may be deployed. `allowed`: an exception of the settings applies. */
  readonly level: 'deny' | 'warn' | 'allowed';
  /** What it is about: `deployment/api`, `compose.yml: service/db`, `https://api.acme.example`. */
  readonly subject: string;
  /** The container of the subject, if it is about one. */
  readonly container?: string;
  /** What of it, for an exception that is only about that: the name of a variable, a key or a probe. */
  readonly item?: string;
  /** Where in the object: `spec.template.spec.containers[0].env[2]`. */
  readonly path?: string;
  /** What is wrong with what, with the evidence, in a sentence. Never the value of a secret. */
  readonly message: string;
  /** What to do, in sentences. */
  readonly fix: string;
  /** The line of a file of the repository, if it comes from one. */
  readonly place?: FilePlace;
  /** The last lines of a program about it. */
  readonly output?: string;
  /** Why it is allowed. */
  readonly exception?: { readonly reason: string; readonly until: string };
}
