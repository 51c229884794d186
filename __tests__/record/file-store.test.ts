import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFiles } from '../../src/host/files.js';
import { fileStore } from '../../src/record/file-store.js';
import { inPhase, type Ledger } from '../../src/record/ledger.js';
import type { RecordStore } from '../../src/record/store.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { handClock } from '../kubernetes/client/hand-clock.js';
import { describeRecord } from './store-contract.js';

const ledger: Ledger = {
  schema: 2, app: 'api', releases: [],
  run: {
    id: 'run-1', startedAt: '2026-01-01T00:00:00.000Z', phase: 'in-progress', marks: [], target: { kind: 'command', schema: 1, recorded: {} },
    before: [], after: [], rollback: 'auto', checks: [], passedBefore: [],
  },
};

describe('a record in a file', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'record-'));
    path = join(folder, 'record.json');
  });
  afterEach(() => rm(folder, { recursive: true }));
  const open = (): RecordStore => fileStore({ files: createFiles(folder), clock: handClock(5000) }, path);

  it('is none at first, and is read as it was written, by another process too', async () => {
    const store = open();
    expect(await store.read()).toBeUndefined();
    await store.write(ledger);
    expect(await store.read()).toEqual(ledger);
    expect(await open().read()).toEqual(ledger);
  });

  it('can be read by its owner alone, and leaves nothing beside it', async () => {
    const store = open();
    await store.read();
    await store.write(ledger);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['record.json']);
  });

  it('holds what was written last, whatever is still being written', async () => {
    const store = open();
    await store.read();
    await Promise.all([store.write(ledger), store.write(inPhase(ledger, 'restoring')), store.write(inPhase(ledger, 'restored'))]);
    expect((await store.read())?.run.phase).toBe('restored');
  });

  it('is not written over what another run has written', async () => {
    const [store, other] = [open(), open()];
    await Promise.all([store.read(), other.read()]);
    await other.write(ledger);
    await expect(store.write(inPhase(ledger, 'verified'))).rejects.toMatchObject({ code: 'superseded', message: expect.stringContaining(path) });
    expect(await readFile(path, 'utf8')).toContain('"in-progress"');
    await store.read();
    await store.write(inPhase(ledger, 'verified'));
  });

  it.each([
    ['{"schema": 2', 'it was edited by hand or damaged: is truncated JSON'],
    ['{"schema": 3}', 'it was written by a later version of this action'],
  ])('is refused as %s, with the reason', async (text, reason) => {
    await writeFile(path, text);
    await expect(open().read()).rejects.toMatchObject({ code: 'record-unreadable', message: `The record ${path} cannot be read: ${reason}.` });
  });

  it('is locked for whoever asks: the steps of a job run one after the other', async () => {
    const lock = await open().lock({ id: 'run-1' }, 0);
    await lock.confirm();
    expect([lock.formerHeardAt, lock.lost.aborted]).toEqual([5000, false]);
    await lock.release();
  });
});

describeRecord('a file', () => {
  const ports = fakePorts();
  return {
    open: () => ({ store: fileStore(ports, '/private/record.json'), kill: () => undefined }),
    damage: (text) => ports.files.writeText('/private/record.json', text),
    close: () => Promise.resolve(),
  };
});
