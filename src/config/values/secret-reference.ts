import { bad, good, type Checked } from '../kit/checked.js';
import { convert, type Kind } from '../kit/kind.js';
import type { Spot } from '../kit/node.js';
import { block } from '../kit/text.js';
import { placeWords } from '../../outcome/place-words.js';

/** Source of the regular expression of a secret in the settings file. */
export const variablePattern = '^env:([A-Za-z_][A-Za-z0-9_]*)$';
/** The name of the variable in `env:NAME`; undefined for another text. */
export const variableOf = (text: string): string | undefined => new RegExp(variablePattern).exec(text)?.[1];

/** A secret that is in the environment of the run. */
export interface SecretReference {
  /** Name of the variable. */
  readonly variable: string;
  /** Its place in the settings. */
  readonly at: Spot;
}

/**
 * The name of the variable, from a text that may be the secret itself: messages never repeat it.
 * @param isSecret why the value does not belong in a file
 */
export function parseReference(text: string, isSecret = 'the value of a secret does not belong in a file'): Checked<string> {
  const variable = variableOf(text);
  if (variable !== undefined) return good(variable);
  if (text.includes('${{')) return bad('has a "${{" expression, which is not evaluated in this file', `Write env:NAME instead. ${placeWords().setVariable}`);
  return bad(`is not "env:NAME", and ${isSecret}`, 'Name an environment variable. If this was a real secret, replace it: it is in the history of the repository.');
}

const kind = (isSecret?: string): Kind<SecretReference> => convert(
  // Expressions have a message of their own.
  block((text) => parseReference(text.trim(), isSecret), { expects: '"env:NAME"', schema: { pattern: variablePattern }, literal: true }),
  (variable, at) => good({ variable, at }),
);

/** A secret of the settings file: only the name of an environment variable. */
export const secretReference = kind();
/** The address of an incoming webhook, which is a secret as a whole. */
export const webhookReference = kind('the address of a webhook is a secret: everyone who has it can post');
