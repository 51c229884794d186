import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { backupName, factsOf, manifestNames, manifestOf, manifestText, objectNames, readManifest } from '../../src/data/manifest.js';

const hash = 'a'.repeat(64);
const facts = {
  snapshotAt: Date.UTC(2026, 10, 30, 16, 40, 1), sha256: hash, bytes: 1000, entries: 12, rows: { 'public.users': 3 }, migration: '001', texts: { 'roles.sql': 'CREATE ROLE a;' },
  objects: { tables: 1 }, counters: { 'public.ticket': '9' }, warnings: ['no roles'], server: { version: '15.18', major: 15, identity: '7', bytes: 2000, settings: { encoding: 'UTF8' } },
};
const name = '2026-11-30T16-40-00Z-3f9a07';
const manifest = manifestOf({
  database: 'main', name, engine: 'postgres', createdAt: Date.UTC(2026, 10, 30, 16, 40), facts, recipients: ['age1x'],
  objects: [{ name: `main/${name}/dump.age`, role: 'dump', title: 'dump', plain: { bytes: 1000, sha256: hash }, stored: { bytes: 1200, sha256: hash } }],
  verification: { how: 'restore', at: '2026-11-30T16:41:00.000Z', compared: '1 table, 3 rows' }, origin: { app: 'api', environment: 'production' }, tookMs: { dump: 1, verify: 2 },
});
const keys = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, signedBy: publicKey.export({ type: 'spki', format: 'pem' }) as string };
};
const of = { database: 'main', name };

describe('a manifest', () => {
  it('is read as it was written, with fields of later versions', () => {
    expect(readManifest(manifestText(manifest, undefined), of)).toEqual(manifest);
    expect(readManifest(manifestText({ ...manifest, future: { a: 1 } }, undefined), of)).toMatchObject({ future: { a: 1 } });
    expect(factsOf(manifest, facts.texts)).toEqual(facts);
  });

  it('has no contents of the texts of a dump', () => {
    expect(manifestText(manifest, undefined)).not.toContain('CREATE ROLE');
  });

  it('is accepted if it is signed with the right key, whatever the order of its fields', () => {
    const { key, signedBy } = keys();
    const text = manifestText(manifest, key);
    expect(readManifest(text, of, signedBy)).toMatchObject({ name });
    const reordered = JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text) as object).reverse()));
    expect(readManifest(reordered, of, signedBy)).toMatchObject({ name });
  });

  it.each<[string, (text: string) => string, string]>([
    ['is not signed', () => manifestText(manifest, undefined), 'is not signed'],
    ['was changed', (text) => text.replace('"entries": 12', '"entries": 13'), 'was changed after it was signed, or was signed with another key'],
    ['got another field', (text) => text.replace('"schema": 1', '"schema": 1, "x": 2'), 'was changed after it was signed, or was signed with another key'],
    ['has another signature', () => manifestText(manifest, keys().key), 'was changed after it was signed, or was signed with another key'],
  ])('is refused if it %s, where signatures are wanted', (_, change, message) => {
    const { key, signedBy } = keys();
    expect(() => readManifest(change(manifestText(manifest, key)), of, signedBy)).toThrow(`The manifest of the backup ${name} of main ${message}.`);
  });

  it.each<[string, string, string]>([
    ['is no JSON', 'x', 'cannot be read: it is damaged, or something else'],
    ['lacks a field', '{"schema":1}', 'cannot be read: it is damaged, or something else'],
    ['is of a later schema', '{"schema":2}', 'has the schema 2, which a later version of this action has written'],
    ['is that of another backup', manifestText({ ...manifest, name: 'other' }, undefined), 'is that of the backup other of main: it was copied or moved'],
    ['was made at no time', manifestText({ ...manifest, snapshotAt: 'soon' }, undefined), 'cannot be read: it is damaged, or something else'],
    ['has more bytes than can be counted', manifestText({ ...manifest, dump: { ...manifest.dump, bytes: 1e18 } }, undefined), 'cannot be read: it is damaged, or something else'],
    ['has fewer rows than none', manifestText({ ...manifest, dump: { ...manifest.dump, rows: { 'public.users': -1 } } }, undefined), 'cannot be read: it is damaged, or something else'],
    ['has a counter that is no number', manifestText({ ...manifest, dump: { ...manifest.dump, counters: { 'public.ticket': '9n' } } }, undefined), 'cannot be read: it is damaged, or something else'],
    ['has a hash that is none', manifestText(manifest, undefined).replaceAll(hash, 'b'), 'cannot be read: it is damaged, or something else'],
  ])('is refused if it %s', (_, text, message) => {
    expect(() => readManifest(text, of)).toThrow(message);
  });

  it('says that the public key cannot be used', () => {
    expect(() => readManifest(manifestText(manifest, keys().key), of, 'x')).toThrow('The public key in `backup.signed-by` cannot be used');
  });
});

describe('names', () => {
  it('are in the order of time', () => {
    expect(backupName(Date.UTC(2026, 10, 30, 16, 40), '3f9a07bc')).toBe(name);
  });

  it('of a manifest tell its backup', () => {
    expect(manifestNames(objectNames('main', name).manifest)).toEqual({ database: 'main', name });
    for (const other of ['main/x/dump.age', 'manifest.json', 'a/b/c/manifest.json', 'main//manifest.json']) expect(manifestNames(other)).toBeUndefined();
  });
});
