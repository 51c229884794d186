import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Cluster } from '../../src/kubernetes/client/cluster.js';
import { mountVolume } from '../../src/kubernetes/volume/mount.js';
import type { ObjectStore } from '../../src/store/store.js';
import { volumeStore } from '../../src/store/volume/store.js';
import { bytesIn, contentOf, going, listed, manyBytes, optionsFor } from '../store/contract.js';
import { call, closeApi } from './harness/api.js';
import { lab } from './harness/data/lab.js';
import { clusterOf, dataBinding, dataRole } from './harness/data/opened.js';
import { dataContext, realPorts } from './harness/data/ports.js';
import { eventually } from './harness/environment.js';
import { namespace, type Space } from './harness/namespace.js';

jest.setTimeout(300_000);
afterAll(closeApi);
const { postgres: { image } } = await lab();
const MiB = 1024 * 1024;

describe('a volume of the cluster', () => {
  let space: Space;
  let cluster: Cluster;
  let folder = '';
  const context = dataContext();

  beforeEach(async () => {
    space = await namespace('volume');
    folder = mkdtempSync(join(tmpdir(), 'e2e-volume-'));
    // As the kinds of volumes do that do not know `fsGroup`.
    chmodSync(folder, 0o777);
    const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: '' };
    await call('POST', '/api/v1/persistentvolumes', { metadata: { name: space.name }, spec: { ...spec, hostPath: { path: folder }, persistentVolumeReclaimPolicy: 'Retain' } });
    await call('POST', `/api/v1/namespaces/${space.name}/persistentvolumeclaims`, {
      metadata: { name: 'backups' }, spec: { accessModes: spec.accessModes, storageClassName: '', volumeName: space.name, resources: { requests: { storage: '1Gi' } } },
    });
    await space.apply(dataRole, dataBinding);
    cluster = await clusterOf(space, context);
  });
  afterEach(async () => {
    await cluster.close();
    await space.dispose();
    await call('DELETE', `/api/v1/persistentvolumes/${space.name}`).catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (): ObjectStore => volumeStore({
    ports: realPorts(), mount: (claim, name, signal) => mountVolume({ cluster, ports: context.ports }, { app: 'shop', run: context.id, claim, image: name }, signal),
  }, { kind: 'volume', claim: 'backups', path: 'shop' }, image);
  const files = (): string[] => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
  const jobs = async (): Promise<string[]> => (await space.list('Job')).map(({ metadata }) => metadata.name as string);

  it('keeps objects, and its pod is gone when it is closed', async () => {
    const store = open();
    const bytes = manyBytes(40 * MiB);
    const stored = await store.put('main/x/dump.age', contentOf(bytes), optionsFor(bytes));
    await store.put('main/x/manifest.json', contentOf('{}'), optionsFor(Buffer.from('{}')));
    expect(Math.abs(stored.changedAt - Date.now())).toBeLessThan(600_000);
    expect(await listed(store, 'main/')).toEqual([stored, expect.objectContaining({ name: 'main/x/manifest.json', bytes: 2 })]);
    expect((await bytesIn(store, 'main/x/dump.age')).equals(bytes)).toBe(true);
    expect(await store.freeBytes?.(going())).toBeGreaterThan(MiB);
    await expect(store.put('main/x/manifest.json', contentOf('[]'), optionsFor(Buffer.from('[]')))).rejects.toMatchObject({ trouble: 'exists' });
    await expect(bytesIn(store, 'main/absent')).rejects.toMatchObject({ trouble: 'missing' });
    expect(files()).toEqual(['shop/main/x/dump.age', 'shop/main/x/manifest.json']);
    await store.remove('main/x/dump.age', going());
    await store.remove('main/x/manifest.json', going());
    expect([files(), readdirSync(join(folder, 'shop'))]).toEqual([[], []]);
    await store.close?.();
    await eventually('the Job is deleted', async () => (await jobs()).length === 0);
    await eventually('its pod is deleted', async () => (await space.list('Pod')).length === 0);
  });

  it('gets another pod when its pod is lost while an object is written and read', async () => {
    const store = open();
    const bytes = manyBytes(60 * MiB);
    const kill = async (): Promise<void> => {
      for (const { metadata } of await space.list('Pod')) await call('DELETE', `/api/v1/namespaces/${space.name}/pods/${metadata.name}?gracePeriodSeconds=0`);
    };
    let killed = 0;
    const content = async function* content(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += MiB) {
        yield bytes.subarray(at, at + MiB);
        if (at === 20 * MiB && (killed += 1) === 1) await kill();
      }
    };
    await store.put('main/x/dump', content, optionsFor(bytes));
    expect(killed).toBe(2);
    expect(files().filter((name) => !name.endsWith('.part'))).toEqual(['shop/main/x/dump']);
    let [at, equal, wasKilled] = [0, true, false];
    for await (const piece of store.get('main/x/dump', going())) {
      equal &&= bytes.subarray(at, at + piece.length).equals(piece);
      at += piece.length;
      if (!wasKilled) await kill();
      wasKilled = true;
    }
    expect([at, equal]).toEqual([bytes.length, true]);
    await store.close?.();
  });

  it('that cannot be written to is named with the user that cannot', async () => {
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'file'), 'x');
    const store = open();
    await expect(store.put('main/x/dump', contentOf('x'), optionsFor(Buffer.from('x')))).rejects.toMatchObject({
      trouble: 'denied', message: expect.stringMatching(/^main\/x\/dump was not stored in pvc\/backups\/shop: it failed in the pod shop-volume-\w+-\w+ with exit code 1: mkdir: .*Permission denied/), hint: expect.stringContaining('user and group 65532'),
    });
    await store.close?.();
  });
});
