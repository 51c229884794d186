import { quote } from './checked.js';
import type { SmokeCheck } from './config.js';
import { expectedFault, unknownKey } from './fault-texts.js';
import type { MapNode, Node } from './node.js';
import { below, readingOf, wrong, type Reading, type Spot } from './reading.js';
import { smokeOf } from './smoke.js';

const keys = ['target', 'status', 'contains'] as const;
const statusExpects = 'a status such as 200, or a list of them';

/** A smoke check that is written as a map: `target`, `status` (a number or several), `contains`. */
export function readSmokeEntry(node: MapNode, spot: Spot): Reading<SmokeCheck> {
  const at = (key: string): { readonly node: Node; readonly spot: Spot } | undefined => {
    const entry = node.entries.find((candidate) => candidate.key === key);
    return entry && { node: entry.value, spot: below(spot, key, entry.at) };
  };
  const unknown = node.entries.filter(({ key }) => !keys.some((known) => known === key))
    .map(({ key, at: { line, column } }) => wrong({ ...spot, line, column }, unknownKey(key, keys)));
  const target = at('target');
  const [status, contains] = [at('status'), at('contains')];
  const wrongs = [
    ...unknown,
    ...(target === undefined ? [wrong(spot, { message: 'has no `target`', hint: 'Give a URL or service/NAME:PORT/PATH.' })] : []),
    ...(target && target.node.type !== 'text' ? [wrong(target.spot, expectedFault('a URL or service/NAME:PORT/PATH', target.node))] : []),
    ...(contains && contains.node.type !== 'text' ? [wrong(contains.spot, expectedFault('text', contains.node))] : []),
    ...(status && statusesOf(status.node) === undefined ? [wrong(status.spot, expectedFault(statusExpects, status.node))] : []),
  ];
  if (wrongs.length > 0) return { problems: wrongs.flatMap(({ problems }) => problems), warnings: [] };
  const text = textOf(contains?.node);
  const broken = text !== undefined && /[\r\n]/.test(text) && `has ${quote(text)}, which goes over several lines`;
  if (broken && contains) return wrong(contains.spot, { message: broken, hint: 'Look for a text on one line.' });
  return readingOf(spot, smokeOf({ target: textOf(target?.node) ?? '', statuses: status && statusesOf(status.node), contains: text }));
}

const textOf = (node: Node | undefined): string | undefined => (node?.type === 'text' ? node.text : undefined);

function statusesOf(node: Node): readonly string[] | undefined {
  if (node.type === 'number') return [node.text];
  if (node.type !== 'list' || node.items.length === 0) return undefined;
  const texts = node.items.map((item) => (item.type === 'number' ? item.text : undefined));
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

/** The JSON Schema of such a map. */
export const smokeEntrySchema = {
  type: 'object',
  properties: {
    target: { type: 'string', description: 'A URL, or service/NAME[:PORT]/PATH, which is reached through the API of the cluster.' },
    status: {
      description: 'Accepted status codes. Default: 200.',
      anyOf: [{ $ref: '#/definitions/status' }, { type: 'array', items: { $ref: '#/definitions/status' }, minItems: 1 }],
    },
    contains: { type: 'string', minLength: 1, description: 'Text that the answer must have.' },
  },
  required: ['target'],
  additionalProperties: false,
};
