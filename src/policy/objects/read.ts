import type { Path } from '../input.js';

/* Parts of a value from outside, of which nothing is known: what is of another type is absent. */

export const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  (typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Readonly<Record<string, unknown>> : {});

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value as readonly unknown[] : []);

/** A text, or a number or boolean as YAML may have it. */
export const textOf = (value: unknown): string | undefined =>
  (typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined);

export const numberOf = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);
export const flagOf = (value: unknown): boolean | undefined => (typeof value === 'boolean' ? value : undefined);

/** The part of a value at a path. */
export const at = (value: unknown, ...path: Path): unknown =>
  path.reduce<unknown>((part, key) => (typeof key === 'number' ? listOf(part)[key] : Object.hasOwn(recordOf(part), key) ? recordOf(part)[key] : undefined), value);

/** Texts of a map of texts, such as labels. */
export const textsOf = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(recordOf(value)).flatMap(([key, each]) => (textOf(each) === undefined ? [] : [[key, textOf(each) ?? '']])));

/** `spec.containers[0].env[2]`; keys that are not plain words are quoted, as in JSONPath. */
export const pathText = (path: Path): string => path.map((key) => (typeof key === 'number' ? `[${key}]`
  : /^[\w-]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`)).join('').replace(/^\./, '');
