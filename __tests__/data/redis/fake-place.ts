import type { DumpFacts, Login } from '../../../src/data/engine.js';
import type { Place } from '../../../src/data/place.js';
import type { Pipe } from '../../../src/ports/pipe.js';
import { scriptedPipe, sha256, type Went } from '../postgres/fake-place.js';
import { snapshot, snapshotAt } from './snapshot.js';

/**
 * The lines that redis-cli prints for a command, which are those of its parts with spaces between; `cut` ends its output, and `exit LINE`
 * prints the line and ends it with code 127. Undefined: OK.
 */
export type Cli = (command: string, connection: readonly string[]) => string | undefined;

const parts = (line: string): string[] => [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, part = '']) => part.replace(/\\x([\da-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))));

function cliPipe(cli: Cli, connection: readonly string[], signal?: AbortSignal): Pipe {
  const lines: (string | undefined)[] = [];
  let wake: () => void = () => undefined;
  const push = (...more: (string | undefined)[]): void => {
    lines.push(...more);
    wake();
  };
  signal?.addEventListener('abort', () => push(undefined), { once: true });
  const output = (async function* () {
    for (;;) {
      while (lines.length === 0) await new Promise<void>((resolve) => { wake = resolve; });
      const line = lines.shift();
      if (line === undefined) return;
      yield Buffer.from(line);
    }
  })();
  let isEnded = false;
  const end = (): void => {
    if (!isEnded) push('\nacci-end 0\n', undefined);
    isEnded = true;
  };
  return {
    output, end, stop: async () => push(undefined), exited: Promise.resolve({ code: 0, stderr: '' }),
    write: async (piece) => {
      const [line = '', echo = ''] = Buffer.from(piece).toString().split('\n');
      const said = cli(parts(line).join(' '), connection) ?? 'OK';
      if (said === 'cut') push(undefined);
      else if (said.startsWith('exit ')) push(`${said.slice('exit '.length)}\n`, '\nacci-end 127\n', undefined);
      else push(...said.split('\n').map((each) => `${each}\n`), `"${echo.slice('echo '.length)}"\n`);
      return true;
    },
  };
}

export interface FakePlace extends Place {
  /** The commands of all sessions. */
  readonly commands: readonly string[];
  readonly started: { readonly script: string; readonly args: readonly string[]; readonly secrets: readonly string[]; input: Buffer }[];
}

/** @param scripts what happens to a script that contains the text; the first one counts */
export function fakePlace(cli: Cli, scripts: Readonly<Record<string, Went | (() => Went)>> = {}): FakePlace {
  const started: FakePlace['started'] = [];
  const commands: string[] = [];
  return {
    words: 'container redis of pod redis-0', started, commands,
    start: (script, { args = [], secrets = [], signal } = {}) => {
      const record = { script, args, secrets, input: Buffer.alloc(0) };
      started.push(record);
      const recorded: Cli = (command, connection) => {
        commands.push(command);
        return cli(command, connection);
      };
      if (script.includes('redis-cli --no-raw')) return cliPipe(recorded, args, signal);
      const found = Object.entries(scripts).find(([text]) => script.includes(text));
      if (!found) throw new Error(`There is no answer for the script ${script}`);
      const pipe = scriptedPipe(typeof found[1] === 'function' ? found[1]() : found[1], signal);
      return {
        ...pipe,
        write: async (piece) => {
          record.input = Buffer.concat([record.input, Buffer.from(piece)]);
          return true;
        },
      };
    },
    typed: (command) => `kubectl exec redis-0 -- ${command.join(' ')}`,
  };
}

export const login: Login = { database: '0', password: 'pa$$ word' };

const usual: Readonly<Record<string, string>> = {
  redis_version: '7.0.15', redis_mode: 'standalone', run_id: 'cafe', used_memory: '1000000', used_memory_rss: '2000000', maxmemory: '0', maxmemory_policy: 'noeviction',
  total_system_memory: '8000000000', role: 'master', loading: '0', aof_enabled: '0', rdb_last_bgsave_status: 'ok', number_of_libraries: '1',
  db0: 'keys=18,expires=1,avg_ttl=0', db3: 'keys=1,expires=1,avg_ttl=0',
};

/** What INFO prints, with these fields other than usual; undefined: without it. */
export const info = (more: Readonly<Record<string, string | undefined>> = {}): string =>
  ['# Server', ...Object.entries({ ...usual, ...more }).flatMap(([name, value]) => (value === undefined ? [] : [`${name}:${value}\r`]))].join('\n');

/** A server with these fields, and these answers before those of the usual one. */
export const cliOf = (fields: Readonly<Record<string, string | undefined>> = {}, more: Cli = () => undefined): Cli => (command, connection) => {
  const own = more(command, connection);
  if (own !== undefined) return own;
  if (command === 'INFO') return info(fields);
  if (command === 'CONFIG GET databases') return '1) "databases"\n2) "16"';
  if (command === 'CONFIG GET save') return '1) "save"\n2) "3600 1"';
  if (command.startsWith('GET ')) return '(nil)';
  if (command.startsWith('EVAL ')) return `"${/return '(allowed|claimed|swapped|discarded)'/.exec(command)?.[1] ?? '18 0'}"`;
  return undefined;
};

export const factsOfSnapshot = (more: Partial<DumpFacts> = {}): DumpFacts => ({
  snapshotAt, sha256: sha256(snapshot), bytes: snapshot.length, entries: 19, rows: { 0: 18, 3: 1 }, objects: { 'keys that expire': 2, 'libraries of functions': 1 }, warnings: [], texts: {},
  server: { version: '7.0.15', major: 7, identity: 'beef', bytes: 1_000_000, settings: { mode: 'standalone', databases: '16' } }, ...more,
});
