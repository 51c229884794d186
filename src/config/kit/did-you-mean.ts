/** Longer words are not compared: nobody misspells them, and the comparison is quadratic. */
const longest = 64;

/**
 * The known word that was most likely meant, or undefined. Ways of writing (`buildArgs`, `build_args`, `BUILD-ARGS`)
 * count as the same word; otherwise at most one slip for every three letters.
 */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  if (word.length > longest) return undefined;
  const plain = plainly(word);
  const same = known.find((candidate) => plainly(candidate) === plain);
  if (same !== undefined) return same;
  const allowed = (candidate: string): number => Math.max(1, Math.floor(Math.min(word.length, candidate.length) / 3));
  const [best] = known
    // That many letters are missing or too many at least.
    .filter((candidate) => Math.abs(candidate.length - word.length) <= allowed(candidate))
    .map((candidate) => ({ candidate, slips: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, slips }) => slips <= allowed(candidate))
    .sort((a, b) => a.slips - b.slips);
  return best?.candidate;
}

/** `Did you mean "platforms"?`, or the fallback when no known word is near. */
export function suggestion(word: string, known: readonly string[], fallback?: string): string | undefined {
  const meant = didYouMean(word, known);
  return meant === undefined ? fallback : `Did you mean "${meant}"?`;
}

const plainly = (word: string): string => word.toLowerCase().replace(/[-_ ]/g, '');

/** Damerau-Levenshtein distance in its restricted form: letters added, left out, replaced, or two neighbours swapped. */
export function distance(a: string, b: string): number {
  let beforeLast = new Uint32Array(b.length + 1);
  let last = Uint32Array.from({ length: b.length + 1 }, (_, column) => column);
  let current = new Uint32Array(b.length + 1);
  for (let row = 1; row <= a.length; row++) {
    current[0] = row;
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let slips = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        slips = Math.min(slips, (beforeLast[column - 2] ?? 0) + 1);
      }
      current[column] = slips;
    }
    [beforeLast, last, current] = [last, current, beforeLast];
  }
  return last[b.length] ?? 0;
}
