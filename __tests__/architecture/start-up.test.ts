import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { files, root } from './source-files.js';

/** Packages that no run needs before its first stage: they may be in a chunk of the bundle that is loaded then, never in its index.js. */
const lazyPackages = ['valibot'];

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
  const loaded = loadedAtStart('entry/bundle.ts');

  it('settings are read', () => expect(loaded.has('config/parse.ts')).toBe(true));

  it.each(lazyPackages)('%s is not loaded', (name) => {
    const chain = (file: string): string => (file === '' ? '' : `${chain(loaded.get(file) ?? '')} > ${file}`);
    expect(loaded.has(name) ? chain(name) : '').toBe('');
  });
});
