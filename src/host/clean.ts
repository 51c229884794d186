import { plainLines } from '../outcome/plain.js';
import type { Place } from '../ports/log.js';
import type { Masking } from './masking.js';

/* Texts from anywhere, made ready to be printed. */

const notSearched = '*** (not shown: it could not be searched for secrets)';

/** A masking that shows nothing once it has failed, for example out of memory. The error is not reported, because it may contain secrets. */
export function failingClosed(masking: Masking): Masking {
  let failed = false;
  const orElse = <T>(work: () => T, otherwise: T): T => {
    if (failed) return otherwise;
    try {
      return work();
    } catch {
      failed = true;
      return otherwise;
    }
  };
  return {
    add: (secret, kind) => orElse(() => masking.add(secret, kind), undefined),
    keep: (words) => orElse(() => masking.keep(words), undefined),
    hides: (secret) => orElse(() => masking.hides(secret), true),
    forRunner: () => orElse(() => masking.forRunner(), []),
    redact: (text) => orElse(() => masking.redact(text), notSearched),
  };
}

/** Makes texts ready for one kind of log. */
export interface Cleaner {
  lines(text: string): readonly string[];
  oneLine(text: string): string;
  place(place: Place): Place;
}

/**
 * Values are masked first, while they are still whole; again once the escape sequences that could divide them are removed; and
 * once more because making a line harmless may change it.
 * @param harmless makes sure that a line stays a line, whatever it says
 */
export function createCleaner(masking: Masking, harmless: (line: string) => string): Cleaner {
  const lines = (text: string): readonly string[] => {
    const shown = masking.redact(plainLines(masking.redact(text)).join('\n'));
    return shown.split('\n').map((line) => masking.redact(harmless(line)));
  };
  const oneLine = (text: string): string => lines(text).join(' ');
  const optional = (text: string | undefined): string | undefined => (text === undefined ? undefined : oneLine(text));
  return { lines, oneLine, place: (place) => ({ ...place, title: optional(place.title), file: optional(place.file) }) };
}
