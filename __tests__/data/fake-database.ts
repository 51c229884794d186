import { createHash, randomBytes } from 'node:crypto';
import type { Spool } from '../../src/ports/disk.js';
import type { Compared, Database, Dump, DumpFacts, Engine, ScratchServer, Server } from '../../src/data/engine.js';
import { DataError } from '../../src/data/error.js';
import type { OpenedDatabase } from '../../src/data/opened.js';

const server: Server = { version: '15.18', major: 15, identity: '7', bytes: 9000, settings: { encoding: 'UTF8' } };

/** A database that dumps fixed bytes, and whose steps a test can make fail. */
export class FakeDatabase {
  content: Buffer = randomBytes(10_000);
  facts: Partial<DumpFacts> = {};
  /** What each step rejects with. */
  fails: Partial<Record<'dump' | 'check' | 'scratch' | 'start' | 'restore' | 'assert', Error>> = {};
  /** Steps in the order in which they were called. */
  readonly calls: string[] = [];
  restored?: Buffer;
  holding?: string;

  get sha256(): string {
    return createHash('sha256').update(this.content).digest('hex');
  }

  get opened(): OpenedDatabase {
    const place = { words: 'a place', image: 'postgres@sha256:1', start: () => { throw new Error('nothing is started here'); }, typed: (words: readonly string[]) => words.join(' '), folder: '/scratch' };
    const step = (name: keyof FakeDatabase['fails']): void => {
      this.calls.push(name);
      const error = this.fails[name];
      if (error) throw error;
    };
    const engine: Engine = {
      engine: 'postgres', extension: 'dump', isPrimary: async () => true, open: async () => this.database(step),
      startServer: async () => {
        step('start');
        return this.scratchServer(step);
      },
    };
    return {
      config: { name: 'main', engine: 'postgres', reach: { kind: 'pod', selector: 'a=b' }, database: 'acci', isCache: false }, engine, login: { database: 'acci' }, database: this.database(step),
      reach: {
        place,
        scratch: async () => {
          step('scratch');
          return { ...place, close: async () => void this.calls.push('scratch closed') };
        },
      },
      close: async () => undefined,
    };
  }

  private database(step: (name: keyof FakeDatabase['fails']) => void): Database {
    return {
      server, words: 'database "acci"',
      dump: (): Dump => {
        const { content, fails, sha256, facts } = this;
        this.calls.push('dump');
        const pieces = async function* (): AsyncGenerator<Uint8Array> {
          yield content.subarray(0, 4000);
          if (fails.dump) throw fails.dump;
          yield content.subarray(4000);
        };
        return {
          pieces: pieces(),
          facts: async () => ({
            snapshotAt: Date.UTC(2026, 10, 30, 16, 40), warnings: [], sha256, bytes: content.length, entries: 12, rows: { 'public.users': 3, 'public.orders': 4 }, texts: { 'roles.sql': 'CREATE ROLE app;' }, server, ...facts,
          }),
        };
      },
      check: async () => step('check'),
      removeLeft: async () => [],
      holds: async () => this.holding,
      restoration: () => { throw new Error('not here'); },
    };
  }

  private scratchServer(step: (name: keyof FakeDatabase['fails']) => void): ScratchServer {
    return {
      server: { ...server, identity: '8' }, url: 'postgres:///acci',
      restore: async (dump: Spool): Promise<Compared> => {
        step('restore');
        const pieces: Uint8Array[] = [];
        for await (const piece of dump.read()) pieces.push(piece);
        this.restored = Buffer.concat(pieces);
        if (!this.restored.equals(this.content)) throw new DataError('restore-failed', 'another dump');
        return { tables: 2, rows: 7, tookMs: 1, words: '2 tables, 7 rows' };
      },
      assert: async () => step('assert'),
    };
  }
}
