import type { Change } from '../outcome/outcome.js';
import { shortReference } from './format.js';
import { code } from './markdown.js';

type Place = Pick<Change, 'subject' | 'part'>;

/** `deployment/api:app`; where there are no parts, the subject alone. */
export const placeName = ({ subject, part }: Place): string => (part === '' ? subject : `${subject}:${part}`);

/** The columns of a table that say where a version is. Not every target has parts. */
export function placeColumns(places: readonly Place[]): { readonly heads: readonly string[]; of(place: Place): readonly string[] } {
  return places.some(({ part }) => part !== '')
    ? { heads: ['workload', 'container'], of: ({ subject, part }) => [code(subject), code(part)] }
    : { heads: ['target'], of: ({ subject }) => [code(subject)] };
}

/** A version as text and as a cell of a table. The previous version is not always known. */
export const versionName = (version: string): string => version || 'unknown';
export const versionCell = (version: string): string => (version === '' ? versionName(version) : code(shortReference(version)));
