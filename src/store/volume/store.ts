import { randomUUID } from 'node:crypto';
import type { BackupAddress } from '../../config/values/backup-address.js';
import { formatBackupAddress } from '../../config/values/backup-address.js';
import type { Ports } from '../../ports/ports.js';
import { forMsAfter } from '../../ports/within.js';
import { checkedContent } from '../content.js';
import { byName, checkName } from '../names.js';
import { StoreError, type ObjectStore, type PutOptions, type StoredObject } from '../store.js';
import type { MountedVolume, MountVolume } from './mounted.js';
import { readFile } from './read.js';
import { failure, runScript, type Feed, type Ran } from './run.js';
import { codes, compareScript, freeScript, headScript, listScript, putScript, removeScript } from './scripts.js';
import { VolumeSession } from './session.js';

export interface VolumeContext {
  readonly ports: Pick<Ports, 'clock'>;
  readonly mount: MountVolume;
}

export type VolumeAddress = Extract<BackupAddress, { readonly kind: 'volume' }>;

/** Of what is quick. ms */
const quickMs = 120_000;
/** A disk that is slower is broken. Bytes in a second */
const slowest = 1_000_000;
/** How long a script gets to remove what it has begun, when the run is stopped. ms */
const graceMs = 5000;

/** A volume of the cluster, or a folder in it. It is mounted at the first call, until the store is closed. */
export function volumeStore({ ports: { clock }, mount }: VolumeContext, to: VolumeAddress, image: string | undefined): ObjectStore {
  const address = formatBackupAddress(to);
  const session = new VolumeSession(clock, to.path, (signal) => mount(to.claim, image, signal));
  const run = (text: string, doing: string, name: string, signal: AbortSignal): Promise<Ran> => session.attempt(signal, async (volume) => {
    const ran = await runScript(clock, volume, { text, doing, args: [session.root(volume), name], timeoutMs: quickMs }, signal);
    if (ran.code !== 0 && ran.code !== codes.missing) throw failure(doing, volume, ran);
    return ran;
  });
  return {
    address, notes: [], close: () => session.close(),
    put: async (name, content, options) => {
      checkName(name, address);
      return session.attempt(options.signal, (volume, count) => put({ session, volume, name, address, again: count > 1 }, content, options));
    },
    get: async function* get(name, signal) {
      checkName(name, address);
      yield* readFile({ session, name, address }, signal);
    },
    head: async (name, signal) => {
      checkName(name, address);
      const { code, text } = await run(headScript, `${name} could not be looked up in ${address}`, name, signal);
      return code === 0 ? objectOf(name, text) : undefined;
    },
    list: async function* list(prefix, signal) {
      const { text } = await run(listScript, `${address} could not be listed`, '', signal);
      // A line that is none is a part of a name with a line break: not one of ours.
      const all = text.split('\n').flatMap((line) => {
        const [, facts, name] = /^(\d+ \d+) \.\/(.+)$/.exec(line) ?? [];
        return facts !== undefined && name?.startsWith(prefix) ? [objectOf(name, facts)] : [];
      });
      yield* all.sort(byName);
    },
    remove: async (name, signal) => {
      checkName(name, address);
      await run(removeScript, `${name} was not removed from ${address}`, name, signal);
    },
    freeBytes: (signal) => session.attempt(signal, async (volume) => {
      const doing = `the free space of ${address} could not be read`;
      const { text } = await runScript(clock, volume, { text: freeScript, doing, args: [volume.folder, ''], timeoutMs: quickMs }, signal);
      const free = /\s(\d+)\s+\d+%\s/.exec(text)?.[1];
      return free === undefined ? undefined : Number(free) * 1024;
    }),
  };
}

interface Putting {
  readonly session: VolumeSession;
  readonly volume: MountedVolume;
  readonly name: string;
  readonly address: string;
  /** An attempt before this one may have stored it. */
  readonly again: boolean;
}

async function put({ session, volume, name, address, again }: Putting, content: () => AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredObject> {
  const { bytes, sha256, signal } = options;
  const doing = `${name} was not stored in ${address}`;
  const timeoutMs = quickMs + (bytes / slowest) * 1000;
  const { clock } = session;
  const args = [session.root(volume), name, String(bytes), sha256];
  let wrong: { readonly error: unknown } | undefined;
  // When it fails here, the input just ends: the script removes what it has written, and says so.
  const feed: Feed = async (pipe) => {
    try {
      for await (const piece of checkedContent(content(), options, `${name} in ${address}`)) if (!(await pipe.write(piece))) return;
    } catch (error) {
      wrong = { error };
    }
  };
  const part = `${name.slice(name.lastIndexOf('/') + 1)}.${randomUUID()}.part`;
  const script = { text: putScript, doing, args: [...args, part], timeoutMs };
  const ran = await forMsAfter(clock, signal, graceMs, (until) => runScript(clock, volume, script, until, feed));
  if (wrong) throw wrong.error;
  if (ran.code === 0) return objectOf(name, ran.text);
  if (ran.code === codes.exists && again) {
    // The end of an attempt that succeeded may not have arrived.
    const same = await runScript(clock, volume, { text: compareScript, doing, args, timeoutMs }, signal);
    if (same.code === 0) return objectOf(name, same.text);
  }
  throw failure(doing, volume, ran);
}

/** @param facts `1234 1796056476` */
function objectOf(name: string, facts: string): StoredObject {
  const [bytes = NaN, seconds = NaN] = facts.trim().split(' ').map(Number);
  if (Number.isNaN(bytes + seconds)) throw new StoreError('invalid', `the size and time of ${name} could not be read: ${JSON.stringify(facts.slice(0, 80))}`, 'The stat of `backup.image` must know -c, as that of busybox does.');
  return { name, bytes, changedAt: seconds * 1000 };
}
