import * as v from 'valibot';

/** A migration that a run has started. */
export interface MigrationRecord {
  /** Id of the run. */
  readonly run: string;
  readonly runUrl?: string;
  /** ISO 8601. */
  readonly at: string;
  /** Its command, as it is written in the settings. */
  readonly command: string;
  /** The version that it ran with, `name[:tag]@digest`. */
  readonly reference: string;
  /** `started`: it may be applied, wholly or in part. */
  readonly state: 'started' | 'applied';
  /** The last migration of the database before and after it, as its tool names it; absent where that is not known. */
  readonly headBefore?: string;
  readonly headAfter?: string;
  /** The command that undoes it. False: it is declared that nothing does. Absent: not known. */
  readonly undo?: string | false;
  /** Name of the backup from before it. */
  readonly backup?: string;
}

const text = v.string();
const maybe = v.optional(text);
export const migrationShape = v.looseObject({
  run: text, runUrl: maybe, at: text, command: text, reference: text, state: v.picklist(['started', 'applied']), headBefore: maybe, headAfter: maybe,
  undo: v.optional(v.union([text, v.literal(false)])), backup: maybe,
});
