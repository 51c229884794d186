/** A case cannot be played: what it needs could not be set up, and no run of the action has begun. */
export class Unplayable extends Error {}

/** Does what has to be done before a run. Rejects with `Unplayable` when that fails. */
export async function unplayableWithout<T>(what: string, prepare: () => Promise<T>): Promise<T> {
  try {
    return await prepare();
  } catch (error) {
    throw new Unplayable(`without ${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** How many of so many cases may be left out, so that the others still say something: one in twenty, or one where there are fewer; never all. */
export const mostUnplayed = (cases: number): number => Math.min(cases - 1, Math.max(1, Math.floor(cases / 20)));

export const tooManyUnplayed = (finished: readonly { readonly unplayed?: string | undefined }[]): boolean =>
  finished.filter(({ unplayed }) => unplayed !== undefined).length > mostUnplayed(finished.length);
