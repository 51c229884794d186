import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument, Scalar, type ParsedNode } from 'yaml';
import type { Problem } from '../outcome/errors.js';
import { quote } from './checked.js';
import type { MapNode, Node, Position, ScalarNode } from './node.js';
import { KiB } from './text.js';

/** Bytes; larger files are refused before they are parsed. */
export const fileLimit = 256 * KiB;
/** Values that a file may have, those reached through aliases counted each time. */
const nodeLimit = 20_000;
const depthLimit = 16;

export type FileReading = { readonly root: MapNode } | { readonly problems: readonly Problem[] };

/** The content of a settings file: a map, or what is wrong with the file as YAML, with line and column. Bounded in time. */
export function readSettingsText(file: string, text: string): FileReading {
  const problem = (message: string, hint: string, at?: Position): FileReading =>
    ({ problems: [{ where: 'settings file', message, hint, file, ...(at && { line: at.line, column: at.column }) }] });
  if (Buffer.byteLength(text) > fileLimit) {
    return problem(`is ${Math.ceil(Buffer.byteLength(text) / KiB)} KiB large, and the limit is ${fileLimit / KiB} KiB`, 'Is it the file that you meant?');
  }
  if (/[\ufffd\0]/.test(text)) return problem('is not UTF-8 text', 'Save it as UTF-8.', firstMatch(text, /[\ufffd\0]/));
  try {
    return readDocument(file, text.replace(/^\ufeff/, ''));
  } catch (error) {
    // The parser answers endless nesting and the like by throwing.
    if (error instanceof TooMuch) return problem(error.message, 'Write the settings without repeating them by aliases.', error.at);
    return problem('cannot be read as YAML', 'Is it the file that you meant?');
  }
}

function firstMatch(text: string, pattern: RegExp): Position {
  const before = text.slice(0, text.search(pattern)).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

class TooMuch extends Error {
  constructor(message: string, readonly at: Position) {
    super(message);
  }
}

function readDocument(file: string, text: string): FileReading {
  const lines = new LineCounter();
  // Keys are compared below: the parser does it in quadratic time.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, version: '1.2', schema: 'core' });
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const faults = [...document.errors, ...document.warnings].map((error) => ({ at: position(error.pos[0]), ...explain(error) }));
  const problems: Problem[] = faults
    // The parser stumbles on over the same mistake.
    .filter(({ message }, index) => faults.findIndex((other) => other.message === message) === index)
    .slice(0, 5).map(({ at, ...fault }) => ({ where: 'settings file', file, ...at, ...fault }));
  if (problems.length > 0) return { problems };
  const report: Report = (message, hint, at) => problems.push({ where: 'settings file', message, hint, file, line: at.line, column: at.column });
  const root = converter(position, report)(document.contents, { line: 1, column: 1 }, 0);
  if (root.type === 'null') report('is empty', 'Write the settings into it, or delete it.', { line: 1, column: 1 });
  else if (root.type !== 'map') report(`has ${root.type === 'list' ? 'a list' : 'a single value'} where settings are meant`, 'Write lines of "name: value".', root);
  return problems.length > 0 || root.type !== 'map' ? { problems } : { root };
}

const explanations: Readonly<Record<string, { readonly message: string; readonly hint: string }>> = {
  TAB_AS_INDENT: { message: 'is indented by a tab, which YAML does not allow', hint: 'Use spaces.' },
  MULTIPLE_DOCS: { message: 'has more than one document', hint: 'Remove everything from the "---" on.' },
  RESOURCE_EXHAUSTION: { message: 'is nested too deeply', hint: 'Is it the file that you meant?' },
  BAD_ALIAS: { message: 'has an alias that cannot be used', hint: 'Put text that begins with "*" in quotes.' },
  TAG_RESOLVE_FAILED: { message: 'has a tag, and settings have none', hint: 'Put text that begins with "!" in quotes.' },
};

function explain(error: { readonly code: string; readonly message: string }): { readonly message: string; readonly hint: string } {
  return explanations[error.code] ?? {
    message: `is not valid YAML here: ${error.message.replace(/\s+/g, ' ').slice(0, 200)}`,
    hint: 'Check the indentation and the quotes around this place.',
  };
}

type Report = (message: string, hint: string, at: Position) => void;

/** Walks a document once, following aliases, and throws TooMuch when it has become larger than any settings can be. */
function converter(position: (offset: number) => Position, report: Report): (node: ParsedNode | null, parent: Position, depth: number) => Node {
  let nodes = 0;
  const anchors = new Map<string, ParsedNode>();

  const convert = (node: ParsedNode | null, parent: Position, depth: number): Node => {
    const at = node?.range ? position(node.range[0]) : parent;
    nodes++;
    if (nodes > nodeLimit) throw new TooMuch(`has more than ${nodeLimit} values`, at);
    if (depth > depthLimit) throw new TooMuch('is nested too deeply', at);
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target === undefined) report(`has the alias ${quote(`*${node.source}`)} of nothing before it`, 'Put text that begins with "*" in quotes.', at);
      return { ...convert(target ?? null, at, depth + 1), ...at };
    }
    if (node?.anchor) anchors.set(node.anchor, node);
    if (isMap(node)) return { type: 'map', ...at, entries: entries(node.items as readonly Pair[], at, depth) };
    if (isSeq(node)) return { type: 'list', ...at, items: node.items.map((item) => convert(item as ParsedNode, at, depth + 1)) };
    return isScalar(node) ? scalar(node, at) : { type: 'null', text: '', ...at };
  };

  const entries = (pairs: readonly Pair[], parent: Position, depth: number): MapNode['entries'] => {
    const seen = new Set<string>();
    return pairs.flatMap(({ key: keyNode, value }) => {
      const key = convert(keyNode, parent, depth + 1);
      const at = { line: key.line, column: key.column };
      const fault = keyFault(key, seen);
      if (fault) report(fault.message, fault.hint, at);
      if (fault || key.type === 'map' || key.type === 'list') return [];
      seen.add(key.text);
      return [{ key: key.text, at, value: convert(value, at, depth + 1) }];
    });
  };
  return convert;
}

function keyFault(key: Node, seen: ReadonlySet<string>): { readonly message: string; readonly hint: string } | undefined {
  if (key.type === 'map' || key.type === 'list') return { message: 'has a key that is not text', hint: 'Write "name: value".' };
  if (seen.has(key.text)) return { message: `has the key ${quote(key.text)} twice`, hint: 'Remove one of them.' };
  if (key.text !== '<<') return undefined;
  return {
    message: 'has the merge key "<<", which settings do not have',
    hint: 'Settings at the top hold for every environment: give only what differs under `environments:`.',
  };
}

interface Pair { readonly key: ParsedNode | null; readonly value: ParsedNode | null }

const typesOf: Readonly<Record<string, ScalarNode['type']>> = { number: 'number', bigint: 'number', boolean: 'boolean' };

function scalar(node: Scalar, at: Position): ScalarNode {
  const { value } = node;
  const type = typesOf[typeof value] ?? (value === null || value === undefined ? 'null' : 'text');
  const text = type === 'text' ? String(value) : node.source ?? String(value ?? '');
  return { type, text, ...at, ...(node.type === Scalar.BLOCK_LITERAL ? { block: true } : {}) };
}
