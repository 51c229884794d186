import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { transformFileSync } from '@swc/core';

/** Bytes of the space for new objects, after so many pieces were made and thrown away. */
const spaceAfter = (before: string): number => Number(execFileSync(process.execPath, ['--input-type=module', '--eval', `${before}
let kept;
for (let i = 0; i < 300_000; i += 1) kept = [...(i % 50 === 0 ? [] : (kept ?? []).slice(-40)), { i, text: String(i) }];
console.log(process.getBuiltinModule('node:v8').getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size);`], { encoding: 'utf8', env: {} }));

it('keeps the space for new objects as small as it was at the start', () => {
  const { code } = transformFileSync(join(import.meta.dirname, '../../src/host/flat-memory.ts'), { swcrc: false, configFile: false, jsc: { target: 'es2022', parser: { syntax: 'typescript' } } });
  expect(spaceAfter(`${code}\nkeepMemoryFlat();`)).toBeLessThan(spaceAfter('') / 2);
});
