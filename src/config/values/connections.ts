import { bad, good, quote, type Checked } from '../kit/checked.js';
import { object } from '../kit/object.js';
import { line } from '../kit/text.js';
import { variableNamePattern } from './requirement.js';

/** A number that the settings give, or that each container has in an environment variable. */
export type CountOrVariable = number | { readonly variable: string };

const countPattern = '^[1-9][0-9]{0,5}$';

/** A whole number from 1 to 999999. */
export const parseCount = (text: string): Checked<number> => (new RegExp(countPattern).test(text)
  ? good(Number(text))
  : bad(`is ${quote(text)}, which is not a whole number from 1 to 999999`));

/** A number, or `$(NAME)`, as Kubernetes refers to a variable of the same container. */
export function parseCountOrVariable(text: string): Checked<CountOrVariable> {
  const [, name] = /^\$\((.*)\)$/.exec(text) ?? [];
  if (name !== undefined) return new RegExp(variableNamePattern).test(name) ? good({ variable: name }) : bad(`names the variable ${quote(name)}, which is not the name of an environment variable`);
  const count = parseCount(text);
  if (count.ok) return count;
  const [, meant] = /^\$?\{?(?:env:)?([A-Za-z_][A-Za-z0-9_]*)\}?$/.exec(text) ?? [];
  const form = 'Write a number, or $(NAME) for the value of an environment variable of the container.';
  return bad(`is ${quote(text)}, which is neither a number nor a variable`, meant === undefined ? form : `Did you mean "$(${meant})"? ${form}`);
}

export const count = line(parseCount, { expects: 'a number', schema: { type: ['integer', 'string'], minimum: 1, maximum: 999_999, pattern: countPattern } });
const countOrVariable = line(parseCountOrVariable, {
  expects: 'a number, or a variable such as $(DB_POOL_SIZE)', schema: { type: ['integer', 'string'], minimum: 1, pattern: '^(?:[1-9][0-9]{0,5}|\\$\\([A-Za-z_.-][A-Za-z0-9_.-]*\\))$' },
});

export const connections = object({
  limit: { needed: true, description: 'Connections that the app may use: `max_connections` of the database, less what others need.', kind: count },
  pool: {
    needed: true,
    description: 'Connections of one process: a number, or `$(NAME)`, an environment variable of the container. With a variable, only containers that have it are counted.',
    kind: countOrVariable,
  },
  processes: { description: 'Processes of one container, each with its own pool: a number, or `$(NAME)`.', fallback: '1', kind: countOrVariable },
});
