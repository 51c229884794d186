/** What each file imports, both as `room/file.ts`. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/**
 * The groups of files of which each can be reached from every other by imports (strongly connected components, by Tarjan's
 * algorithm), sorted by name.
 */
export function importCycles(imports: Imports): string[][] {
  const order = new Map<string, number>();
  const open: string[] = [];
  const cycles: string[][] = [];

  const visit = (file: string): number => {
    order.set(file, order.size);
    let low = order.size - 1;
    open.push(file);
    for (const next of imports.get(file) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (open.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    if (low !== order.get(file)) return low;
    const group = open.splice(open.indexOf(file)).sort();
    if (group.length > 1 || imports.get(file)?.includes(file)) cycles.push(group);
    return low;
  };
  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return cycles.sort((a, b) => (a[0] ?? '').localeCompare(b[0] ?? ''));
}

/** `a.ts imports b.ts`: the imports that make a group a cycle. */
export const importsWithin = (group: readonly string[], imports: Imports): string[] =>
  group.flatMap((file) => (imports.get(file) ?? []).filter((each) => group.includes(each)).map((each) => `${file} imports ${each}`));
