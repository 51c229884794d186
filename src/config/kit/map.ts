import type { Checked } from './checked.js';
import { tooLarge, usualLimit } from './limits.js';
import { expectedFault, expressionFault, noEntryFault, repeated } from './faults.js';
import { anyOf, type JsonSchema, type Kind, type Parser } from './kind.js';
import { pieces, reportEach } from './list.js';
import type { Node } from './node.js';
import type { Report } from './report.js';

type Entry<Name extends string, T> = readonly [Name, T];
type Entries<Name extends string, T> = Readonly<string extends Name ? Record<string, T> : Partial<Record<Name, T>>>;

interface MapOptions<E> {
  readonly expects: string;
  /** Of a whole text, in bytes; default `usualLimit`. */
  readonly limit?: number;
  /** What to do about a larger text. */
  readonly largeHint?: string;
  /** Of the names, and of the values. */
  readonly names: JsonSchema;
  readonly values?: JsonSchema;
  /** How one line of a text is read; undefined for what only a map can say. `form`, such as `KEY=VALUE`, is for messages. */
  readonly lines?: { readonly form: string; readonly parse: Parser<E> };
}

/** Values by name: a map in the file, or lines of a text. A higher layer adds to a lower one, name by name. */
export function map<Name extends string, T>(
  parse: (name: string, value: string) => Checked<Entry<Name, T>>, options: MapOptions<Entry<Name, T>>,
): Kind<Entries<Name, T>> {
  const { expects, lines, limit = usualLimit, largeHint, names, values = { type: ['string', 'number', 'boolean'] } } = options;
  const schema = { type: 'object', propertyNames: names, additionalProperties: values };
  return {
    expects, fromText: lines !== undefined,
    schema: () => (lines ? anyOf(schema, { type: 'string', minLength: 1 }) : schema),
    read: (node, report, under) => {
      if (node.type === 'map') return readAll(node.entries.map(({ key, value }) => [value, (text) => parse(key, text)]), report, under);
      if (node.type !== 'text' || !lines) return report.problem(node.at, expectedFault(expects, node));
      const found = pieces(node);
      const fault = expressionFault(node) ?? tooLarge(node.text, limit, largeHint) ?? (found.length === 0 ? noEntryFault(`one ${lines.form} on each line`) : undefined);
      return fault ? report.problem(node.at, fault) : readAll(found.map((line) => [line, lines.parse]), report, under);
    },
  };
}

/** All entries on top of those of a lower layer; a repeated name is a problem at its second place. */
function readAll<Name extends string, T>(
  parts: readonly (readonly [Node, Parser<Entry<Name, T>>])[], report: Report, under?: Entries<Name, T>,
): Entries<Name, T> | undefined {
  const entries = parts.map(([node, parse]) => {
    if (node.type !== 'text') return report.problem(node.at, expectedFault('text', node));
    const fault = expressionFault(node);
    return fault ? report.problem(node.at, fault) : report.take(node.at, parse(node.text));
  }).filter((entry) => entry !== undefined);
  if (entries.length < parts.length) return undefined;
  reportEach(report, parts.map(([node]) => node), repeated(([name]: Entry<Name, T>) => name)(entries));
  return { ...under, ...Object.fromEntries(entries) } as Entries<Name, T>;
}
