import { expectedFault } from './faults.js';
import { anyOf, readWhole, type Kind } from './kind.js';
import { list } from './list.js';

/** A section, or a list of such sections. It replaces what a lower layer gives; an empty list clears it. */
export function oneOrMore<T>(item: Kind<T>, expects: string): Kind<readonly T[]> {
  const many = list(item, { expects, mayBeEmpty: true });
  return {
    expects, fromText: false, parts: item.parts,
    schema: () => anyOf(item.schema(), many.schema()),
    read: (node, report) => {
      if (node.type === 'list') return many.read(node, report);
      if (node.type !== 'map') return report.problem(node.at, expectedFault(expects, node));
      const value = readWhole(item, node, report);
      return value === undefined ? undefined : [value];
    },
  };
}
