import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import * as v from 'valibot';
import { messageOf } from '../outcome/wording.js';
import { tryJson } from '../ports/json.js';
import type { DumpFacts } from './engine.js';
import { DataError } from './error.js';

/*
 * What is known of a backup: an object beside its data. A backup exists only if its manifest does. Fields are added, and never change
 * their meaning; what an older version does not know, it keeps.
 */

/** Anybody who can write into the store can have written it: numbers and times are calculated with. */
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const time = v.pipe(v.string(), v.check((text) => !Number.isNaN(Date.parse(text))));
const passed = v.object({ bytes: count, sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) });
const texts = v.record(v.string(), v.string());

const shape = v.looseObject({
  schema: v.literal(1),
  /** Its name in the settings, and the name of the backup. */
  database: v.string(), name: v.string(), engine: v.string(),
  /** ISO 8601, UTC: when it was begun, and the moment that it shows. */
  createdAt: time, snapshotAt: time,
  dump: v.looseObject({
    bytes: count, sha256: v.string(), entries: count, rows: v.optional(v.record(v.string(), count)), migration: v.optional(v.string()),
    objects: v.optional(v.record(v.string(), count)), counters: v.optional(v.record(v.string(), v.pipe(v.string(), v.regex(/^-?\d{1,19}$/)))), warnings: v.pipe(v.array(v.string()), v.readonly()),
    server: v.looseObject({ version: v.string(), major: v.number(), identity: v.string(), bytes: count, settings: texts }),
  }),
  /** Each with its name in the store, below the address of the store; `plain` is what it is before encryption. */
  objects: v.array(v.looseObject({ name: v.string(), role: v.picklist(['dump', 'text']), title: v.string(), plain: passed, stored: passed })),
  /** Public keys of age; empty: it is not encrypted. */
  recipients: v.array(v.string()),
  verification: v.looseObject({ how: v.picklist(['restore', 'archive']), at: v.string(), compared: v.string() }),
  origin: v.looseObject({
    app: v.string(), environment: v.optional(v.string()), commit: v.optional(v.string()), runUrl: v.optional(v.string()),
    /** Of the app that ran then, and of the server of the database. */
    image: v.optional(v.string()), databaseImage: v.optional(v.string()),
  }),
  tookMs: v.looseObject({ dump: v.number(), verify: v.number() }),
  signature: v.optional(v.string()),
});

export type Manifest = v.InferOutput<typeof shape>;
export type Verification = Manifest['verification'];
export type ManifestObject = Manifest['objects'][number];

/** What a manifest is made of. */
export interface ManifestParts {
  readonly database: string;
  readonly name: string;
  readonly engine: string;
  /** ms since 1970. */
  readonly createdAt: number;
  readonly facts: DumpFacts;
  readonly objects: readonly ManifestObject[];
  readonly recipients: readonly string[];
  readonly verification: Verification;
  readonly origin: Manifest['origin'];
  readonly tookMs: Manifest['tookMs'];
}

export function manifestOf({ facts, createdAt, objects, recipients, ...parts }: ManifestParts): Manifest {
  const { snapshotAt, texts: _, ...dump } = facts;
  return {
    schema: 1, ...parts, createdAt: new Date(createdAt).toISOString(), snapshotAt: new Date(snapshotAt).toISOString(),
    dump, objects: [...objects], recipients: [...recipients],
  };
}

/** The facts of the dump, as its source gave them. @param contents of its texts, by their titles */
export const factsOf = ({ dump, snapshotAt }: Manifest, contents: Readonly<Record<string, string>>): DumpFacts =>
  ({ ...dump, snapshotAt: Date.parse(snapshotAt), texts: contents });

/** Names of the objects of a backup, below the address of the store. */
export const objectNames = (database: string, name: string) => ({
  manifest: `${database}/${name}/manifest.json`,
  of: (title: string, isEncrypted: boolean): string => `${database}/${name}/${title}${isEncrypted ? '.age' : ''}`,
});

/** The names of database and backup, from the name of a manifest; undefined for any other object. */
export function manifestNames(object: string): { readonly database: string; readonly name: string } | undefined {
  const [, database, name] = /^([^/]+)\/([^/]+)\/manifest\.json$/.exec(object) ?? [];
  return database === undefined || name === undefined ? undefined : { database, name };
}

/** `2026-11-30T16-40-00Z-3f9a07`: in the order of time, and unique. @param random hexadecimal digits */
export const backupName = (now: number, random: string): string => `${new Date(now).toISOString().slice(0, 19).replaceAll(':', '-')}Z-${random.slice(0, 6)}`;

/** The text of a manifest, signed if there is a key. @param key Ed25519, PEM */
export function manifestText(manifest: Manifest, key: string | undefined): string {
  const signature = key === undefined ? {} : { signature: sign(null, signedBytes(manifest), createPrivateKey(key)).toString('base64') };
  return `${JSON.stringify({ ...manifest, ...signature }, null, 2)}\n`;
}

/**
 * Reads a manifest.
 * @param signedBy public key, PEM: then only what is signed with its private key is accepted
 * @throws DataError restore-failed when it is no manifest, is not that of this backup, or its signature is missing or wrong
 */
export function readManifest(text: string, of: { readonly database: string; readonly name: string }, signedBy?: string): Manifest {
  const what = `The manifest of the backup ${of.name} of ${of.database}`;
  const later = tryJson(text, v.looseObject({ schema: v.number() }));
  if (later && later.schema > 1) {
    throw new DataError('restore-failed', `${what} has the schema ${later.schema}, which a later version of this action has written.`, { hint: 'Use that version.' });
  }
  const manifest = tryJson(text, shape);
  if (!manifest) throw new DataError('restore-failed', `${what} cannot be read: it is damaged, or something else.`, { hint: 'Choose another backup. If the store has versions, look at earlier ones of this object.' });
  if (manifest.database !== of.database || manifest.name !== of.name) {
    throw new DataError('restore-failed', `${what} is that of the backup ${manifest.name} of ${manifest.database}: it was copied or moved.`, { hint: 'Choose another backup, or move it back.' });
  }
  if (signedBy !== undefined) refuseUnsigned(what, manifest, signedBy);
  return manifest;
}

function refuseUnsigned(what: string, manifest: Manifest, signedBy: string): void {
  const hint = 'Only backups that are signed with the key of `backup.signed-by` are accepted. Find out who wrote this one.';
  if (manifest.signature === undefined) throw new DataError('restore-failed', `${what} is not signed.`, { hint });
  let isRight: boolean;
  try {
    isRight = verify(null, signedBytes(manifest), createPublicKey(signedBy), Buffer.from(manifest.signature, 'base64'));
  } catch (error) {
    throw new DataError('config-invalid', `The public key in \`backup.signed-by\` cannot be used: ${messageOf(error)}.`, { hint: 'Create it with `openssl pkey -in KEY.pem -pubout`.', cause: error });
  }
  if (!isRight) throw new DataError('restore-failed', `${what} was changed after it was signed, or was signed with another key.`, { hint });
}

/** The same bytes for the same content, whatever the order of its fields. */
const signedBytes = ({ signature: _, ...signed }: Manifest): Buffer => Buffer.from(JSON.stringify(ordered(signed)));

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, ordered(inner)]));
}
