/** Wide enough for the longest stage name. */
const stageWidth = 9;
/** Subjects longer than this stand out of their column rather than pushing everything to the right. */
const widestSubject = 40;

/**
 * Turns states into lines, one per change: the returned function gives undefined for a state that was already printed.
 * Columns are aligned to the subjects seen so far.
 */
export function createProgress(): (stage: string, subject: string, state: string) => string | undefined {
  const last = new Map<string, string>();
  let width = 0;
  return (stage, subject, state) => {
    const key = JSON.stringify([stage, subject]);
    if (last.get(key) === state) return undefined;
    last.set(key, state);
    width = Math.max(width, Math.min(subject.length, widestSubject));
    return `${stage.padEnd(stageWidth)}  ${subject.padEnd(width)}  ${state}`.trimEnd();
  };
}
