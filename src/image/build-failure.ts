import type { Cause } from '../outcome/causes.js';

/** Why a build failed, as it is reported. */
export interface BuildFailure {
  readonly cause: Extract<Cause, 'build-failed' | 'push-failed' | 'registry-denied' | 'platform-unsupported'>;
  readonly message: string;
  /** Undefined: the hint of the cause. */
  readonly hint?: string;
  /** The image was built, and the registry may take it at another try. */
  readonly temporary?: boolean;
  /** What the builder did not get, when the files of this machine may say why. */
  readonly missed?: Missed;
}

/** What the builder missed, for a look at the files that it was to get. */
export type Missed =
  | { readonly kind: 'context' }
  | { readonly kind: 'dockerfile' }
  /** `path` as the builder says it, with a slash in front; `instruction` is the one that asks for it. */
  | { readonly kind: 'copied'; readonly path: string; readonly instruction: string | undefined; readonly place: string }
  | { readonly kind: 'image'; readonly image: string; readonly reason: string; readonly noPlatform: boolean };
