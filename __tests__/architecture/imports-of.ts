import { parseSync } from '@swc/core';

export interface ImportsOfFile {
  /** Everything that it names, those of which it only imports types as well. */
  readonly all: readonly string[];
  /** What is loaded with it: neither types nor what is behind `import()`. */
  readonly loaded: readonly string[];
}

/** What a TypeScript file imports, by the words that it uses: `./plan.js`, `node:fs`. */
export function importsOf(text: string): ImportsOfFile {
  const { body } = parseSync(text, { syntax: 'typescript', target: 'es2022' });
  const named = body.flatMap((item) => {
    const source = 'source' in item ? item.source : undefined;
    return source ? [{ name: source.value, typeOnly: 'typeOnly' in item && item.typeOnly }] : [];
  });
  return { all: [...named.map(({ name }) => name), ...lazyIn(body)], loaded: named.filter(({ typeOnly }) => !typeOnly).map(({ name }) => name) };
}

/** What is named by `import('…')` anywhere in a part of the syntax tree. */
function lazyIn(node: unknown): readonly string[] {
  if (typeof node !== 'object' || node === null) return [];
  const call = node as { readonly callee?: { readonly type?: string }; readonly arguments?: readonly { readonly expression: { readonly value?: unknown } }[] };
  const name = call.callee?.type === 'Import' ? call.arguments?.[0]?.expression.value : undefined;
  return [...typeof name === 'string' ? [name] : [], ...Object.values(node).flatMap(lazyIn)];
}
