import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { DataContext, DumpFacts, Login } from '../../../src/data/engine.js';
import type { Place } from '../../../src/data/place.js';
import type { Spool } from '../../../src/ports/disk.js';
import type { Pipe } from '../../../src/ports/pipe.js';
import type { Ports } from '../../../src/ports/ports.js';
import { idleClock } from '../../ports/idle-clock.js';

/** How a script went: what it printed, in pieces, and how the program that carried it ended. */
export interface Went {
  readonly output?: readonly (Uint8Array | string)[];
  readonly stderr?: string;
  readonly code?: number;
  /** Prints nothing more, and does not end. */
  readonly hangs?: boolean;
}

export const ended = (text: string, code = 0, stderr = ''): Went => ({ output: [`${text}\nacci-end ${code}\n`], stderr, code });

/** A pipe that prints this, and takes all input. */
export function scriptedPipe({ output = [], stderr = '', code = 0, hangs = false }: Went, signal?: AbortSignal, onInput: (text: string) => void = () => undefined): Pipe {
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => { stop = resolve; });
  // What is scripted never ends by itself, so its listeners stay.
  if (signal) setMaxListeners(0, signal);
  signal?.addEventListener('abort', () => stop(), { once: true });
  const pieces = (async function* () {
    for (const piece of output) {
      await new Promise((resolve) => setImmediate(resolve));
      yield Buffer.from(piece);
    }
    if (hangs) await stopped;
  })();
  const exited = (async () => {
    if (hangs) await stopped;
    signal?.throwIfAborted();
    return { code, stderr };
  })();
  exited.catch(() => undefined);
  return {
    output: pieces, exited, end: () => undefined,
    write: async (piece) => {
      onInput(Buffer.from(piece).toString());
      return true;
    },
    stop: async () => { stop(); },
  };
}

/** What psql prints for a statement; a text that begins with `ERROR` is on stderr and ends it; undefined: `"done"`. */
export type Psql = (sql: string) => string | undefined;

function psqlPipe(psql: Psql, signal?: AbortSignal): Pipe {
  const lines: (string | undefined)[] = [];
  let wake: () => void = () => undefined;
  let stderr = '';
  let code = 0;
  const push = (line: string | undefined): void => {
    lines.push(line);
    wake();
  };
  if (signal) setMaxListeners(0, signal);
  signal?.addEventListener('abort', () => push(undefined), { once: true });
  const output = (async function* () {
    for (;;) {
      while (lines.length === 0) await new Promise<void>((resolve) => { wake = resolve; });
      const line = lines.shift();
      if (line === undefined) return;
      yield Buffer.from(line);
    }
  })();
  const end = (): void => push(undefined);
  return {
    output, end, stop: async () => end(),
    get exited() {
      return Promise.resolve({ code, stderr });
    },
    write: async (piece) => {
      const sql = Buffer.from(piece).toString().replace(/\n;\n$/, '');
      if (sql.startsWith('\\q')) push(`\nacci-end 0\n`);
      else {
        const answer = psql(sql) ?? 'done';
        if (/^(?:ERROR|psql: error)/.test(answer)) {
          stderr = answer;
          code = 3;
          push(`\nacci-end 3\n`);
          push(undefined);
        } else if (answer === 'cut') push(undefined);
        else push(`${answer}\n`);
      }
      return true;
    },
  };
}

export interface FakePlace extends Place {
  /** The arguments of each script, and its secrets. */
  readonly started: { readonly script: string; readonly args: readonly string[]; readonly secrets: readonly string[]; input: string }[];
}

/** @param scripts what happens to a script that contains the text; the first one counts */
export function fakePlace(psql: Psql, scripts: Readonly<Record<string, Went | (() => Went)>> = {}): FakePlace {
  const started: FakePlace['started'] = [];
  return {
    words: 'container db of pod db-0', image: 'postgres@sha256:abc', started,
    start: (script, { args = [], secrets = [], signal } = {}) => {
      const record = { script, args, secrets, input: '' };
      started.push(record);
      const found = Object.entries(scripts).find(([text]) => script.includes(text));
      if (!found && script.includes('run psql "$folder/in"')) return psqlPipe(psql, signal);
      if (!found) throw new Error(`There is no answer for the script ${script}`);
      return scriptedPipe(typeof found[1] === 'function' ? found[1]() : found[1], signal, (text) => { record.input += text; });
    },
    typed: (command) => `kubectl exec db-0 -- ${command.join(' ')}`,
  };
}

