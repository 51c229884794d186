/**
 * Writes every file that is made from the tables in the source: `action.yml` of each action, the JSON Schemas, the docs,
 * and the table of all messages.
 * `--check` writes nothing, names the files that are stale, and ends with 1 when there are any.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { generatedFiles } from './generate/files.mjs';
import { loadSource, readSource } from './generate/source.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const check = process.argv.includes('--check');

/** @param {string} path */
const read = (path) => readFile(join(root, path), 'utf8').catch((error) => {
  if (error.code === 'ENOENT') return undefined;
  throw error;
});

const stale = [];
for (const { path, text } of await generatedFiles(await loadSource(root), await readSource(root), read)) {
  if (await read(path) === text) continue;
  stale.push(path);
  if (check) continue;
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

for (const path of stale) console.log(check ? `${path} is stale: run \`npm run generate\` and commit it.` : `${path} written.`);
if (check && stale.length > 0) process.exitCode = 1;
if (stale.length === 0) console.log('Generated files are up to date.');
