import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { call, pathOf } from '../../e2e/harness/api.js';
import { accessDenied, internalError, slowDown, type S3Fault, type S3Request } from '../../e2e/harness/data/s3-faults.js';
import { pause } from '../../e2e/harness/environment.js';
import type { ActionRun } from '../../e2e/harness/run-action.js';
import { clockJump } from '../clock.js';
import type { DataCase } from './plan.js';
import type { Fault, Moment, StoreRequest, StoreTrouble } from './fault.js';
import type { DataStand } from './stand.js';

/** A fault that is on its way. */
export interface Interference {
  /** More of the run: signals, variables, what listens to its log. */
  readonly run: Partial<ActionRun>;
  /** What the settings have instead: the database of PostgreSQL. */
  readonly database?: string;
  /** Whether it has come. */
  happened(): boolean;
  /** Takes it back, as far as that can be done: the store has what it had, and works. */
  end(): Promise<void>;
}

const isRead = ({ method, query }: S3Request): boolean => method === 'GET' && !query.has('list-type');
const requests: Readonly<Record<StoreRequest, (request: S3Request) => boolean>> = {
  'dump stored': ({ method, key }) => (method === 'PUT' || method === 'POST') && /\.(?:dump|rdb)|dump(?:\.age)?$|rdb(?:\.age)?$/.test(key), 'manifest stored': ({ method, key }) => method === 'PUT' && key.endsWith('manifest.json'),
  'read': isRead, 'looked up': ({ method }) => method === 'HEAD', 'listed': ({ method, query }) => method === 'GET' && query.has('list-type'), 'any': () => true,
};

const troubles: Readonly<Record<StoreTrouble, S3Fault>> = {
  '500': internalError, '503': slowDown, '403': accessDenied, 'slow': { bytesPerSecond: 60_000 }, 'upload reset': { cutUploadAfter: 1000 }, 'answer reset': { cutAnswerAfter: 500 },
  'answer lost': { losesAnswer: true },
  'other bytes stored': { stores: (bytes) => {
    const at = Math.floor(bytes.length / 2);
    bytes[at] = (bytes[at] ?? 0) ^ 4;
    return bytes;
  } },
};

/** Calls `act` once, at the moment. @returns what the run has to be started with */
function atMoment({ proxy }: DataStand, at: Moment, act: () => unknown): Pick<ActionRun, 'onLine'> {
  let isDone = false;
  const once = (): void => {
    if (isDone) return;
    isDone = true;
    void act();
  };
  if ('request' in at) {
    void proxy.arrived(requests[at.request]).then(once);
    return {};
  }
  let timer: NodeJS.Timeout | undefined;
  return { onLine: (line) => {
    if (line.includes(at.after)) timer ??= setTimeout(once, at.ms);
  } };
}

/** Sets a fault up, just before its run. @param named the backup that the run restores, `main/NAME` */
export async function interfere(stand: DataStand, given: DataCase, named: string | undefined): Promise<Interference> {
  const { fault } = given;
  let happened = false;
  const come = (): void => { happened = true; };
  const plain = { happened: () => happened, end: async () => undefined };
  switch (fault.type) {
    case 'none': return { ...plain, run: {}, happened: () => true };
    case 'killed': case 'killed alone': case 'cancelled': return { ...plain, run: signalled(stand, fault.type, fault.at, come) };
    case 'exec cut': return { ...plain, run: atMoment(stand, fault.at, () => { happened = killExecs(stand.space.name); }) };
    case 'server crashed': return { ...plain, run: atMoment(stand, fault.at, () => {
      come();
      return stand.postgres.run(['sh', '-c', 'kill -QUIT 1']).catch(() => undefined);
    }) };
    case 'pod deleted': return { ...plain, run: atMoment(stand, fault.at, () => {
      come();
      return call('DELETE', `${pathOf('Pod', stand.space.name, stand.postgres.pod)}?gracePeriodSeconds=1`).catch(() => undefined);
    }) };
    case 'disk full': return { ...plain, ...await smallDisk(fault.kilobytes), happened: () => true };
    case 'store':
      stand.proxy.set({ ...troubles[fault.trouble], when: (request) => {
        const is = requests[fault.request](request);
        if (is) come();
        return is;
      }, times: fault.times });
      return { ...plain, run: {}, end: async () => stand.proxy.set() };
    case 'wrong key': return { ...plain, run: { env: { IDENTITY: stand.keys.other } }, happened: () => true };
    case 'bit flipped': case 'object missing': case 'object cut': return tampered(stand, fault, named);
    case 'wrong database': return wrongDatabase(stand, fault);
    case 'others work': return { ...plain, ...othersAtWork(stand, fault.what), happened: () => true };
    case 'clock': return { ...plain, run: { env: clockJump(fault.byMs, fault.afterMs) }, happened: () => true };
    // What plays it starts the other one.
    case 'two at once': return { ...plain, run: {}, happened: () => true };
  }
}

function signalled(stand: DataStand, type: 'killed' | 'killed alone' | 'cancelled', at: Moment, come: () => void): Partial<ActionRun> {
  let start: () => void = () => undefined;
  const when = new Promise<void>((resolve) => { start = resolve; });
  const send = type === 'cancelled'
    ? [{ signal: 'SIGINT' as const, afterMs: 0 }, { signal: 'SIGTERM' as const, afterMs: 7500 }, { signal: 'SIGKILL' as const, afterMs: 2500 }]
    : [{ signal: 'SIGKILL' as const, afterMs: 0, ...type === 'killed alone' && { alone: true } }];
  return { ...atMoment(stand, at, () => {
    come();
    start();
  }), signals: { when, send } };
}

