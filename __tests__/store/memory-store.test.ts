import { describeStore } from './contract.js';
import { memoryStore } from './memory-store.js';

describeStore('a store in memory', () => {
  const store = memoryStore('s3://backups/api', () => Date.now());
  return {
    open: () => store, contents: async () => [...store.objects.keys()],
    write: async (name, bytes) => void store.objects.set(name, { bytes: Buffer.from(bytes), changedAt: 0 }), close: async () => undefined,
  };
}, { manyBytes: 1_000_000 });
