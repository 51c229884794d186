import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { transformFile } from '@swc/core';

/** Compiles the rooms that stand on nothing but Node into a temporary folder, for tests that need a Node process of their own. */
export async function compileSource(rooms: readonly string[] = ['host', 'outcome', 'ports']): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'compiled-'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  for (const room of rooms) {
    for (const file of (await readdir(join('src', room), { recursive: true })).filter((name) => name.endsWith('.ts'))) {
      const { code } = await transformFile(join('src', room, file), {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' },
      });
      const target = join(folder, room, file.replace(/\.ts$/, '.js'));
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, code);
    }
  }
  return folder;
}
