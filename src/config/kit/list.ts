import type { Fault } from './checked.js';
import { tooLarge, usualLimit } from './limits.js';
import { expectedFault, expressionFault, noEntryFault } from './faults.js';
import { anyOf, readWhole, type Kind } from './kind.js';
import { textNode, type Node, type TextNode } from './node.js';
import type { Report } from './report.js';

interface ListOptions<T> {
  /** `a list of platforms`: completes "must be …". */
  readonly expects: string;
  /** Between entries of a text, besides line breaks. */
  readonly separator?: string;
  /** Characters of one entry; the parsers are fast on everything that is not longer than the default. */
  readonly longest?: number;
  /** An empty list clears the inherited value. */
  readonly mayBeEmpty?: boolean;
  /** The problem of each value in relation to those before it. */
  readonly check?: (values: readonly T[]) => readonly (Fault | undefined)[];
}

/** Several values of one kind: a list in the file, and where one text can say each of them, the lines of a text. */
export function list<T>(item: Kind<T>, { expects, separator, longest = 4096, mayBeEmpty = false, check = () => [] }: ListOptions<T>): Kind<readonly T[]> {
  const noEntry = noEntryFault(item.expects);
  const readItem = (node: Node, report: Report): T | undefined => (node.type === 'text' && node.text.length > longest
    ? report.problem(node.at, { message: `has an entry of ${node.text.length} characters`, hint: `An entry has at most ${longest}.` })
    : readWhole(item, node, report));
  const readAll = (nodes: readonly Node[], report: Report): readonly T[] | undefined => {
    const values = nodes.map((node) => readItem(node, report)).filter((value) => value !== undefined);
    if (values.length < nodes.length) return undefined;
    reportEach(report, nodes, check(values));
    return values;
  };
  return {
    expects, fromText: item.fromText,
    schema: () => {
      const one = item.schema();
      const items = { type: 'array', items: one, ...(mayBeEmpty ? {} : { minItems: 1 }) };
      // Editors may read a text with one entry as a number.
      return item.fromText ? anyOf({ type: 'string', minLength: 1 }, ...Array.isArray(one['type']) ? [one] : [], items) : items;
    },
    parts: () => item.parts?.().map((part) => ({ ...part, path: `[].${part.path}` })) ?? [],
    read: (node, report) => {
      if (node.type === 'list') return node.items.length > 0 || mayBeEmpty ? readAll(node.items, report) : report.problem(node.at, noEntry);
      if (node.type !== 'text' || !item.fromText) return report.problem(node.at, expectedFault(expects, node));
      const found = pieces(node, separator);
      const fault = expressionFault(node) ?? tooLarge(node.text, usualLimit) ?? (found.length === 0 ? noEntry : undefined);
      return fault ? report.problem(node.at, fault) : readAll(found, report);
    },
  };
}

export function reportEach(report: Report, nodes: readonly Node[], faults: readonly (Fault | undefined)[]): void {
  for (const [index, { at }] of nodes.entries()) report.problem(at, ...faults[index] ? [faults[index]] : []);
}

/** The entries of a text: its lines, each split by `separator` if there is one. Blank ones are dropped. */
export const pieces = ({ text, lineAt }: TextNode, separator?: string): readonly TextNode[] =>
  text.split(/\r\n?|\n/).flatMap((line, index) => (separator === undefined ? [line] : line.split(separator))
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '')
    .map((piece) => textNode(piece, lineAt(index))));
