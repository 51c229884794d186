import { bad, good, quote, type Checked } from '../kit/checked.js';
import { controlCharacter } from '../kit/limits.js';
import { map } from '../kit/map.js';

/** What an environment variable must be like. */
export type Requirement =
  | { readonly must: 'be-set' | 'be-unset' }
  /** One of these values, or none of them. */
  | { readonly must: 'be' | 'not-be'; readonly values: readonly string[] };

/** Source of the regular expression of a name of a variable, as Kubernetes has it for `env` (IsEnvVarName). */
export const variableNamePattern = '^[A-Za-z_.-][A-Za-z0-9_.-]{0,252}$';
const requirementPattern = '^(?:set|unset|is(?: not)? [^ ].*)$';

const form = 'Write "set", "unset", "is VALUE" or "is not VALUE"; several values are separated by "|".';

/** What a text was probably meant to say. */
function meant(text: string): string | undefined {
  const plain = text.toLowerCase().replace(/[-_ ]+/g, '-');
  if (/^(?:required|present|exists|must-be-set|is-set|needed|any)$/.test(plain)) return 'set';
  if (/^(?:absent|forbidden|missing|not-set|is-unset|is-not-set|must-not-be-set|none|null)$/.test(plain)) return 'unset';
  const [, operator, value] = /^(!=|<>|not |==?)\s*(\S.*)$/.exec(text) ?? [];
  if (operator !== undefined) return `is ${operator.startsWith('=') ? '' : 'not '}${value}`;
  return /^[^\s|]+$/.test(text) ? `is ${text}` : undefined;
}

/** The requirement on one variable: `set`, `unset`, `is VALUE`, `is not VALUE`, with alternatives separated by `|`. */
export function checkRequirement(name: string, text: string): Checked<readonly [string, Requirement]> {
  if (!new RegExp(variableNamePattern).test(name)) return bad(`has ${quote(name)}, which is not the name of an environment variable`, 'Use letters, digits and "_".');
  const given = text.trim();
  const fault = controlCharacter(given);
  if (fault) return bad(`of ${quote(name)} ${fault.message}`, fault.hint);
  if (given === 'set' || given === 'unset') return good([name, { must: given === 'set' ? 'be-set' : 'be-unset' }] as const);
  // "is set" is a misspelt "set" rather than a variable with the value "set".
  const [, not, values] = /^(?:is set|is unset|is not set)$/.test(given) ? [] : /^is (not )?\s*(\S.*)$/.exec(given) ?? [];
  if (values === undefined) {
    const guess = meant(given);
    return bad(`has ${quote(given)} for ${name}, which is not a requirement`, guess === undefined ? form : `Did you mean ${quote(guess)}? ${form}`);
  }
  const each = values.split('|').map((value) => value.trim());
  if (each.includes('')) return bad(`has ${quote(given)} for ${name}, with an empty alternative`, form);
  return good([name, { must: not === undefined ? 'be' : 'not-be', values: [...new Set(each)] }] as const);
}

export const requirements = map(checkRequirement, {
  expects: 'a map of environment variables and requirements', names: { pattern: variableNamePattern }, values: { type: 'string', pattern: requirementPattern },
});

/** As it is written in the settings: `is false`. */
export const requirementText = (requirement: Requirement): string => ('values' in requirement
  ? `is ${requirement.must === 'be' ? '' : 'not '}${requirement.values.join('|')}`
  : requirement.must === 'be-set' ? 'set' : 'unset');
