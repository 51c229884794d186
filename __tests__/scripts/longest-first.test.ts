import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, it } from '@jest/globals';
import LongestFirst from '../../scripts/longest-first.mjs';

it('puts files that wait for long first, and then the largest', () => {
  const folder = mkdtempSync(join(tmpdir(), 'longest-first-'));
  mkdirSync(join(folder, 'e2e'));
  const sizes = { 'small.test.ts': 10, 'chaos.test.ts': 1, 'large.test.ts': 300, 'causes-patient.test.ts': 100 };
  const tests = Object.entries(sizes).map(([name, size]) => {
    const path = join(folder, 'e2e', name);
    writeFileSync(path, 'x'.repeat(size));
    return { path };
  });
  const names = (of: readonly { path: string }[]): string[] => of.map(({ path }) => basename(path));
  const order = ['causes-patient.test.ts', 'chaos.test.ts', 'large.test.ts', 'small.test.ts'];
  const sequencer = new LongestFirst();
  expect(names(sequencer.sort(tests))).toEqual(order);
  const shards = [1, 2, 3].flatMap((shardIndex) => names(sequencer.shard(tests, { shardIndex, shardCount: 3 })));
  expect(shards.sort()).toEqual([...order].sort());
  rmSync(folder, { recursive: true });
});
