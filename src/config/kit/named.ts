import type { Parser } from './kind.js';
import { expectedFault } from './faults.js';
import type { Kind } from './kind.js';
import type { Report } from './report.js';

/** Sections under names of the user's own. A higher layer adds to a lower one, name by name. @param parse what is wrong with a name */
export function named<T>(item: Kind<T>, { expects, parse }: { readonly expects: string; readonly parse: Parser<string> }): Kind<Readonly<Record<string, T>>> {
  const read = (name: string, at: Parameters<Report['take']>[0], report: Report): string | undefined => report.take(at, parse(name));
  return {
    expects, fromText: false,
    schema: () => ({ type: 'object', additionalProperties: item.schema() }),
    parts: () => (item.parts?.() ?? []).map((part) => ({ ...part, path: `NAME.${part.path}` })),
    read: (node, report, under) => {
      if (node.type !== 'map') return report.problem(node.at, expectedFault(expects, node));
      const own = node.entries.flatMap(({ key, value }) => {
        if (read(key, value.at, report) === undefined) return [];
        const one = report.whole(() => item.read(value, report, under?.[key]));
        return one === undefined ? [] : [[key, one] as const];
      });
      return { ...under, ...Object.fromEntries(own) };
    },
    lacks: (value) => Object.entries(value).flatMap(([name, one]) => (item.lacks?.(one) ?? []).map(({ path, expects: what }) => ({ path: `${name}.${path}`, expects: what }))),
  };
}
