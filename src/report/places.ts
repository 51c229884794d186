import type { Change } from '../outcome/outcome.js';
import { shortNames } from '../outcome/short-name.js';
import { code, codeBlock, details } from './markdown.js';

type Place = Pick<Change, 'subject' | 'part'>;

/** `deployment/api:app`; where there are no parts, the subject alone. */
export const placeName = ({ subject, part }: Place): string => (part === '' ? subject : `${subject}:${part}`);

/** The columns of a table that say where a version is. Not every target has parts. */
export function placeColumns(places: readonly Place[]): { readonly heads: readonly string[]; of(place: Place): readonly string[] } {
  return places.some(({ part }) => part !== '')
    ? { heads: ['workload', 'container'], of: ({ subject, part }) => [code(subject), code(part)] }
    : { heads: ['target'], of: ({ subject }) => [code(subject)] };
}

/** A version as text. The previous one is not always known. */
export const versionName = (version: string): string => version || 'unknown';

/** The versions of one row of a table, each as short as they can be told apart. */
export const versionCells = (versions: readonly string[]): readonly string[] =>
  shortNames(versions).map((name) => (name === '' ? versionName(name) : code(name)));

/** The versions of a table in full, for copying. Empty when there are none. */
export function exactVersions(changes: readonly Pick<Change, 'before' | 'after' | 'now'>[]): string {
  const all = changes.flatMap(({ before, after, now }) => [before, after, now ?? '']);
  const exact = [...new Set(all)].filter((version) => version !== '');
  return exact.length === 0 ? '' : details('Exact versions', codeBlock(exact.slice(0, 100).join('\n')));
}
