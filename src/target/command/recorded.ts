import * as v from 'valibot';
import { digestOf } from '../../image/reference.js';
import { recordShape } from '../../record/target-record.js';

/** A deployment by commands, as far as another process has to know it to finish it. Texts are empty when they are not known. */
const shape = v.object({
  /** What `current` printed before the change; absent when that is not known. */
  before: v.optional(v.string()),
  /** Whether `verify` succeeded then, with what was known of that version. */
  verifiedBefore: v.boolean(),
  /** Of the version that is deployed. */
  reference: v.string(), commit: v.string(),
  /** Only of a run that goes back: what `current` is to print in the end. */
  to: v.optional(v.string()),
  /** What `current` printed once it printed something else than before: the version of this run. */
  after: v.optional(v.string()),
});
export type Deployment = v.InferOutput<typeof shape>;
export const recorded = recordShape<Deployment>('command', 1, shape);

/**
 * Whether what `current` prints is neither what was there before nor what the run has deployed. As long as it was not seen to print that,
 * they can be told apart only where it prints references of images. Digests alone are not enough: a platform may print that of the
 * one platform of an image that it runs.
 */
export function isOthers({ before, after, reference, to }: Deployment, printed: string | undefined): printed is string {
  if (printed === undefined || printed === before) return false;
  const own = after ?? to;
  if (own !== undefined) return printed !== own;
  const [was, wanted] = [digestOf(before ?? ''), digestOf(reference)];
  return was !== undefined && wanted !== undefined && digestOf(printed) !== wanted;
}
