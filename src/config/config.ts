import type { Cause } from '../outcome/causes.js';
import type { Spot } from './reading.js';

/** The settings of a run after all checks: what the inputs and the settings file mean together. */
export interface Config {
  /** Names the ledger; defaults to the last part of the image's repository. A DNS label. */
  readonly app: string;
  readonly environment?: string;
  readonly dryRun: boolean;
  readonly gate?: GateConfig;
  readonly image?: ImageName;
  /** Deploy this existing digest; the build is skipped. */
  readonly digest?: Digest;
  /** Present when an image is to be built. */
  readonly build?: BuildConfig;
  /** Immutable tags are pushed by the build; mutable ones move after a good verdict. Undefined: the commit's sha, and `latest` on the default branch. */
  readonly tags?: readonly string[];
  readonly login?: RegistryLogin;
  readonly cluster: ClusterConfig;
  readonly workloads: readonly WorkloadRef[];
  /** Upper bound of the rollout, ms. */
  readonly timeoutMs: number;
  readonly smoke: readonly SmokeCheck[];
  readonly rollback: 'auto' | 'off';
  /** The first new pods of a Deployment are asked by the smoke checks before the rest follow. */
  readonly proveFirst: boolean;
  /** How long a symptom of these causes must last before the judge is sure, ms; the table of causes has the rest. */
  readonly patienceMs?: Readonly<Partial<Record<Cause, number>>>;
  /** How long to wait for another run of the same app, ms. */
  readonly lockTimeoutMs: number;
  /** In these nothing is rolled out. */
  readonly freeze: readonly Period[];
  /** When there are any, it is rolled out only inside of one. */
  readonly windows: readonly Period[];
  /** Why `freeze` and `windows` do not count this time; it is recorded. */
  readonly freezeOverride?: string;
  /** Rollback: revision, digest or commit to go back to. Undefined: the proven release before. */
  readonly to?: string;
  /** Settings file that was read, for messages. */
  readonly file?: string;
}

/** A part of every week or of its days, in the time of a place: `Fri 16:00 – Mon 08:00 Europe/Paris`, `Mon–Fri 09:00–17:00 UTC`. */
export interface Period {
  /** As the user wrote it, for messages. */
  readonly text: string;
  /** Minutes since Sunday 00:00; a period may reach over the end of the week. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** It comes on so many days in a row, the first of which is that of `fromMinute`; 7: every day. Undefined: on one. */
  readonly days?: number;
  /** IANA name. */
  readonly timeZone: string;
}

/** Commands that run by `bash -eo pipefail` before anything is built. */
export interface GateConfig {
  readonly commands: readonly string[];
  /** Relative to the workspace; default `.`. */
  readonly workingDirectory: string;
}

/** `host[:port]/path` without tag or digest, as written by the user: `ghcr.io/acme/api`, `nginx`. */
export type ImageName = string & { readonly brand?: 'ImageName' };
/** `sha256:` and 64 hex digits. */
export type Digest = string & { readonly brand?: 'Digest' };

export interface BuildConfig {
  readonly context: string;
  readonly dockerfile?: string;
  readonly target?: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** id → value; passed to the build by files, never by argument. Already masked when Config is handed out. */
  readonly buildSecrets: Readonly<Record<string, string>>;
  /** Empty: what the builder builds when no platform is named, its own. */
  readonly platforms: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly builder?: string;
  readonly cache: 'none' | 'registry' | 'gha';
}

export interface RegistryLogin {
  /** Host with port; docker.io when the image has none. */
  readonly registry: string;
  readonly username: string;
  readonly password: string;
}

export interface ClusterConfig {
  readonly kubeconfig?: { readonly path: string } | { readonly content: string };
  readonly context?: string;
  readonly namespace?: string;
  /** Where a missing kubectl is downloaded from; `{version}`, `{os}` and `{arch}` are filled in. Undefined: the default address. */
  readonly kubectlUrl?: string;
  /** SHA-256 that the file from there must have; undefined: the pinned one of the pinned version. */
  readonly kubectlSha256?: string;
}

export const workloadKinds = ['deployment', 'statefulset', 'daemonset', 'cronjob'] as const;
export type WorkloadKind = (typeof workloadKinds)[number];

export interface WorkloadRef {
  readonly kind: WorkloadKind;
  readonly name: string;
  /** Undefined: every container whose image repository equals `image`. */
  readonly container?: string;
}

export interface SmokeCheck {
  /** As the user wrote it, for messages. */
  readonly text: string;
  /** Where it stands in the settings; undefined in a check that comes from the records. */
  readonly at?: Spot;
  readonly target:
    | { readonly type: 'url'; readonly url: string }
    /** `port` is a number or a name; undefined: the only or first port of the Service. */
    | { readonly type: 'service'; readonly name: string; readonly port?: string; readonly path: string };
  /** Accepted status codes; default 200. */
  readonly statuses: readonly number[];
  readonly contains?: string;
}
