import type { Checked, Fault } from './checked.js';
import type { Node, Spot } from './node.js';
import type { Report } from './report.js';

/*
 * The kit for settings. A kind reads one sort of value from a node, which is a text of an input or a part of the settings file,
 * and knows its JSON Schema. `line`, `block`, `flag` and `word` read texts; `list`, `map`, `object`, `oneOf`, `shortOr` and
 * `bySource` are made of other kinds. The type of a value follows from its kind: `Out<typeof kind>`.
 */

export type JsonSchema = { readonly [key: string]: unknown };
export type Parser<T> = (text: string) => Checked<T>;

export interface Kind<T> {
  /** `a duration such as 10m`: completes "must be …" and "give …". */
  readonly expects: string;
  /** One text can say it, so it can be an input. */
  readonly fromText: boolean;
  readonly schema: () => JsonSchema;
  /** The named values inside, for the docs. */
  readonly parts?: () => readonly Part[];
  /**
   * Reports all problems of the node. `under` is the value of a lower layer: maps and sections are merged into it, everything
   * else replaces it. A section that several layers give together is complete when `lacks` finds nothing in it.
   */
  read(node: Node, report: Report, under?: T): T | undefined;
  lacks?(value: T): readonly Lack[];
}

/** The type of the values of a kind. */
export type Out<K> = K extends Kind<infer T> ? T : never;

/** One named value: a setting, or a field of a section. */
export interface Field<T = unknown> {
  /** For users who deploy, not for programmers. Whole sentences, in Markdown. */
  readonly description: string;
  readonly kind: Kind<T>;
  readonly needed?: boolean;
  /** The default value, as text of an input. */
  readonly fallback?: string;
  /** The default in words, if it is not a fixed value. */
  readonly default?: string;
  /** Values for the docs and for completion in editors. */
  readonly examples?: readonly unknown[];
}
export type Fields = Readonly<Record<string, Field>>;

/** The default of a field, in Markdown; undefined if it has none. */
export const defaultOf = ({ fallback, default: words }: Pick<Field, 'fallback' | 'default'>): string | undefined =>
  (fallback === undefined ? words : `\`${fallback}\``);

/** One paragraph for users: what the field means, and its default. */
export function describe(field: Pick<Field, 'description' | 'fallback' | 'default'>): string {
  const fallback = defaultOf(field);
  return fallback === undefined ? field.description : `${field.description} Default: ${fallback}.`;
}

/** A field inside a value: `steps[].weight`. */
export interface Part extends Pick<Field, 'description' | 'default' | 'needed'> { readonly path: string }

/** A required field that is not given: its path inside the value. */
export interface Lack { readonly path: string; readonly expects: string }
export const lackFault = ({ path, expects }: Lack): Fault => ({ message: `has no \`${path}\``, hint: `Give ${expects}.` });

/** Reads a value that one node gives alone, such as an item of a list. */
export const readWhole = <T>(kind: Kind<T>, node: Node, report: Report): T | undefined => report.whole(() => {
  const value = kind.read(node, report);
  if (value !== undefined && kind.lacks) report.problem(node.at, ...kind.lacks(value).map(lackFault));
  return value;
});

/** The values of another kind, converted by `change`; `at` is the place of the value. */
export const convert = <T, U>(kind: Kind<T>, change: (value: T, at: Spot) => Checked<U>): Kind<U> => ({
  expects: kind.expects, fromText: kind.fromText, schema: kind.schema, parts: kind.parts,
  read: (node, report) => {
    const value = readWhole(kind, node, report);
    return value === undefined ? undefined : report.take(node.at, change(value, node.at));
  },
});

/** The schema of what one of these takes. */
export function anyOf(...schemas: readonly JsonSchema[]): JsonSchema {
  const flat = schemas.flatMap((schema) => (Object.keys(schema).join() === 'anyOf' ? schema['anyOf'] as JsonSchema[] : [schema]));
  return { anyOf: [...new Map(flat.map((schema) => [JSON.stringify(schema), schema])).values()] };
}

/** A text for simple values, or a list or a map for all others. */
export const shortOr = <T>(short: Kind<T>, long: Kind<T>): Kind<T> => ({
  ...long, expects: short.expects, fromText: true,
  schema: () => anyOf(short.schema(), long.schema()),
  read: (node, report, under) => (node.type === 'text' || node.type === 'nothing' ? short.read(node, report) : long.read(node, report, under)),
});

/** A setting that is written differently in an input and in the settings file. */
export const bySource = <T>(input: Kind<T>, file: Kind<T>): Kind<T> => ({
  ...file, fromText: input.fromText,
  read: (node, report, under) => (node.at.file === undefined ? input : file).read(node, report, under),
});
