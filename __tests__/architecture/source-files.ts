import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importsOf } from './imports-of.js';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const source = join(root, 'src');

export interface SourceFile {
  /** `kubernetes/judge/judge.ts`. */
  readonly name: string;
  /** The folder of src/ that it is in. */
  readonly room: string;
  /** Files of src/ as `room/file.js`, and packages by name; those of which only types are imported as well. */
  readonly imports: readonly string[];
  /** Those of them that are loaded with the file: neither types nor what is behind `import()`. */
  readonly loaded: readonly string[];
  /** Without comments. */
  readonly code: string;
}

/** Every file of src/. */
export const files: readonly SourceFile[] = readdirSync(source, { recursive: true }).map(String).filter((name) => name.endsWith('.ts')).map((path) => {
  const text = readFileSync(join(source, path), 'utf8');
  const whole = (fileName: string): string => (fileName.startsWith('.') ? relative(source, join(source, dirname(path), fileName)) : fileName).split(sep).join('/');
  const { all, loaded } = importsOf(text);
  const name = path.split(sep).join('/');
  return { name, room: name.split('/')[0] ?? '', imports: all.map(whole), loaded: loaded.map(whole), code: text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '') };
});
