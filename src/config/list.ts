import type { Fault } from './checked.js';
import { expectedFault, expressionFault, noEntryFault } from './fault-texts.js';
import { withText, type JsonSchema, type Kind, type Parser, type ScalarTypes } from './kinds.js';
import type { MapNode, Node } from './node.js';
import { fileLine, inputLine, pieces, type Piece } from './piece.js';
import { below, problemAt, readingOf, then, together, wrong, type Reading, type Spot } from './reading.js';
import { notOneLine, tooLarge, usualLimit } from './text.js';

export interface ListOptions<T> {
  /** `a list of platforms`: completes "must be …". */
  readonly expects: string;
  /** `a platform such as linux/amd64`: completes "give …". */
  readonly item: string;
  readonly itemSchema: JsonSchema;
  /** Between entries, besides line breaks. */
  readonly separator?: string;
  readonly accepts?: ScalarTypes;
  /** An empty list in the file takes back what a lower layer says. */
  readonly allowEmpty?: boolean;
  /** Faults that only show in the whole list. */
  readonly check?: (values: readonly T[]) => readonly { readonly index: number; readonly fault: Fault }[];
  /** Keeps the place of an entry in its value, for what only shows later. */
  readonly placed?: (value: T, spot: Spot) => T;
  /** Reads an item that is a map in the file. */
  readonly fromMap?: (node: MapNode, spot: Spot) => Reading<T>;
}

/** Characters of one entry; the parsers are fast on everything shorter. */
const longestItem = 4096;

/** Several values of one kind: lines of an input, or words separated by commas; a list or the same text in the file. */
export function list<T>(parse: Parser<T>, options: ListOptions<T>): Kind<readonly T[]> {
  const { placed = (value: T) => value } = options;
  const at = (spot: Spot, reading: Reading<T>): Reading<T> => (reading.value === undefined ? reading : { ...reading, value: placed(reading.value, spot) });
  const readPiece = ({ text, spot }: Piece): Reading<T> => {
    const fault = text.length > longestItem
      ? { message: `has an entry of ${text.length} characters`, hint: `An entry has at most ${longestItem}.` }
      : notOneLine(text);
    return fault ? wrong(spot, fault) : at(spot, readingOf(spot, parse(text)));
  };
  const readText = (text: string, spot: Spot, lineSpot: (line: number) => Spot): Reading<readonly T[]> => {
    const large = tooLarge(text, usualLimit);
    if (large) return wrong(spot, large);
    const found = pieces(text, options.separator, lineSpot);
    return found.length === 0 ? wrong(spot, noEntryFault(options.item)) : finish(options, found.map(readPiece), found.map((piece) => piece.spot));
  };
  const readItem = (node: Node, spot: Spot): Reading<T> => (node.type === 'map' && options.fromMap
    ? at(spot, options.fromMap(node, spot))
    : withText(node, spot, options.item, (text) => readPiece({ text: text.trim(), spot }), options.accepts));
  const items = { type: 'array', items: options.itemSchema, ...(options.allowEmpty ? {} : { minItems: 1 }) };
  return {
    schema: { anyOf: [{ type: 'string', minLength: 1 }, items] },
    fromText: (text, spot) => readText(text, spot, inputLine(text, spot)),
    fromNode: (node, spot) => {
      if (node.type === 'text') return node.text.includes('${{') ? wrong(spot, expressionFault) : readText(node.text, spot, fileLine(node, spot));
      if (node.type !== 'list') return wrong(spot, expectedFault(options.expects, node));
      if (node.items.length === 0 && !options.allowEmpty) return wrong(spot, noEntryFault(options.item));
      const spots = node.items.map((item, index) => below(spot, index, item));
      return finish(options, node.items.map((item, index) => readItem(item, below(spot, index, item))), spots);
    },
  };
}

function finish<T>(options: ListOptions<T>, readings: readonly Reading<T>[], spots: readonly Spot[]): Reading<readonly T[]> {
  return then(together(readings), (value) => {
    const faults = options.check?.(value) ?? [];
    const problems = faults.map(({ index, fault }) => problemAt(spots[index] ?? { where: '' }, fault));
    return problems.length > 0 ? { problems, warnings: [] } : { value, problems, warnings: [] };
  });
}

/** Every value that comes a second time; `name` is how it is shown. */
export const repeated = <T>(name: (value: T) => string) => (values: readonly T[]): readonly { readonly index: number; readonly fault: Fault }[] => {
  const seen = new Set<string>();
  return values.flatMap((value, index) => {
    const key = name(value);
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [{ index, fault: { message: `has "${key}" twice`, hint: 'Remove one of them.' } }];
  });
};
