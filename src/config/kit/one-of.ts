import { either, good, type Fault } from './checked.js';
import { didYouMean } from './did-you-mean.js';
import { mapValues } from './record.js';
import { expectedFault, unknownKey } from './faults.js';
import { lackFault, type Fields, type Kind } from './kind.js';
import type { MapNode } from './node.js';
import { object, partsOf, type Shape, type Values } from './object.js';
import type { Report } from './report.js';
import { line, word } from './text.js';

type Variants = Readonly<Record<string, Fields>>;
type Union<Key extends string, V extends Variants> = {
  [Name in keyof V & string]: { readonly [K in Key]: Name } & Shape<V[Name]>
}[keyof V & string];

/** A section with a field, `key`, whose word decides which other fields there are. `description` is that of the word. */
export function oneOf<Key extends string, const V extends Variants>(key: Key, variants: V, description: string): Kind<Union<Key, V>> {
  const names = Object.keys(variants);
  const kinds = mapValues(variants as Variants, (fields, name) => object({
    [key]: { description, needed: true, kind: line(good, { expects: either(names), schema: { enum: [name] } }) }, ...fields,
  }, { elsewhere: (field) => otherVariant(variants, key, field) }) as Kind<Values>);
  const kind: Kind<Values> = {
    expects: `a map with \`${key}\``, fromText: false,
    schema: () => ({ anyOf: Object.values(kinds).map((each) => each.schema()) }),
    parts: () => [
      { path: key, description, needed: true },
      ...Object.entries(variants).flatMap(([name, fields]) => partsOf(fields)
        .map((part) => ({ ...part, description: `With \`${key}: ${name}\`: ${part.description}` }))),
    ],
    read: (node, report, under) => {
      if (node.type !== 'map') return report.problem(node.at, expectedFault(kind.expects, node));
      const name = readName(node, key, names, report, under?.[key]);
      const value = kinds[name ?? '']?.read(node, report, under?.[key] === name ? under : undefined);
      return { ...value, [key]: name };
    },
    lacks: (value) => kinds[String(value[key])]?.lacks?.(value) ?? [],
  };
  return kind as Kind<unknown> as Kind<Union<Key, V>>;
}

/** The word that decides, or that of a lower layer. A misspelt word counts too, so the other fields are checked as well. */
function readName(node: MapNode, key: string, names: readonly string[], report: Report, lower: unknown): string | undefined {
  const given = node.entries.find((entry) => entry.key === key)?.value;
  if (given) return word(names).read(given, report) ?? (given.type === 'text' ? didYouMean(given.text, names) : undefined);
  if (typeof lower === 'string') return lower;
  const near = node.entries.find((entry) => didYouMean(entry.key, [key]) !== undefined);
  return near
    ? report.problem({ ...near.value.at, where: node.at.where }, unknownKey(near.key, [key]))
    : report.problem(node.at, lackFault({ path: key, expects: either(names) }));
}

function otherVariant(variants: Variants, key: string, field: string): Fault | undefined {
  const others = Object.keys(variants).filter((name) => Object.hasOwn(variants[name] ?? {}, field));
  return others.length === 0 ? undefined : { message: `needs \`${key}: ${either(others)}\``, hint: 'Set that, or remove the line.' };
}
