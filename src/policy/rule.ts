import type { PolicyConfig } from '../config/config.js';
import type { FilePlace } from '../outcome/errors.js';
import type { Path, PolicyFacts, PolicyObject } from './input.js';
import type { Container, Workload } from './objects/container.js';

/** A policy rule. Its name, its level and what it finds are in src/config/values/policy-rules.ts; its documentation is in rule-texts.ts. */
export interface Rule {
  /** What to do about its findings, in sentences; a finding may have its own. */
  readonly fix: string;
  /** Pure: everything that it finds. */
  check(input: RuleInput): readonly Found[];
}

export interface RuleInput {
  readonly objects: readonly PolicyObject[];
  /** Those of the objects that have containers. */
  readonly workloads: readonly Workload[];
  readonly settings: PolicyConfig;
  readonly facts: PolicyFacts;
}

/** Something that a rule found, before levels and exceptions. */
export interface Found {
  readonly subject: string;
  readonly container?: string;
  readonly item?: string;
  /** The object that it is about, and where in it. */
  readonly object?: PolicyObject;
  readonly path?: Path;
  readonly message: string;
  /** Instead of that of the rule. */
  readonly fix?: string;
  /** It is not certain, so it never denies anything. */
  readonly isUncertain?: true;
  /** The line of a file that it is about, if it is about no object. */
  readonly place?: FilePlace;
  /** What a program printed about it. */
  readonly output?: string;
}

/** The place of something in a container. */
export const inContainer = ({ object }: Workload, { name, path }: Pick<Container, 'name' | 'path'>, part: Path = path): Pick<Found, 'subject' | 'container' | 'object' | 'path'> =>
  ({ subject: object.subject, ...(object.form === 'kubernetes' ? { container: name } : {}), object, path: part });

/** The same at the start of a sentence. */
export function containerStart(workload: Workload, container: Pick<Container, 'name' | 'role'>): string {
  const text = containerText(workload, container);
  // The name of a file is not changed.
  return workload.object.form === 'compose-service' ? text : `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** `container app of deployment/api`, `compose.yml: service/db`: in a sentence. */
export const containerText = ({ object }: Workload, { name, role }: Pick<Container, 'name' | 'role'>): string =>
  (object.form === 'compose-service' ? object.subject : `${role === 'init' ? 'init container' : 'container'} ${name} of ${object.subject}`);