export const login: Login = { database: 'shop', user: 'app', password: 'pa$$ word' };

export function fakeContext(signal: AbortSignal = new AbortController().signal): DataContext & { readonly progressed: [string, number][] } {
  const progressed: [string, number][] = [];
  return {
    ports: { clock: idleClock(), env: {} } as unknown as Ports, id: '42-1', app: 'shop', failure: 'backup-failed', signal, progressed,
    progress: (what, bytes) => { progressed.push([what, bytes]); },
  };
}

/** The beginning of a real dump of PostgreSQL 15, with this number of entries. */
export function dumpHead(entries: number): Buffer {
  const integer = (value: number): Buffer => Buffer.from([0, value & 255, value >> 8, 0, 0]);
  const text = (value: string): Buffer => Buffer.concat([integer(value.length), Buffer.from(value)]);
  return Buffer.concat([
    Buffer.from('PGDMP'), Buffer.from([1, 14, 0, 4, 8, 1]), integer(1), ...[0, 1, 2, 3, 4, 126, 0].map(integer), text('shop'), text('15.18'), text('15.18'), integer(entries),
  ]);
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
export const trailer = (bytes: Uint8Array, code = 0): string => `\nacci-dump ${`${code}`.padStart(3, '0')} ${sha256(bytes)} ${`${bytes.length}`.padStart(20, '0')}\n`;

/** A spool that holds this. */
export const spoolOf = (bytes: Uint8Array): Spool => ({
  bytes: bytes.length, append: async () => undefined, close: async () => undefined,
  async *read() {
    for (let start = 0; start < bytes.length; start += 1000) yield bytes.subarray(start, start + 1000);
  },
});

export const serverFacts = {
  version: '15.18 (Debian 15.18-0+deb12u1)', number: 150018, identity: '7714003180156865740', bytes: 10_000_000, replica: false, folder: null,
  settings: { encoding: 'UTF8', collate: 'C.UTF-8', ctype: 'C.UTF-8', provider: 'c', extensions: 'citext 1.6, plpgsql 1.0' },
};

export const dumpFacts = (bytes: Uint8Array, more: Partial<DumpFacts> = {}): DumpFacts => ({
  snapshotAt: 1_790_000_000_000, sha256: sha256(bytes), bytes: bytes.length, entries: 60, warnings: [], rows: { 'public.users': 3, 'sales."Order Line"': 12 },
  objects: { tables: 2, indexes: 4, constraints: 3, sequences: 1 }, counters: { 'public.ticket': '4711' }, migration: 'prisma 20260101_add_users', texts: {},
  server: { version: '15.18', major: 15, identity: serverFacts.identity, bytes: serverFacts.bytes, settings: serverFacts.settings }, ...more,
});

/** A server with these tables, as far as a dump and a comparison ask. */
export function psqlOf(more: (sql: string) => string | undefined = () => undefined): Psql {
  const rows: Readonly<Record<string, number>> = { 'public.users': 3, 'sales."Order Line"': 12 };
  return (sql) => {
    const own = more(sql);
    if (own !== undefined) return own;
    if (sql.includes('pg_control_system')) return JSON.stringify(serverFacts);
    if (sql.includes('pg_export_snapshot')) return JSON.stringify({ id: '00000003-0000001B-1', at: 1_790_000_000_000 });
    if (sql.includes('pg_relation_size')) return JSON.stringify(Object.keys(rows).map((name, index) => ({ name, bytes: (2 - index) * 90_000_000 })));
    if (sql.includes(`'large objects'`)) return JSON.stringify({ tables: 2, indexes: 4, constraints: 3, sequences: 1 });
    if (sql.includes('pg_sequences')) return JSON.stringify({ 'public.ticket': '4711' });
    if (sql.includes('NOT i.indisvalid')) return '[]';
    if (sql.includes('pg_attribute')) return JSON.stringify([{ schema: 'public', table: '_prisma_migrations', columns: ['migration_name', 'finished_at', 'rolled_back_at'] }]);
    if (sql.includes('_prisma_migrations')) return '"20260101_add_users"';
    if (sql.includes('AS counted')) return JSON.stringify(Object.fromEntries(Object.entries(rows).filter(([name]) => sql.includes(name))));
    if (sql.includes('pg_terminate_backend')) return '0';
    if (sql.includes('pg_is_in_recovery')) return 'false';
    return undefined;
  };
}
