/** A record with the same keys, in the same order, and what `map` makes of each value. */
export const mapValues = <Key extends string, From, To>(record: Readonly<Record<Key, From>>, map: (value: From, key: Key) => To): Readonly<Record<Key, To>> =>
  Object.fromEntries((Object.entries(record) as [Key, From][]).map(([key, value]) => [key, map(value, key)])) as Record<Key, To>;
