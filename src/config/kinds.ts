import type { Checked } from './checked.js';
import { parseFlag } from './choices.js';
import { emptyFault, expectedFault, expressionFault } from './fault-texts.js';
import type { Node, ScalarNode } from './node.js';
import { below, readingOf, then, together, wrong, type Reading, type Spot } from './reading.js';
import { controlCharacter, notOneLine, tooLarge, usualLimit } from './text.js';

export type JsonSchema = { readonly [key: string]: unknown };

/** How one kind of setting is read from the text of an input or a flag, and from the settings file. */
export interface Kind<T> {
  /** Of the setting in the file. */
  readonly schema: JsonSchema;
  readonly fromText: (text: string, spot: Spot) => Reading<T>;
  readonly fromNode: (node: Node, spot: Spot) => Reading<T>;
  /** How the value of a higher layer meets that of a lower one; it replaces it when this is absent. */
  readonly merge?: (lower: T, higher: T) => T;
}

export type Parser<T> = (text: string) => Checked<T>;
export type ScalarTypes = readonly ScalarNode['type'][];

/** The text of a scalar of one of these types. */
export function scalarText(node: Node, accepts: ScalarTypes = ['text']): string | undefined {
  return node.type !== 'map' && node.type !== 'list' && node.type !== 'null' && accepts.includes(node.type) ? node.text : undefined;
}

/** Reads the text of a scalar of the file, unless it is of another type, blank, or waits for the runner to fill it in. */
export function withText<T>(
  node: Node, spot: Spot, expects: string, read: (text: string) => Reading<T>, accepts?: ScalarTypes,
): Reading<T> {
  const text = scalarText(node, accepts);
  if (text === undefined) {
    // `timeout: 10` lacks its unit rather than its quotes: what the parser says of the text is nearer to what was meant.
    const plain = scalarText(node, ['number', 'boolean']);
    const reading = plain === undefined ? undefined : read(plain);
    return reading && reading.problems.length > 0 ? reading : wrong(spot, expectedFault(expects, node));
  }
  if (text.trim() === '') return wrong(spot, emptyFault(expects));
  return text.includes('${{') ? wrong(spot, expressionFault) : read(text);
}

/** One value on one line. `expects` completes "must be …". */
export function single<T>(
  parse: Parser<T>, options: { readonly expects: string; readonly schema?: JsonSchema },
): Kind<T> {
  const fromText = (text: string, spot: Spot): Reading<T> => {
    const value = text.trim();
    const fault = tooLarge(value, usualLimit) ?? notOneLine(value);
    return fault ? wrong(spot, fault) : readingOf(spot, parse(value));
  };
  return {
    schema: { type: 'string', minLength: 1, ...options.schema },
    fromText,
    fromNode: (node, spot) => withText(node, spot, options.expects, (text) => fromText(text, spot)),
  };
}

/** `true` or `false`; in the file without quotes. */
export const flag: Kind<boolean> = {
  schema: { type: 'boolean' },
  fromText: (text, spot) => readingOf(spot, parseFlag(text.trim())),
  fromNode: (node, spot) => {
    if (node.type === 'boolean') return readingOf(spot, parseFlag(node.text));
    const text = scalarText(node, ['text', 'number']);
    const checked = text === undefined || text.includes('${{') ? undefined : parseFlag(text);
    if (checked?.ok) return wrong(spot, { ...expectedFault('true or false', node), hint: 'Leave the quotes out.' });
    return withText(node, spot, 'true or false', (plain) => readingOf(spot, parseFlag(plain)));
  },
};

/** A script of several lines: text, or a list of commands in the file. Blank lines around it fall away. */
export function script(options: { readonly expects: string; readonly limit: number }): Kind<readonly string[]> {
  const fromText = (text: string, spot: Spot): Reading<readonly string[]> => {
    const fault = tooLarge(text, options.limit) ?? controlCharacter(text, true);
    if (fault) return wrong(spot, fault);
    const lines = text.replace(/\r\n?/g, '\n').split('\n').map((line) => line.trimEnd());
    const first = lines.findIndex((line) => line !== '');
    return { value: lines.slice(first, lines.findLastIndex((line) => line !== '') + 1), problems: [], warnings: [] };
  };
  const item = (node: Node, spot: Spot, expects: string): Reading<readonly string[]> => {
    const text = scalarText(node);
    if (text === undefined) return wrong(spot, expectedFault(expects, node));
    return text.trim() === '' ? wrong(spot, emptyFault(expects)) : fromText(text, spot);
  };
  return {
    schema: { anyOf: [{ type: 'string', minLength: 1 }, { type: 'array', items: { type: 'string', minLength: 1 } }] },
    fromText,
    fromNode: (node, spot) => {
      if (node.type !== 'list') return item(node, spot, options.expects);
      const commands = together(node.items.map((entry, index) => item(entry, below(spot, index, entry), 'a command')));
      return then(commands, (value) => ({ value: value.flat(), problems: [], warnings: [] }));
    },
  };
}
