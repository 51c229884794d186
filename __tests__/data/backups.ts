import { createHash } from 'node:crypto';
import { manifestOf, manifestText, objectNames, type Manifest } from '../../src/data/manifest.js';
import type { MemoryStore } from '../store/memory-store.js';

interface BackupOptions {
  readonly database?: string;
  /** Of its dump, in the store. */
  readonly bytes?: number;
  /** Private key, PEM. */
  readonly key?: string;
  /** Of the settings. */
  readonly environment?: string;
  readonly change?: (manifest: Manifest) => Manifest;
}

export const nameAt = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replaceAll(':', '-')}Z-3f9a07`;

/** Puts a complete backup into a store, which was made at this time, ms since 1970. @returns its name */
export function addBackup(store: MemoryStore, at: number, { database = 'main', bytes = 10, key, environment, change = (manifest) => manifest }: BackupOptions = {}): string {
  const name = nameAt(at);
  const names = objectNames(database, name);
  const content = Buffer.alloc(bytes, 1);
  const passed = { bytes, sha256: createHash('sha256').update(content).digest('hex') };
  const manifest = manifestOf({
    database, name, engine: 'postgres', createdAt: at,
    facts: { snapshotAt: at, ...passed, entries: 12, texts: {}, warnings: [], server: { version: '15.18', major: 15, identity: '7', bytes: 1000, settings: {} } },
    recipients: [], objects: [{ name: names.of('dump', false), role: 'dump', title: 'dump', plain: passed, stored: passed }],
    verification: { how: 'restore', at: new Date(at).toISOString(), compared: '1 table' }, origin: { app: 'api', environment }, tookMs: { dump: 1, verify: 1 },
  });
  store.objects.set(names.of('dump', false), { bytes: content, changedAt: at });
  store.objects.set(names.manifest, { bytes: Buffer.from(manifestText(change(manifest), key)), changedAt: at });
  return name;
}
