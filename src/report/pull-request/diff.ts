import { structuredPatch } from 'diff';
import type { Difference } from '../../outcome/pull-request.js';

interface TextDiff {
  /** Of a unified diff, without the names of files. */
  readonly lines: readonly string[];
  readonly added: number;
  readonly removed: number;
}

/** Lines around a change. */
const context = 3;
/** With more changed lines than these, a diff takes seconds, and nobody reads it. */
const maxEditLength = 600;

/** Undefined if the two have hardly a line in common. */
export function diffOf({ old, new: now }: Pick<Difference, 'old' | 'new'>): TextDiff | undefined {
  const patch = structuredPatch('', '', old, now, undefined, undefined, { context, maxEditLength });
  if (!patch) return undefined;
  const lines = patch.hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines: own }) =>
    [`@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`, ...own.filter((line) => !line.startsWith('\\'))]);
  return { lines, added: count(lines, '+'), removed: count(lines, '-') };
}

const count = (lines: readonly string[], sign: string): number => lines.filter((line) => line.startsWith(sign)).length;