/** All `kubectl exec` of the action in a namespace. The harness uses `-i`, by which its own are told apart. @returns whether there was one */
function killExecs(space: string): boolean {
  const found = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return /kubectl$/.test(args[0] ?? '') && args.includes('exec') && args.some((arg) => arg.includes(space)) && !args.includes('-i');
    } catch {
      return false;
    }
  });
  for (const pid of found) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch { /* It has ended. */ }
  }
  return found.length > 0;
}

/** A disk of its own for temporary files. */
async function smallDisk(kilobytes: number): Promise<Pick<Interference, 'run' | 'end'>> {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-small-'));
  const run = promisify(execFile);
  await run('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'chaos', folder]);
  return { run: { env: { RUNNER_TEMP: folder } }, end: async () => {
    await run('umount', ['--lazy', folder]);
    rmSync(folder, { recursive: true, force: true });
  } };
}

/** Changes an object in the store, behind the back of its server. */
function tampered({ store }: DataStand, fault: Fault & { readonly object: string; readonly place: number }, named: string | undefined): Interference {
  const nothing = { run: {}, happened: () => false, end: async () => undefined };
  if (named === undefined) return nothing;
  const folder = store.file(`api/${named}`);
  const isObject: Readonly<Record<string, (file: string) => boolean>> = {
    manifest: (file) => file === 'manifest.json', text: (file) => file.startsWith('roles'), dump: (file) => file !== 'manifest.json' && !file.startsWith('roles'),
  };
  const file = readdirSync(folder).find((name) => isObject[fault.object]?.(name));
  if (file === undefined) return nothing;
  const [path, key] = [join(folder, file), `api/${named}/${file}`];
  if (fault.type === 'object missing') {
    const outside = join(tmpdir(), `chaos-aside-${process.pid}-${Date.now()}`);
    renameSync(path, outside);
    return { ...nothing, happened: () => true, end: async () => renameSync(outside, path) };
  }
  const before = readFileSync(path);
  store.corrupt(key, (bytes) => {
    const at = Math.min(bytes.length - 1, Math.floor(bytes.length * fault.place));
    if (fault.type === 'object cut') return bytes.subarray(0, at);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes;
  });
  return { ...nothing, happened: () => true, end: async () => store.corrupt(key, () => before) };
}

async function wrongDatabase(stand: DataStand, { which, at }: Fault & { readonly type: 'wrong database' }): Promise<Interference> {
  const { ask } = stand;
  let happened = which !== 'dropped';
  const base = { happened: () => happened, end: async () => undefined };
  if (which !== 'dropped') return { ...base, run: {}, database: which === 'empty' ? 'nothing' : 'absent' };
  await ask.sql('DROP DATABASE IF EXISTS victim WITH (FORCE)', 'postgres');
  await ask.sql('CREATE DATABASE victim', 'postgres');
  await ask.sql(`CREATE TABLE v AS SELECT i, md5(i::text) FROM generate_series(1, 20000) AS i`, 'victim');
  return { ...base, database: 'victim', run: atMoment(stand, at, () => {
    happened = true;
    return ask.sql('DROP DATABASE IF EXISTS victim WITH (FORCE)', 'postgres').catch(() => undefined);
  }) };
}

const writesSql = `DO $$ BEGIN FOR i IN 1..100000 LOOP
  INSERT INTO ledger.a VALUES (i); INSERT INTO ledger.b VALUES (i); COMMIT; PERFORM pg_sleep(0.002); END LOOP; END $$`;

const definitions = (round: number): string => `SET lock_timeout = '20s';
BEGIN; TRUNCATE ledger.c; INSERT INTO ledger.c SELECT generate_series(1, 50); COMMIT;
ALTER TABLE ledger.d ADD COLUMN added_${round} int;
ALTER TABLE ledger.d ALTER COLUMN n TYPE ${round % 2 === 0 ? 'bigint' : 'int'};
CREATE INDEX d_${round} ON ledger.d (n);
DROP INDEX IF EXISTS ledger.d_${round - 1};`;

/** Others write to the database and change its tables, from now on. */
function othersAtWork({ ask }: DataStand, what: 'writes' | 'definitions' | 'both'): Pick<Interference, 'run' | 'end'> {
  let isOver = false;
  const work: Promise<unknown>[] = [];
  if (what !== 'definitions') work.push(ask.sql(`SET application_name = 'others';\n${writesSql}`).catch(() => undefined));
  const define = async (): Promise<void> => {
    for (let round = 1; !isOver; round += 1) {
      await ask.sql(definitions(round)).catch(() => undefined);
      await pause(20);
    }
  };
  if (what !== 'writes') work.push(define());
  return { run: {}, end: async () => {
    isOver = true;
    await ask.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'others'`, 'postgres').catch(() => undefined);
    await Promise.all(work);
    await ask.sql('TRUNCATE ledger.a, ledger.b; DROP TABLE ledger.d; CREATE TABLE ledger.d (n int); INSERT INTO ledger.d SELECT generate_series(1, 50)');
  } };
}
