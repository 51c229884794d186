import { bad, good, type Checked } from '../kit/checked.js';
import { secretIdPattern } from './key-value.js';
import { bySource } from '../kit/kind.js';
import { map } from '../kit/map.js';
import { placeWords } from '../../outcome/place-words.js';
import { parseReference, variableOf, variablePattern } from './secret-reference.js';

/** A secret of the build: its value, or the name of the environment variable that holds it. */
export type SecretSource = { readonly value: string } | { readonly variable: string };
type SecretEntry = readonly [string, SecretSource];

const badId = (hint: string): Checked<never> => bad('has an invalid id', hint);

/**
 * One line of the input, `ID=VALUE` or `ID=env:NAME`. A value on several lines would be cut into lines that look like
 * entries of their own, so no message repeats anything of a line that is not understood.
 */
export function parseSecretLine(text: string): Checked<SecretEntry> {
  const equals = text.indexOf('=');
  const form = 'Write one ID=VALUE on each line. For a value with line breaks, use an environment variable: ID=env:NAME.';
  if (equals < 0) return bad('has no "="', form);
  const id = text.slice(0, equals).trim();
  if (!new RegExp(secretIdPattern).test(id)) return badId(form);
  const value = text.slice(equals + 1).trim();
  if (value === '') {
    const hint = placeWords().emptySecret || 'Write ID=VALUE, or ID=env:NAME.';
    return bad('has an id without a value', hint);
  }
  const variable = variableOf(value);
  return good([id, variable === undefined ? { value } : { variable }]);
}

/** One secret of the settings file: only the name of an environment variable, `env:NAME`, never a value. */
export function parseSecretReference(id: string, text: string): Checked<SecretEntry> {
  if (!new RegExp(secretIdPattern).test(id)) {
    return badId('An id has letters, digits, "_", "." and "-", as in --mount=type=secret,id=ID.');
  }
  const reference = parseReference(text);
  return reference.ok ? good([id, { variable: reference.value }]) : reference;
}

const options = {
  expects: 'a map of ids and "env:NAME"', largeHint: 'For a long secret, use an environment variable: ID=env:NAME.',
  names: { pattern: secretIdPattern }, values: { type: 'string', pattern: variablePattern },
};
/** Only an input may hold a secret itself. */
export const buildSecrets = bySource(
  map(parseSecretReference, { ...options, lines: { form: 'ID=VALUE', parse: parseSecretLine } }),
  map(parseSecretReference, options),
);
