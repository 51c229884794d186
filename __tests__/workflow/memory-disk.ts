import type { Disk, Spool } from '../../src/ports/disk.js';

const absent = (): never => {
  throw new Error('only spools are on this disk');
};

/** A disk that has nothing but spools. @returns it, and how many of them are open */
export function memoryDisk(): { readonly disk: Disk; readonly open: () => number } {
  let open = 0;
  const spool = async (): Promise<Spool> => {
    let content = Buffer.alloc(0);
    open += 1;
    return {
      get bytes() {
        return content.length;
      },
      append: async (pieces) => {
        for await (const piece of pieces) content = Buffer.concat([content, piece]);
      },
      async* read() {
        await Promise.resolve();
        if (content.length > 0) yield content;
      },
      close: async () => void (open -= 1),
    };
  };
  const none = { read: absent, writeNew: absent, stat: absent, filesBelow: absent, removeBelow: absent };
  return { open: () => open, disk: { ...none, spool, freeBytes: async () => 1e12 } };
}
