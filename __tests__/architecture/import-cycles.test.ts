import { describe, expect, it } from '@jest/globals';
import { importCycles, importsWithin, type Imports } from './import-cycles.js';
import { files } from './source-files.js';

const graph = (edges: Readonly<Record<string, string>>): Imports => new Map(Object.entries(edges).map(([from, to]) => [from, to.split(' ').filter(Boolean)]));

describe('import cycles', () => {
  it.each<[string, Readonly<Record<string, string>>, readonly (readonly string[])[]]>([
    ['none in a tree', { a: 'b c', b: 'c', c: '' }, []],
    ['two files', { a: 'b', b: 'a' }, [['a', 'b']]],
    ['a file that imports itself', { a: 'b', b: 'b' }, [['b']]],
    ['a long one, without the files that only lead to it or from it', { x: 'a', a: 'b', b: 'c', c: 'a y', y: '' }, [['a', 'b', 'c']]],
    ['two, the first leading to the second', { a: 'b', b: 'a c', c: 'd', d: 'c' }, [['a', 'b'], ['c', 'd']]],
    ['two that share a file', { a: 'b c', b: 'a', c: 'a' }, [['a', 'b', 'c']]],
    ['none through packages', { a: 'yaml' }, []],
  ])('are found: %s', (_, edges, expected) => expect(importCycles(graph(edges))).toEqual(expected));
});

describe('the files of src/', () => {
  const imports: Imports = new Map(files.map(({ name, imports: all }) => [name, all.map((path) => path.replace(/\.js$/, '.ts'))]));
  const cycles = importCycles(imports);

  // Imports of types count: a type that both files need belongs in a third.
  it('import each other without cycles', () => {
    expect(cycles.flatMap((group) => importsWithin(group, imports))).toEqual([]);
  });
});
