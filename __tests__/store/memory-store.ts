import { checkedContent, collect } from '../../src/store/content.js';
import { byName, checkName } from '../../src/store/names.js';
import { StoreError, type ObjectStore, type StoredObject } from '../../src/store/store.js';

interface Kept {
  readonly bytes: Buffer;
  readonly changedAt: number;
}

/** A store in memory, for tests of what uses one. */
export interface MemoryStore extends ObjectStore {
  /** By their names; a test can change and add what it likes. */
  readonly objects: Map<string, Kept>;
  /** `put NAME`, `remove NAME`, …, in their order. */
  readonly done: readonly string[];
  /** Thrown by what would be done next, if it matches: `remove main/x/dump`. */
  fail(match: RegExp, error: Error): void;
}

/** @param now ms since 1970 */
export function memoryStore(address = 's3://backups/api', now: () => number = () => Date.UTC(2026, 0, 1)): MemoryStore {
  const objects = new Map<string, Kept>();
  const done: string[] = [];
  const faults: { readonly match: RegExp; readonly error: Error }[] = [];
  const begin = (what: string, name: string, signal: AbortSignal): void => {
    signal.throwIfAborted();
    const fault = faults.find(({ match }) => match.test(`${what} ${name}`));
    if (fault) throw fault.error;
    done.push(`${what} ${name}`);
  };
  const facts = (name: string, { bytes, changedAt }: Kept): StoredObject => ({ name, bytes: bytes.length, changedAt });
  return {
    address, notes: [], objects, done, fail: (match, error) => void faults.push({ match, error }),
    put: async (name, content, options) => {
      checkName(name, address);
      begin('put', name, options.signal);
      const bytes = await collect(checkedContent(content(), options, `${name} in ${address}`));
      options.onProgress?.(bytes.length);
      if (objects.has(name)) throw new StoreError('exists', `${name} was not stored in ${address}: there is one already`, 'x');
      objects.set(name, { bytes, changedAt: now() });
      return facts(name, { bytes, changedAt: now() });
    },
    get: async function* get(name, signal) {
      checkName(name, address);
      await Promise.resolve();
      begin('get', name, signal);
      const { bytes } = objects.get(name) ?? {};
      if (!bytes) throw new StoreError('missing', `${name} could not be read from ${address}: it does not exist`, 'x');
      for (let at = 0; at < bytes.length; at += 65_536) {
        signal.throwIfAborted();
        yield bytes.subarray(at, at + 65_536);
      }
      signal.throwIfAborted();
    },
    head: async (name, signal) => {
      checkName(name, address);
      begin('head', name, signal);
      const kept = objects.get(name);
      return kept && facts(name, kept);
    },
    list: async function* list(prefix, signal) {
      await Promise.resolve();
      begin('list', prefix, signal);
      yield* [...objects].filter(([name]) => name.startsWith(prefix)).map(([name, kept]) => facts(name, kept)).sort(byName);
    },
    remove: async (name, signal) => {
      checkName(name, address);
      begin('remove', name, signal);
      objects.delete(name);
    },
  };
}
