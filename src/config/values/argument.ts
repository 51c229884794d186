import { bad, good, quote, type Checked } from '../kit/checked.js';
import { notOneLine } from '../kit/limits.js';
import { line } from '../kit/text.js';

/** A word that becomes an argument of a program: one line, not empty, no dash at the start (it would be read as a flag). */
export function parseArgument(given: string): Checked<string> {
  const fault = notOneLine(given);
  if (fault) return { ok: false, faults: [fault] };
  if (given === '') return bad('is empty', 'Give a value, or leave it out.');
  if (given.startsWith('-')) {
    return bad(`is ${quote(given)}, which starts with a dash and would be read as a flag`, 'Start with another character; a path can be written ./-name.');
  }
  return good(given);
}

/** A name of the kind that Docker gives to builders and stages: letters, digits, `_`, `.`, `-`, at most 128. */
export function parseDockerName(given: string): Checked<string> {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(given)) return good(given);
  return bad(`is ${quote(given)}, which is not a name`, 'Use letters, digits, "_", "." and "-", starting with a letter or digit.');
}

/** `expects` completes "must be …" of these kinds. */
export const argument = (expects: string) => line(parseArgument, { expects });
export const path = argument('a path');
export const dockerName = (expects: string) => line(parseDockerName, { expects });
