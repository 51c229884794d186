/** A record with the same keys, in the same order, and what `map` makes of each value. */
export const mapValues = <Key extends string, From, To>(record: Readonly<Record<Key, From>>, map: (value: From, key: Key) => To): Readonly<Record<Key, To>> =>
  Object.fromEntries((Object.entries(record) as [Key, From][]).map(([key, value]) => [key, map(value, key)])) as Record<Key, To>;

type Maybe<T> = { [Key in keyof T]: undefined extends T[Key] ? Key : never }[keyof T];
/** What may be undefined is left out instead. */
export type Defined<T> = { readonly [Key in Exclude<keyof T, Maybe<T>>]: T[Key] } & { readonly [Key in Maybe<T>]?: Exclude<T[Key], undefined> };

/** Without the names that have no value. */
export const defined = <T extends object>(record: T): Defined<T> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Defined<T>;
