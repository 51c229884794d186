import type { Fault } from './checked.js';
import { didYouMean } from './did-you-mean.js';
import { mapValues } from './record.js';
import { expectedFault, unknownKey } from './faults.js';
import { defaultOf, describe, type Field, type Fields, type JsonSchema, type Kind, type Lack, type Out, type Part } from './kind.js';
import { textNode, type Node } from './node.js';
import { Report } from './report.js';

type Fallback<F extends Fields> = { [Name in keyof F]: F[Name] extends { readonly fallback: string } ? Name : never }[keyof F];
/** Names of the fields that always have a value once no required field is missing. */
type Sure<F extends Fields> = { [Name in keyof F]: F[Name] extends { readonly needed: true } ? Name : never }[keyof F] | Fallback<F>;
export type Shape<F extends Fields> =
  { readonly [Name in Sure<F>]: Out<F[Name]['kind']> } & { readonly [Name in Exclude<keyof F, Sure<F>>]?: Out<F[Name]['kind']> };
export type Values = Readonly<Record<string, unknown>>;

interface ObjectOptions {
  readonly expects?: string;
  /** The problem with a known key that belongs elsewhere; undefined for an unknown key. */
  readonly elsewhere?: (key: string, value: Node) => Fault | undefined;
  readonly unknown?: (key: string, known: readonly string[]) => Fault;
}

/** Replaces a value that was given but could not be read, so it is not reported as missing too. */
const unread = Symbol('unread');

/** A section: a map with fields of its own. A higher layer adds to a lower one, field by field. */
export function object<const F extends Fields>(fields: F, options: ObjectOptions = {}): Kind<Shape<F>> {
  const names = Object.keys(fields);
  const needed = names.filter((name) => fields[name]?.needed);
  const { expects = `a map with ${names.map((name) => `\`${name}\``).join(', ')}`, elsewhere, unknown = unknownKey } = options;
  const kind: Kind<Values> = {
    expects, fromText: false, schema: () => objectSchema(fields, needed), parts: () => partsOf(fields),
    read: (node, report, under) => {
      if (node.type !== 'map') return report.problem(node.at, expectedFault(expects, node));
      const own = node.entries.flatMap(({ key, value }): readonly (readonly [string, unknown])[] => {
        const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
        if (field) return [[key, report.whole(() => field.kind.read(value, report, under?.[key])) ?? unread]];
        const fault = elsewhere?.(key, value);
        report.problem(fault ? value.at : { ...value.at, where: node.at.where }, fault ?? unknown(key, names));
        // A field with a misspelt key is not reported as missing too.
        const meant = didYouMean(key, needed);
        return meant === undefined ? [] : [[meant, unread]];
      });
      return under as unknown === unread ? under : { ...fallbacksOf(fields), ...under, ...Object.fromEntries(own) };
    },
    lacks: (value) => (value as unknown === unread ? [] : Object.entries(fields).flatMap(([name, field]) => lacksOf(name, field, value[name]))),
  };
  return kind as Kind<unknown> as Kind<Shape<F>>;
}

/** The values of the fields that have one when they are not given. */
export function fallbacksOf<F extends Fields>(fields: F): Pick<Shape<F>, Fallback<F>> {
  return Object.fromEntries(Object.entries(fields).flatMap(([name, { kind, fallback }]) =>
    (fallback === undefined ? [] : [[name, kind.read(textNode(fallback, { where: name }), new Report())]]))) as Pick<Shape<F>, Fallback<F>>;
}

function lacksOf(name: string, { kind, needed }: Field, value: unknown): readonly Lack[] {
  if (value === unread) return [];
  if (value === undefined) return needed ? [{ path: name, expects: kind.expects }] : [];
  return (kind.lacks?.(value) ?? []).map(({ path, expects }) => ({ path: `${name}.${path}`, expects }));
}

/** The schema of one field for editors: its kind and its meaning. */
export const fieldSchema = (field: Field): JsonSchema =>
  ({ description: describe(field), ...field.kind.schema(), ...(field.examples ? { examples: field.examples } : {}) });

function objectSchema(fields: Fields, needed: readonly string[]): JsonSchema {
  return { type: 'object', properties: mapValues(fields, fieldSchema), ...(needed.length > 0 ? { required: needed } : {}), additionalProperties: false };
}

export const partsOf = (fields: Fields): readonly Part[] => Object.entries(fields).flatMap(([name, field]) => [
  { path: name, description: field.description, default: defaultOf(field), needed: field.needed },
  ...(field.kind.parts?.() ?? []).map((part) => ({ ...part, path: part.path.startsWith('[') ? name + part.path : `${name}.${part.path}` })),
]);
