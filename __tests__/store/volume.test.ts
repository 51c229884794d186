import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/host/clock.js';
import { createPipes } from '../../src/host/pipe.js';
import type { Clock } from '../../src/ports/clock.js';
import type { Pipe } from '../../src/ports/pipe.js';
import type { ObjectStore } from '../../src/store/store.js';
import type { MountedVolume, MountVolume } from '../../src/store/volume/mounted.js';
import { volumeStore } from '../../src/store/volume/store.js';
import { idleClock } from '../ports/idle-clock.js';
import { bytesIn, contentOf, describeStore, going, listed, manyBytes, optionsFor } from './contract.js';

const pipes = createPipes({ killAfterMs: 100, leftBehindMs: 100 });
const hello = Buffer.from('hello');

/** A folder of this machine in place of a volume: the scripts run here. */
const local = (folder: string, wrap: (pipe: Pipe, script: string) => Pipe = (pipe) => pipe): MountedVolume => ({
  words: 'the pod', folder,
  start: (script, args, signal) => wrap(pipes({ program: 'sh', args: ['-c', script, 'sh', ...args], signal }), script),
  close: async () => undefined,
});
const storeIn = (mount: MountVolume, clock = systemClock): ObjectStore => volumeStore({ ports: { clock }, mount }, { kind: 'volume', claim: 'backups', path: 'api' }, undefined);

/** Waits before another attempt are over at once. Time limits are those of this machine: programs take time that no other clock knows. */
const briskClock = (): Clock => ({ ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms < 10_000 ? 0 : ms, signal) });

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
}

describeStore('a volume', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'volume-'));
  return {
    open: () => storeIn(async () => local(folder)),
    contents: () => filesIn(join(folder, 'api')).catch(() => []),
    write: async (name, bytes) => {
      await mkdir(join(folder, 'api'), { recursive: true });
      await writeFile(join(folder, 'api', name), bytes);
    },
    close: () => rm(folder, { recursive: true }),
  };
}, { manyBytes: 1_000_000 });

