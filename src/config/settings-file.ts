import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument, Scalar, type ParsedNode } from 'yaml';
import type { Problem } from '../outcome/errors.js';
import { quote, type Fault } from './kit/checked.js';
import { textNode, type MapNode, type Node, type Spot } from './kit/node.js';
import { problemAt } from './kit/report.js';
import { KiB } from './kit/limits.js';

/** Bytes; larger files are refused before they are parsed. */
const fileLimit = 256 * KiB;
/** Values that a file may have, those reached through aliases counted each time. */
const nodeLimit = 20_000;
const depthLimit = 16;

export type FileReading = { readonly root: MapNode } | { readonly problems: readonly Problem[] };

/** The content of a settings file: a map, or what is wrong with the file as YAML, with line and column. Bounded in time. */
export function readSettingsText(file: string, text: string): FileReading {
  const problem = (message: string, hint: string, at: Partial<Spot> = {}): FileReading =>
    ({ problems: [problemAt({ where, file, ...at }, { message, hint })] });
  const size = Buffer.byteLength(text);
  if (size > fileLimit) return problem(`is ${Math.ceil(size / KiB)} KiB large, and the limit is ${fileLimit / KiB} KiB`, 'Is this the right file?');
  if (/[\ufffd\0]/.test(text)) return problem('is not UTF-8 text', 'Save it as UTF-8.', firstMatch(text, /[\ufffd\0]/));
  try {
    return readDocument(file, text.replace(/^\ufeff/, ''));
  } catch (error) {
    // The parser throws on endless nesting and similar input.
    if (error instanceof TooMuch) return problem(error.message, 'Write the settings with fewer aliases.', error.at);
    return problem('cannot be read as YAML', 'Is this the right file?');
  }
}

/** The name of the file as a whole, for messages. */
const where = 'settings file';

