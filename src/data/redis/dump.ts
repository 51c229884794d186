import { createHash } from 'node:crypto';
import type { Dump, DumpFacts, DumpOptions, Server } from '../engine.js';
import { DataError } from '../error.js';
import { failed } from '../script/run.js';
import { dumpFrom, dumpScript, endedByLimit, receive, type Arrived } from '../script/receive.js';
import { isCluster } from './facts.js';
import { databaseOf } from './login.js';
import { readContents, type Contents } from './rdb/contents.js';
import { DamagedSnapshot } from './rdb/parse.js';
import { shellOf, type At } from './run.js';

const script = dumpScript('redis-cli');

/** Names of what a dump has beside its keys, as in the manifest. */
export const objectNames = { expiring: 'keys that expire', libraries: 'libraries of functions' } as const;

/** @param server what was read when the database was opened */
export const dumpOf = (at: At, server: Server, options: DumpOptions, signal: AbortSignal): Dump =>
  dumpFrom(signal, (either) => piecesOf(at, server, options, either));

async function* piecesOf(at: At, server: Server, options: DumpOptions, signal: AbortSignal): AsyncGenerator<Uint8Array, DumpFacts> {
  if (isCluster(server)) {
    throw new DataError(at.context.failure, `Redis at ${at.place.words} is one master of a cluster: its snapshot has only a part of the data.`, {
      hint: 'Back up each master with the snapshots of the server or of the service. If the data can be lost, set `databases.NAME.cache` to `true`, and make no backup.',
    });
  }
  const startedAt = at.context.ports.clock.now();
  const reading = readContents();
  const hash = createHash('sha256');
  let sent = 0;
  const passed = (piece: Uint8Array): Uint8Array => {
    hash.update(piece);
    sent += piece.length;
    return piece;
  };
  try {
    let held: Uint8Array = new Uint8Array();
    const { pieces, arrived } = received(at, options, signal, (piece) => reading.push(piece));
    // The last bytes are passed on when it is known which of them are the snapshot.
    for await (const piece of pieces) {
      const all = held.length === 0 ? piece : Buffer.concat([held, piece]);
      const cut = Math.max(0, all.length - heldBytes);
      if (cut > 0) yield passed(all.subarray(0, cut));
      held = Buffer.from(all.subarray(cut));
    }
    refuseFailed(at, arrived(), options);
    const contents = reading.finish();
    yield passed(held.subarray(0, contents.bytes - sent));
    return factsOf(at, server, contents, options, { startedAt, sha256: hash.digest('hex') });
  } catch (error) {
    if (!(error instanceof DamagedSnapshot)) throw error;
    throw new DataError(at.context.failure, `What redis-cli at ${at.place.words} has sent is no complete snapshot: ${error.message}.`, {
      hint: 'Run the backup again. If it happens again, look at the log of the server.', cause: error,
    });
  }
}

/** More than redis-cli puts behind a snapshot. */
const heldBytes = 64;

function received(at: At, { timeoutMs }: DumpOptions, signal: AbortSignal, seen: (piece: Uint8Array) => void) {
  let arrived: Arrived | undefined;
  const pieces = async function* (): AsyncGenerator<Uint8Array, void> {
    arrived = yield* receive(shellOf(at), { script, args: ['--rdb', '-'], timeoutMs, seen }, signal);
  };
  return { pieces: pieces(), arrived: () => arrived };
}

function refuseFailed(at: At, arrived: Arrived | undefined, { timeoutMs }: DumpOptions): void {
  if (arrived && arrived.code !== 0) throw endedByLimit(shellOf(at), arrived, timeoutMs) ?? failed(shellOf(at), 'redis-cli', arrived.stderr, arrived.code);
}

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((all, each) => all + each, 0);

function factsOf(
  at: At, server: Server, contents: Contents, { rows, allowEmpty }: DumpOptions, { startedAt, sha256 }: { readonly startedAt: number; readonly sha256: string },
): DumpFacts {
  const { keys, expiring, unknown } = contents;
  const database = databaseOf(at.login);
  if (keys && (keys[database] ?? 0) === 0 && !allowEmpty) {
    const others = Object.keys(keys).map((name) => `${name} has ${(keys[name] ?? 0).toLocaleString('en-US')}`).join(', ');
    throw new DataError(at.context.failure, `Database ${database} of Redis at ${at.place.words} has no keys${others === '' ? '' : `; database ${others}`}.`, {
      hint: 'Check `database` in the settings: it is probably not the one that was meant. Set `backup.allow-smaller` to true if it is.',
    });
  }
  const { version, major, identity, bytes, settings } = server;
  return {
    snapshotAt: contents.at ?? startedAt, sha256, bytes: contents.bytes, entries: keys ? sum(keys) : 0, rows: rows === 'off' ? undefined : keys,
    objects: keys && { [objectNames.expiring]: sum(expiring ?? {}), [objectNames.libraries]: contents.libraries },
    texts: {}, server: { version, major, identity, bytes, settings },
    warnings: [
      ...(unknown === undefined ? [] : [`The keys of the snapshot could not be counted: it is of a later version of Redis (${unknown}).`]),
      ...(settings['last-save'] === undefined || settings['last-save'] === 'ok' ? [] : ['The last snapshot that the server has written to its own disk failed: look at its log.']),
    ],
  };
}