describe('a volume', () => {
  let folder = '';
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'volume-')); });
  afterEach(() => rm(folder, { recursive: true }));
  const many = manyBytes(1_000_000);

  /** Mounts that are counted, with connections that can be broken. @param fault of the n-th script, from 1 on */
  function mounts(fault: (script: string, count: number) => ((pipe: Pipe) => Pipe) | undefined = () => undefined) {
    const seen = { mounted: 0, closed: 0 };
    let count = 0;
    const mount: MountVolume = async () => {
      seen.mounted += 1;
      const volume = local(folder, (pipe, script) => fault(script, (count += 1))?.(pipe) ?? pipe);
      return { ...volume, close: async () => void (seen.closed += 1) };
    };
    return { seen, mount };
  }
  /** The connection ends after so many bytes of the output, with the exit code 0, as that of `kubectl exec` does. */
  const cutAfter = (bytes: number) => (pipe: Pipe): Pipe => ({ ...pipe, output: cutOutput(pipe.output, bytes), exited: Promise.resolve({ code: 0, stderr: '' }) });
  async function* cutOutput(output: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
    let left = bytes;
    for await (const piece of output) {
      yield piece.subarray(0, left);
      left -= piece.length;
      if (left <= 0) return;
    }
  }

  it('is mounted at the first call, and once, until it is closed', async () => {
    const { seen, mount } = mounts();
    const store = storeIn(mount);
    await store.close?.();
    expect(seen).toEqual({ mounted: 0, closed: 0 });
    await store.put('main/x/dump', contentOf(hello), optionsFor(hello));
    expect([await bytesIn(store, 'main/x/dump'), await filesIn(folder)]).toEqual([hello, ['api/main/x/dump']]);
    await store.close?.();
    expect([seen, store.address]).toEqual([{ mounted: 1, closed: 1 }, 'pvc/backups/api']);
  });

  it('can be a store as a whole', async () => {
    const store = volumeStore({ ports: { clock: systemClock }, mount: mounts().mount }, { kind: 'volume', claim: 'backups', path: '' }, undefined);
    await mkdir(join(folder, 'lost+found'));
    await writeFile(join(folder, 'lost+found/x'), '');
    await store.put('a', contentOf(hello), optionsFor(hello));
    await store.remove('a', going());
    await store.put('main/x/dump', contentOf(hello), optionsFor(hello));
    expect((await listed(store)).map(({ name }) => name)).toEqual(['main/x/dump']);
  });

  it('says that it cannot be mounted, and is tried again at the next call', async () => {
    let tries = 0;
    const store = storeIn(async () => {
      tries += 1;
      if (tries === 1) throw new Error('no such claim');
      return local(folder);
    });
    await expect(listed(store)).rejects.toThrow('no such claim');
    expect(await listed(store)).toEqual([]);
  });

  it.each([[0, 3], [10, 3], [300_000, 3], [1_000_000, 2]])('goes on to read after connections that broke off after %d bytes, through %d pods', async (bytes, mounted) => {
    const { seen, mount } = mounts((script, count) => (script.includes('tail -c') && count <= 3 ? cutAfter(bytes) : undefined));
    const store = storeIn(mount, briskClock());
    await store.put('a', contentOf(many), optionsFor(many));
    expect((await bytesIn(store, 'a')).equals(many)).toBe(true);
    expect(seen).toEqual({ mounted, closed: mounted - 1 });
  });

  it('gives up to read after three connections that bring nothing', async () => {
    const { mount } = mounts((script) => (script.includes('tail -c') ? cutAfter(0) : undefined));
    const store = storeIn(mount, briskClock());
    await store.put('a', contentOf(many), optionsFor(many));
    await expect(bytesIn(store, 'a')).rejects.toMatchObject({
      name: 'StoreError', trouble: 'unavailable', message: 'a could not be read from pvc/backups/api: the connection to the pod ended before it was done (exit code 0)',
      hint: 'Check whether the pod was restarted or evicted, and whether the connection to the cluster is stable; then try again.',
    });
  });

  it('does not mix two files of one name', async () => {
    const replaced = async function* replaced(output: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      yield* cutOutput(output, 300_000);
      await writeFile(join(folder, 'other'), 'x'.repeat(1_000_000));
      await rename(join(folder, 'other'), join(folder, 'api/a'));
    };
    const { mount } = mounts((script, count) => (script.includes('tail -c') && count === 2 ? (pipe) => ({ ...pipe, output: replaced(pipe.output) }) : undefined));
    const store = storeIn(mount, briskClock());
    await store.put('a', contentOf(many), optionsFor(many));
    await expect(bytesIn(store, 'a')).rejects.toMatchObject({ trouble: 'corrupt', message: 'a could not be read from pvc/backups/api: it was replaced while it was read' });
  });

  it('stores it again when the connection broke off, and finds what was stored all the same', async () => {
    for (const fault of [(pipe: Pipe): Pipe => ({ ...pipe, write: async (piece) => (pipe.end(), piece.length < 0) }), cutAfter(0)]) {
      const { mount } = mounts((script, count) => (script.includes('cat <&3') && count === 1 ? fault : undefined));
      const store = storeIn(mount, briskClock());
      expect(await store.put('main/x/dump', contentOf(many), optionsFor(many))).toMatchObject({ bytes: many.length });
      expect([(await bytesIn(store, 'main/x/dump')).equals(many), await filesIn(folder)]).toEqual([true, ['api/main/x/dump']]);
      await store.remove('main/x/dump', going());
    }
  });

  it('is not taken for stored when another object has the name', async () => {
    const { mount } = mounts((script, count) => (script.includes('cat <&3') && count === 1 ? cutAfter(0) : undefined));
    await mkdir(join(folder, 'api'));
    await writeFile(join(folder, 'api/a'), 'other');
    const store = storeIn(mount, briskClock());
    await expect(store.put('a', contentOf(many), optionsFor(many))).rejects.toMatchObject({
      trouble: 'exists', message: 'a was not stored in pvc/backups/api: there is one already', hint: 'Objects are never replaced: check what else writes into this volume.',
    });
    expect(await readFile(join(folder, 'api/a'), 'utf8')).toBe('other');
  });

  it('without links has files that are moved, and does not replace any', async () => {
    const volume = local(folder);
    const store = storeIn(async () => ({ ...volume, start: (script, args, signal) => volume.start(script.replace('ln "$part"', 'false "$part"'), args, signal) }));
    await store.put('a', contentOf(many), optionsFor(many));
    expect([(await bytesIn(store, 'a')).equals(many), await filesIn(folder)]).toEqual([true, ['api/a']]);
    await expect(store.put('a', contentOf(hello), optionsFor(hello))).rejects.toMatchObject({ trouble: 'exists' });
  });

  it('removes what it has written when its input ends early, as it does when this process is killed', async () => {
    const { mount } = mounts();
    const volume = await mount('backups', undefined, going());
    const { putScript } = await import('../../src/store/volume/scripts.js');
    const pipe = volume.start(putScript, [folder, 'a/b', '1000000', 'f'.repeat(64), 'b.part']);
    await pipe.write(many.subarray(0, 500_000));
    pipe.end();
    const printed: Uint8Array[] = [];
    for await (const piece of pipe.output) printed.push(piece);
    expect([Buffer.concat(printed).toString(), await filesIn(folder)]).toEqual(['\nacci-end 42\n', []]);
  });

  it.each<[string, number, string, string]>([
    ['cat: write error: No space left on device', 1, 'full', 'Enlarge the volume, or shorten the retention.'],
    ["mkdir: can't create directory '/volume/api': Permission denied", 1, 'denied', 'Let the user and group 65532 write into the volume: change the owner of its folder, or use a kind of volume that knows `fsGroup`.'],
    ["sh: can't create /volume/api/a: Read-only file system", 1, 'denied', 'Check whether the volume is attached for reading only.'],
    ['sh: sha256sum: not found', 127, 'invalid', 'The `backup.image` must have sh, cat, stat, tail, find, sha256sum, ln, mv, rm and df: that of busybox has.'],
    ['cat: write error: Input/output error', 1, 'unavailable', 'Check the volume and its pod.'],
  ])('explains "%s"', async (stderr, code, trouble, hint) => {
    const volume = local(folder);
    const store = storeIn(async () => ({ ...volume, start: (_script, _args, signal) => volume.start(`echo "$1" >&2; printf '\\nacci-end ${code}\\n'; exit ${code}`, [stderr], signal) }));
    const error = (what: string) => ({ name: 'StoreError', trouble, hint, message: `${what}: it failed in the pod with exit code ${code}: ${stderr}` });
    await expect(store.put('a', contentOf(hello), optionsFor(hello))).rejects.toMatchObject(error('a was not stored in pvc/backups/api'));
    await expect(store.remove('a', going())).rejects.toMatchObject(error('a was not removed from pvc/backups/api'));
    await expect(bytesIn(store, 'a')).rejects.toMatchObject(error('a could not be read from pvc/backups/api'));
    await expect(listed(store)).rejects.toMatchObject(error('pvc/backups/api could not be listed'));
    await expect(store.head('a', going())).rejects.toMatchObject(error('a could not be looked up in pvc/backups/api'));
  });

  it('says that what was written is not what was sent', async () => {
    const volume = local(folder);
    const changed = (script: string): string => script.replace('cat <&3 >"$part"', 'cat <&3 | tr h j >"$part"');
    const store = storeIn(async () => ({ ...volume, start: (script, args, signal) => volume.start(changed(script), args, signal) }), briskClock());
    await expect(store.put('a', contentOf(hello), optionsFor(hello))).rejects.toMatchObject({
      trouble: 'corrupt', message: 'a was not stored in pvc/backups/api: what was written is not what was sent', hint: 'Data changed on its way or on the disk of the volume: check both.',
    });
    expect(await filesIn(folder)).toEqual([]);
  });

  it('ends a connection that is silent', async () => {
    const volume = local(folder);
    const store = storeIn(async () => ({ ...volume, start: (_script, _args, signal) => volume.start('exec sleep 600', [], signal) }), idleClock());
    await expect(listed(store)).rejects.toMatchObject({ trouble: 'unavailable', message: 'pvc/backups/api could not be listed: the pod did not finish it within 120 s' });
    await expect(bytesIn(store, 'a')).rejects.toMatchObject({ trouble: 'unavailable', message: 'a could not be read from pvc/backups/api: the pod has sent nothing for 120 s' });
  });
});
