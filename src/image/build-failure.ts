import type { Cause } from '../outcome/causes.js';

/** Why a build failed, as reported to the user. */
export interface BuildFailure {
  readonly cause: Extract<Cause, 'build-failed' | 'push-failed' | 'registry-denied' | 'platform-unsupported'>;
  readonly message: string;
  /** Undefined: the hint of the cause. */
  readonly hint?: string;
  /** The image was built, and pushing it again may succeed. */
  readonly temporary?: boolean;
  /** What the builder did not find, where the files of this machine can show why. */
  readonly missed?: Missed;
}

/** What the builder did not find. */
export type Missed =
  | { readonly kind: 'context' }
  | { readonly kind: 'dockerfile' }
  /** `path` as the builder reports it, with a leading slash; `instruction` is the one that needs it. */
  | { readonly kind: 'copied'; readonly path: string; readonly instruction: string | undefined; readonly place: string }
  | { readonly kind: 'image'; readonly image: string; readonly reason: string; readonly noPlatform: boolean };
