import type { Checked } from './checked.js';
import { expectedFault, expressionFault, noEntryFault } from './fault-texts.js';
import { scalarText, type JsonSchema, type Kind, type Parser } from './kinds.js';
import type { MapNode, Node } from './node.js';
import { fileLine, inputLine, pieces } from './piece.js';
import { below, problemAt, readingOf, then, together, wrong, type Reading, type Spot } from './reading.js';
import { tooLarge } from './text.js';

/** A name with what it stands for. */
export type Entry<T> = readonly [string, T];
export type Entries<T> = Readonly<Record<string, T>>;

export interface MapOptions<T> {
  readonly expects: string;
  /** Bytes of the whole text. */
  readonly limit: number;
  /** What to do about more than that. */
  readonly largeHint?: string;
  readonly schema: JsonSchema;
  /** Of one entry in the file. */
  readonly parseEntry: (key: string, value: string) => Checked<Entry<T>>;
  /** How an input says it; undefined for a map that stands in the file alone. */
  readonly lines?: Lines<T>;
}

interface Lines<T> {
  /** `KEY=VALUE`, for messages. */
  readonly form: string;
  readonly parse: Parser<Entry<T>>;
  /** Whether the file may have them, too. */
  readonly inFile: boolean;
}

/** Names and values: lines of an input, a map in the file. A higher layer adds to a lower one, name by name. */
export function map<T>(options: MapOptions<T>): Kind<Entries<T>> {
  const { lines } = options;
  const readText = (text: string, spot: Spot, lineSpot: (line: number) => Spot): Reading<Entries<T>> => {
    if (lines === undefined) return wrong(spot, { message: `must be ${options.expects}`, hint: 'Put it into the settings file.' });
    const large = tooLarge(text, options.limit, options.largeHint);
    if (large) return wrong(spot, large);
    const found = pieces(text, undefined, lineSpot);
    if (found.length === 0) return wrong(spot, noEntryFault(`one ${lines.form} on each line`));
    return collect(found.map((piece) => readingOf(piece.spot, lines.parse(piece.text))), found.map((piece) => piece.spot));
  };
  const readMap = (node: MapNode, spot: Spot): Reading<Entries<T>> => {
    const spots = node.entries.map((entry) => below(spot, entry.key, entry.at));
    return collect(node.entries.map(({ key, value }, index) => readValue(options, key, value, spots[index] ?? spot)), spots);
  };
  return {
    schema: lines?.inFile ? { anyOf: [options.schema, { type: 'string', minLength: 1 }] } : options.schema,
    fromText: (text, spot) => readText(text, spot, inputLine(text, spot)),
    fromNode: (node, spot) => {
      if (node.type === 'map') return readMap(node, spot);
      if (node.type !== 'text' || !lines?.inFile) return wrong(spot, expectedFault(options.expects, node));
      return node.text.includes('${{') ? wrong(spot, expressionFault) : readText(node.text, spot, fileLine(node, spot));
    },
    merge: (lower, higher) => ({ ...lower, ...higher }),
  };
}

function readValue<T>(options: MapOptions<T>, key: string, node: Node, spot: Spot): Reading<Entry<T>> {
  const text = scalarText(node, ['text', 'number', 'boolean']);
  if (text === undefined) return wrong(spot, expectedFault('text', node));
  return text.includes('${{') ? wrong(spot, expressionFault) : readingOf(spot, options.parseEntry(key, text));
}

/** All entries as a record; a name that comes twice is a problem at its second place. */
function collect<T>(readings: readonly Reading<Entry<T>>[], spots: readonly Spot[]): Reading<Entries<T>> {
  return then(together(readings), (entries) => {
    const seen = new Set<string>();
    const problems = entries.flatMap(([key], index) => {
      if (!seen.has(key)) {
        seen.add(key);
        return [];
      }
      return [problemAt(spots[index] ?? { where: '' }, { message: `has "${key}" twice`, hint: 'Remove one of them.' })];
    });
    return problems.length > 0 ? { problems, warnings: [] } : { value: Object.fromEntries(entries), problems, warnings: [] };
  });
}
