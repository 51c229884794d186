import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { createFiles } from '../../src/host/files.js';
import { filesBelow } from '../../src/ports/files-below.js';

const home = realpathSync(mkdtempSync(join(tmpdir(), 'below-')));
const at = (...parts: readonly string[]): string => join(home, ...parts);
mkdirSync(at('work', 'k8s'), { recursive: true });
for (const path of ['secret.yml', 'work/own.yml', 'work/..own.yml', 'work/k8s/a.yml', 'workplace.yml']) writeFileSync(at(path), path);
symlinkSync('../secret.yml', at('work', 'link.yml'));
symlinkSync('k8s', at('work', 'inside'));
symlinkSync('..', at('work', 'up'));
symlinkSync('work', at('checkout'));
afterAll(() => { rmSync(home, { recursive: true }); });

it.each<[string, string | undefined]>([
  [at('work/own.yml'), 'work/own.yml'], [at('work/..own.yml'), 'work/..own.yml'], [at('work/inside/a.yml'), 'work/k8s/a.yml'], [at('checkout/own.yml'), 'work/own.yml'], [at('work/absent'), undefined],
  [at('secret.yml'), undefined], [at('work/../secret.yml'), undefined], [at('work/link.yml'), undefined], [at('work/up/secret.yml'), undefined], [at('workplace.yml'), undefined],
])('a file is there if it is in the working directory: %s', async (path, content) => {
  const files = filesBelow({ ...createFiles(), workingDirectory: at('checkout') });
  expect(await files.readText(path)).toBe(content);
  expect((await files.readStart(path, 4))?.length).toBe(content === undefined ? undefined : 4);
});

it('and so is a folder or a link', async () => {
  const files = filesBelow({ ...createFiles(), workingDirectory: at('work') });
  expect(await Promise.all([at('work'), home, at('work/up')].map(async (path) => (await files.namesIn(path))?.includes('k8s')))).toEqual([true, undefined, undefined]);
  expect(await files.linkTarget(at('work/link.yml'))).toBeUndefined();
});
