import type { PolicyRuleName } from '../config/values/policy-rules.js';
import type { Certificate } from '../ports/http.js';

/*
 * What policy rules look at: plain values, handed in by whoever has read them. A kind of target hands in the objects that it
 * changes, as they would be afterwards; files of the repository come from src/workflow/policy-files.ts.
 */

/** The way to a part of an object: `['spec', 'template', 0]`. */
export type Path = readonly (string | number)[];

/** One object that is deployed or used. */
export interface PolicyObject {
  /** As findings and exceptions name it: `deployment/api`, `compose.yml: service/db`. */
  readonly subject: string;
  readonly origin: Origin;
  /** How it is read: a Kubernetes object, or one service of a compose file. */
  readonly form: 'kubernetes' | 'compose-service';
  /** As JSON or YAML has it. It comes from outside: any part may be absent or of another type. */
  readonly object: unknown;
  /** The containers whose image the run sets. Undefined: not known, so all of them count. */
  readonly deployed?: ReadonlySet<string>;
}

type Origin =
  | { readonly kind: 'cluster' }
  | {
    readonly kind: 'file';
    /** Relative to the workspace. */
    readonly file: string;
    /** Where the object is in its file. */
    readonly within: Path;
    /** The line of a part of the object, counted from 1; that of the object for a part that does not exist. */
    readonly lineOf: (path: Path) => number;
  };

/** A ConfigMap or Secret that pods refer to. */
export type EnvSource =
  /** Key → value. Undefined for what is never read: the values of Secrets, and binary data. */
  | { readonly state: 'read'; readonly values: Readonly<Record<string, string | undefined>> }
  | { readonly state: 'missing' }
  /** The account is not allowed to read it. */
  | { readonly state: 'denied' };

/** `ConfigMap/settings`: the key of a source. */
export const sourceKey = (kind: 'ConfigMap' | 'Secret', name: string): string => `${kind}/${name}`;

/** A HorizontalPodAutoscaler. */
export interface Autoscaler {
  readonly name: string;
  /** `deployment/api`. */
  readonly target: string;
  readonly maxReplicas: number;
}

/** What is known of a TLS certificate. */
export interface CertificateFact extends Certificate {
  /** `https://api.acme.example`, or `ingress/api`. */
  readonly subject: string;
  /** For whom it was found: `smoke`, `environment-url`, `the Secret api-tls`. */
  readonly of: string;
}

/** How a command of `policy.commands` ended. */
export interface CommandFact {
  /** Its text on one line. */
  readonly command: string;
  /** A sentence that says that it failed; undefined if it exited with 0. */
  readonly failure?: string;
  readonly hint?: string;
  /** The last lines that it printed. */
  readonly output?: string;
}

/** The same workloads in another environment. */
export interface OtherEnvironment {
  readonly name: string;
  readonly objects: readonly PolicyObject[];
}

/** What the target knows, for the rules that need more than objects. */
export interface Inspected {
  readonly objects: readonly PolicyObject[];
  /** By `sourceKey`. What is not among them was not read. */
  readonly sources: ReadonlyMap<string, EnvSource>;
  /** The labels that Services select, one entry for each Service. */
  readonly selectors: readonly Readonly<Record<string, string | undefined>>[];
  /** `v1.34.4`. */
  readonly clusterVersion?: string;
  /** Undefined: they were not read. */
  readonly autoscalers?: readonly Autoscaler[];
  readonly certificates: readonly CertificateFact[];
  readonly others: readonly OtherEnvironment[];
  /** What could not be read. */
  readonly notes: readonly Note[];
}

/** Why a rule could not see everything. */
export interface Note {
  readonly rule: PolicyRuleName;
  /** A sentence; empty for what is reported elsewhere. */
  readonly text: string;
}

export const nothingInspected: Inspected = { objects: [], sources: new Map(), selectors: [], certificates: [], others: [], notes: [] };

/** What rules know besides the settings. */
export interface PolicyFacts extends Inspected {
  /** ms since 1970. */
  readonly now: number;
  readonly environment?: string;
  /** The build arguments of the run. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly commands: readonly CommandFact[];
  /** The user of the image that is deployed, as its configuration has it: empty for root. Undefined: not known. */
  readonly imageUser?: string;
}

/** What a target reads for the rules that are on, beyond what every preflight reads. */
export interface PolicyReads {
  /** Optional ConfigMaps and Secrets as well, which a preflight leaves out. */
  readonly optionalSources: boolean;
  readonly autoscalers: boolean;
  readonly ingresses: boolean;
  /** Namespaces of other environments. */
  readonly others: readonly { readonly name: string; readonly namespace: string }[];
}