function firstMatch(text: string, pattern: RegExp): Pick<Spot, 'line' | 'column'> {
  const before = text.slice(0, text.search(pattern)).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

class TooMuch extends Error {
  constructor(message: string, readonly at: Spot) {
    super(message);
  }
}

function readDocument(file: string, text: string): FileReading {
  const lines = new LineCounter();
  // Keys are compared below: the parser does it in quadratic time. With this schema every scalar is text, as inputs are.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, version: '1.2', schema: 'failsafe' });
  const spotAt = (offset: number): Spot => {
    const { line, col } = lines.linePos(offset);
    return { where, file, line, column: col };
  };
  const faults = [...document.errors, ...document.warnings].map((error) => problemAt(spotAt(error.pos[0]), explain(error)));
  // The parser reports the same mistake several times.
  const problems = faults.filter(({ message }, index) => faults.findIndex((other) => other.message === message) === index).slice(0, 5);
  if (problems.length > 0) return { problems };
  const top: Spot = { where, file, line: 1, column: 1 };
  const root = walk(spotAt, (at, fault) => problems.push(problemAt(at, fault)))(document.contents, '', top, 0);
  if (root.type === 'nothing') return { problems: [problemAt(top, { message: 'is empty', hint: 'Write the settings into it, or delete it.' })] };
  if (problems.length === 0 && root.type === 'map') return { root };
  const content = root.type === 'list' ? 'a list' : 'a single value';
  const other = problemAt(root.at, { message: `has ${content} instead of settings`, hint: 'Write lines of "name: value".' });
  return { problems: root.type === 'map' ? problems : [...problems, other] };
}

const explanations: Readonly<Record<string, Fault>> = {
  TAB_AS_INDENT: { message: 'is indented with a tab, which YAML does not allow', hint: 'Use spaces.' },
  MULTIPLE_DOCS: { message: 'has more than one document', hint: 'Remove everything from the "---" on.' },
  RESOURCE_EXHAUSTION: { message: 'is nested too deeply', hint: 'Is this the right file?' },
  BAD_ALIAS: { message: 'has an alias that cannot be used', hint: 'Put text that starts with "*" in quotes.' },
  TAG_RESOLVE_FAILED: { message: 'has a YAML tag, which settings do not support', hint: 'Put text that starts with "!" in quotes.' },
};

function explain(error: { readonly code: string; readonly message: string }): Fault {
  return explanations[error.code] ?? {
    message: `is not valid YAML here: ${error.message.replace(/\s+/g, ' ').slice(0, 200)}`,
    hint: 'Check the indentation and the quotes around this place.',
  };
}

type Report = (at: Spot, fault: Fault) => void;
/** Reads a node whose path is `path`; what is wrong with its value is wrong `at` its key or its dash. */
type Walk = (node: ParsedNode | null, path: string, at: Spot, depth: number) => Node;

/** Walks a document once, following aliases, and throws TooMuch when it has become larger than any settings can be. */
function walk(spotAt: (offset: number) => Spot, report: Report): Walk {
  let nodes = 0;
  const anchors = new Map<string, ParsedNode>();
  const count = (at: Spot): void => {
    nodes++;
    if (nodes > nodeLimit) throw new TooMuch(`has more than ${nodeLimit} values`, at);
  };
  const placeOf = (node: ParsedNode | null, parent: Spot): Spot => (node?.range ? spotAt(node.range[0]) : parent);

  const convert: Walk = (node, path, at, depth) => {
    const place = placeOf(node, at);
    count(place);
    if (depth > depthLimit) throw new TooMuch('is nested too deeply', place);
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target === undefined) report(place, { message: `has the alias ${quote(`*${node.source}`)}, but no anchor of that name before it`, hint: 'Put text that starts with "*" in quotes.' });
      return convert(target ?? null, path, at, depth + 1);
    }
    if (node?.anchor) anchors.set(node.anchor, node);
    if (isMap(node)) return { type: 'map', at, entries: entriesOf(node.items as readonly Pair[], path, at, depth + 1) };
    if (!isSeq(node)) return isScalar(node) ? scalar(node, at, place) : { type: 'nothing', at };
    const items = node.items.map((item, index) => {
      const below = `${path}[${index}]`;
      return convert(item as ParsedNode, below, { ...placeOf(item as ParsedNode, at), where: below }, depth + 1);
    });
    return { type: 'list', at, items };
  };

  const entriesOf = (pairs: readonly Pair[], path: string, parent: Spot, depth: number): MapNode['entries'] => {
    const seen = new Set<string>();
    return pairs.flatMap(({ key: keyNode, value }) => {
      const place = placeOf(keyNode, parent);
      count(place);
      const key = isScalar(keyNode) ? String(keyNode.value ?? '') : undefined;
      const fault = key === undefined ? { message: 'has a key that is not text', hint: 'Write "name: value".' } : keyFault(key, seen);
      if (fault) report({ ...place, where }, fault);
      if (fault || key === undefined) return [];
      seen.add(key);
      const below = pathBelow(path, key);
      return [{ key, value: convert(value, below, { ...place, where: below }, depth) }];
    });
  };
  return convert;
}

/** Keys that are not plain words are quoted, as they come from outside. */
const pathBelow = (path: string, key: string): string => `${path}.${/^[\w./-]{1,60}$/.test(key) ? key : quote(key)}`.replace(/^\./, '');

function keyFault(key: string, seen: ReadonlySet<string>): Fault | undefined {
  if (seen.has(key)) return { message: `has the key ${quote(key)} twice`, hint: 'Remove one of them.' };
  if (key !== '<<') return undefined;
  return {
    message: 'has the merge key "<<", which settings do not support',
    hint: 'Settings at the top apply to every environment: write only those that differ under `environments:`.',
  };
}

interface Pair { readonly key: ParsedNode | null; readonly value: ParsedNode | null }

function scalar(node: Scalar, at: Spot, place: Spot): Node {
  const text = String(node.value ?? '');
  // What YAML's core schema reads as null; in quotes it is text.
  if (node.type === Scalar.PLAIN && /^(?:~|null|Null|NULL)?$/.test(text)) return { type: 'nothing', at };
  if (node.type !== Scalar.BLOCK_LITERAL) return textNode(text, at);
  // The lines of the text follow the line of the `|`.
  return { type: 'text', text, at, lineAt: (index) => ({ where: at.where, file: at.file, line: (place.line ?? 0) + 1 + index }) };
}
