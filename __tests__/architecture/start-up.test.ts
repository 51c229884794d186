import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { files, root } from './source-files.js';

/** What no run needs before its first stage: packages may be in a chunk of the bundle that is loaded then, parts of Node are loaded at their first use. */
const lazyPackages = ['valibot', 'yaml', 'node:child_process', 'node:http', 'node:https', 'node:perf_hooks', 'node:tls', 'node:zlib'];

/** What a file loads with itself: neither types nor what is behind `import()`. Files of src/ as `room/file.ts`, packages by name. */
function loadedWith(name: string): readonly string[] {
  const text = readFileSync(join(root, 'src', name), 'utf8');
  return ts.createSourceFile(name, text, ts.ScriptTarget.ES2022).statements.flatMap((statement) => {
    if (!(ts.isImportDeclaration(statement) && !statement.importClause?.isTypeOnly) && !(ts.isExportDeclaration(statement) && !statement.isTypeOnly)) return [];
    const { moduleSpecifier } = statement;
    if (!moduleSpecifier || !ts.isStringLiteral(moduleSpecifier)) return [];
    return [moduleSpecifier.text.startsWith('.') ? join(name, '..', moduleSpecifier.text).replace(/\.js$/, '.ts') : moduleSpecifier.text];
  });
}

/** Everything that is loaded with a file, each with the file that asks for it. */
function loadedAtStart(entry: string): ReadonlyMap<string, string> {
  const known = new Set(files.map(({ name }) => name));
  const found = new Map([[entry, '']]);
  for (const [name] of found) if (known.has(name)) for (const next of loadedWith(name)) if (!found.has(next)) found.set(next, name);
  return found;
}

describe('before the first stage of a run', () => {
  const loaded = loadedAtStart('entry/main.ts');

  it('settings are read', () => expect(loaded.has('config/parse.ts')).toBe(true));

  it.each(lazyPackages)('%s is not loaded', (name) => {
    const chain = (file: string): string => (file === '' ? '' : `${chain(loaded.get(file) ?? '')} > ${file}`);
    expect(loaded.has(name) ? chain(name) : '').toBe('');
  });
});

describe('before a post step knows that it has something to finish', () => {
  const loaded = [...loadedAtStart('entry/post.ts').keys()];

  it.each(['config', 'image', 'report', 'target'])('nothing of src/%s is loaded', (room) => {
    expect(loaded.filter((name) => name.startsWith(`${room}/`))).toEqual([]);
  });
});
