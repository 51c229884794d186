import { isDeepStrictEqual } from 'node:util';
import type { PatchOperation } from '../../../src/kubernetes/client/api.js';

/** Applies a JSON patch as RFC 6902 has it, as a whole or not at all. @returns undefined when a test of it fails */
export function applyPatch<T>(whole: T, operations: readonly PatchOperation[]): T | undefined {
  const copy = JSON.parse(JSON.stringify(whole)) as unknown;
  for (const operation of operations) {
    const path = operation.path.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    const key = path.pop() ?? '';
    let parent = copy as Record<string, unknown> | undefined;
    for (const part of path) parent = parent?.[part] as Record<string, unknown> | undefined;
    if (parent === undefined || parent === null) return undefined;
    if (operation.op === 'test' && !isDeepStrictEqual(parent[key], operation.value)) return undefined;
    if ((operation.op === 'replace' || operation.op === 'remove') && !(key in parent)) return undefined;
    if (operation.op === 'replace' || operation.op === 'add') parent[key] = operation.value;
    if (operation.op === 'remove') Reflect.deleteProperty(parent, key);
  }
  return copy as T;
}

/** A merge patch as RFC 7386 has it. */
export function applyMergePatch(whole: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = (typeof whole === 'object' && whole !== null ? whole : {}) as Record<string, unknown>;
  const changed = Object.entries(patch).map(([key, value]) => [key, applyMergePatch(base[key], value)] as const);
  return Object.fromEntries(Object.entries({ ...base, ...Object.fromEntries(changed) }).filter(([, value]) => value !== null));
}
