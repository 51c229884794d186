import { bad, either, good, quote, type Checked } from './checked.js';
import { suggestion } from './did-you-mean.js';
import { notOneLine, tooLarge, usualLimit } from './limits.js';
import { emptyFault, expectedFault, expressionFault } from './faults.js';
import type { JsonSchema, Kind, Parser } from './kind.js';

interface TextOptions {
  readonly expects: string;
  /** Beyond its type. */
  readonly schema?: JsonSchema;
}

interface BlockOptions extends TextOptions {
  /** Bytes; default `usualLimit`. */
  readonly limit?: number;
  /** What to do about more than that. */
  readonly largeHint?: string;
  /** `${{` is text like any other, as in a script. */
  readonly literal?: boolean;
}

/** A text of any number of lines, unchanged. */
export const block = <T>(parse: Parser<T>, { expects, schema, limit = usualLimit, largeHint, literal }: BlockOptions): Kind<T> => ({
  expects, fromText: true,
  schema: () => ({ type: scalarTypes(parse), minLength: 1, ...schema }),
  read: (node, report) => {
    if (node.type !== 'text') return report.problem(node.at, expectedFault(expects, node));
    if (node.text.trim() === '') return report.problem(node.at, emptyFault(expects));
    const fault = (literal ? undefined : expressionFault(node)) ?? tooLarge(node.text, limit, largeHint);
    return fault ? report.problem(node.at, fault) : report.take(node.at, parse(node.text));
  },
});

/** The types that editors may see: a number or a boolean is accepted if its text is valid. */
function scalarTypes(parse: Parser<unknown>): string | readonly string[] {
  const others = [...parse('7').ok ? ['number'] : [], ...parse('true').ok ? ['boolean'] : []];
  return others.length === 0 ? 'string' : ['string', ...others];
}

/** One value on one line; blanks around it do not count. */
export const line = <T>(parse: Parser<T>, options: TextOptions): Kind<T> => block((given): Checked<T> => {
  const value = given.trim();
  const fault = notOneLine(value);
  return fault ? { ok: false, faults: [fault] } : parse(value);
}, options);

/** One word out of a few. */
export const word = <const T extends string>(words: readonly T[]): Kind<T> =>
  line(parseChoice(words), { expects: either(words), schema: { enum: words } });

export const parseChoice = <const T extends string>(words: readonly T[]) => (given: string): Checked<T> => {
  const found = words.find((each) => each === given);
  return found === undefined ? bad(`is ${quote(given)}, but must be ${either(words)}`, suggestion(given, words)) : good(found);
};

/** `true` or `false` in the spellings of YAML's core schema, as the runner itself reads them. */
export function parseFlag(given: string): Checked<boolean> {
  if (/^(?:true|True|TRUE)$/.test(given)) return good(true);
  if (/^(?:false|False|FALSE)$/.test(given)) return good(false);
  const meant = /^(?:yes|on|1|y)$/i.test(given) ? 'true' : /^(?:no|off|0|n)$/i.test(given) ? 'false' : undefined;
  return bad(`is ${quote(given)}, but must be true or false`, meant && `Did you mean "${meant}"?`);
}

export const flag: Kind<boolean> = line(parseFlag, { expects: 'true or false', schema: { pattern: '^(?:true|True|TRUE|false|False|FALSE)$' } });
