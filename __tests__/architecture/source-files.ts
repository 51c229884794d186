import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const source = join(root, 'src');

export interface SourceFile {
  /** `kubernetes/judge/judge.ts`. */
  readonly name: string;
  /** The folder of src/ that it is in. */
  readonly room: string;
  /** Files of src/ as `room/file.js`, and packages by name; those of which only types are imported as well. */
  readonly imports: readonly string[];
  /** Without comments. */
  readonly code: string;
}

/** Every file of src/. */
export const files: readonly SourceFile[] = readdirSync(source, { recursive: true }).map(String).filter((name) => name.endsWith('.ts')).map((path) => {
  const text = readFileSync(join(source, path), 'utf8');
  const imports = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) =>
    (fileName.startsWith('.') ? relative(source, join(source, dirname(path), fileName)) : fileName).split(sep).join('/'));
  const name = path.split(sep).join('/');
  return { name, room: name.split('/')[0] ?? '', imports, code: text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '') };
});
