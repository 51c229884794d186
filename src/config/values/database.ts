import { anyOf, convert, type Kind } from '../kit/kind.js';
import { bad, good, quote, type Checked } from '../kit/checked.js';
import type { Spot } from '../kit/node.js';
import { block, line } from '../kit/text.js';
import { isLabel, isObjectName } from './kubernetes-names.js';
import { parseReference, variablePattern, type SecretReference } from './secret-reference.js';

/** A password: in the environment of the run, or a key of a Secret in the namespace. */
export type PasswordSource = ({ readonly from: 'variable' } & SecretReference) | { readonly from: 'secret'; readonly secret: string; readonly key: string };

const secretPattern = '^secret/[a-z0-9.-]+/[-._a-zA-Z0-9]+$';

/** `env:NAME` or `secret/NAME/KEY`. No message repeats the text: it may be the password itself. */
function parsePassword(text: string): Checked<{ readonly variable: string } | { readonly secret: string; readonly key: string }> {
  if (!text.startsWith('secret/')) {
    const checked = parseReference(text);
    if (checked.ok) return good({ variable: checked.value });
    return bad(checked.faults[0]?.message.replace('"env:NAME"', '"env:NAME" or "secret/NAME/KEY"') ?? '', checked.faults[0]?.hint);
  }
  const [, secret = '', key = '', ...rest] = text.split('/');
  if (rest.length > 0 || !isObjectName(secret) || !/^[-._a-zA-Z0-9]+$/.test(key)) {
    return bad('does not name a key of a Secret', 'Write secret/NAME/KEY, e.g. secret/postgresql/password.');
  }
  return good({ secret, key });
}

export const databasePassword: Kind<PasswordSource> = {
  ...convert(
    block((text) => parsePassword(text.trim()), { expects: '"env:NAME" or "secret/NAME/KEY"', literal: true }),
    (value, at: Spot) => good<PasswordSource>('variable' in value ? { from: 'variable', variable: value.variable, at } : { from: 'secret', ...value }),
  ),
  schema: () => anyOf({ type: 'string', pattern: variablePattern }, { type: 'string', pattern: secretPattern }),
};

const keyPattern = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const valuePattern = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;

/** Labels of a pod, all of which it must have: `app=db`, `app.kubernetes.io/name=postgresql,role=primary`. */
export function parseSelector(text: string): Checked<string> {
  const form = 'Write LABEL=VALUE, several separated by commas, e.g. app.kubernetes.io/name=postgresql.';
  const terms = text.split(',').map((term) => term.trim());
  for (const term of terms) {
    const [key = '', value, ...rest] = term.split('=');
    if (value === undefined) return bad(`has ${quote(term)}, which has no value`, form);
    if (rest.length > 0 || !keyPattern.test(key) || !valuePattern.test(value)) return bad(`has ${quote(term)}, which is not a label`, form);
  }
  return good(terms.join(','));
}

export const selector = line(parseSelector, { expects: 'labels of a pod such as app=db' });

/** The name of a database in the settings: it becomes the name of a folder of the store, and of objects in the cluster. */
export const parseDatabaseName = (text: string): Checked<string> => (isLabel(text) && text.length <= 40
  ? good(text)
  : bad(`has the name ${quote(text)}, which cannot be used`, 'Use at most 40 lower-case letters, digits and dashes. The name of the database on its server is its field `database`.'));
