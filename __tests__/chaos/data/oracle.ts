import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Lab } from '../../e2e/harness/data/lab.js';
import { localPostgres, type LocalPostgres } from '../../e2e/harness/data/local-postgres.js';
import { localRedis } from '../../e2e/harness/data/local-redis.js';

/*
 * Restores backups as somebody would who has none of this action: with age, pg_restore and redis-server, from what is in the store. A test
 * checks that nothing of the action is imported here.
 */

const run = promisify(execFile);

/** Each table with the number and the hash of its rows, or each key with the hash of its value. */
export type Contents = Readonly<Record<string, string>>;

export interface Oracle {
  /** What a backup holds, restored. Throws what the programs say, when it does not restore. @param read the object of this key */
  contentsOf(manifest: StoredManifest, read: (key: string) => Promise<Buffer>): Promise<Contents>;
  close(): Promise<void>;
}

/** What is used of a manifest. */
export interface StoredManifest {
  /** Before the names of its objects: `api/`. */
  readonly base: string;
  readonly engine: 'postgres' | 'redis';
  readonly recipients: readonly string[];
  readonly objects: readonly { readonly name: string; readonly role: string }[];
}

/** @param age path of the program @param identityOf the private key of who can read it */
export async function startOracle(lab: Lab, age: string): Promise<Oracle & { readonly identities: Set<string> }> {
  const server = await localPostgres(lab);
  const folder = mkdtempSync(join(tmpdir(), 'chaos-oracle-'));
  const identities = new Set<string>();
  let count = 0;
  return {
    identities,
    contentsOf: async (manifest, read) => {
      const dump = manifest.objects.find(({ role }) => role === 'dump');
      if (!dump) throw new Error('its manifest names no dump');
      const number = count += 1;
      const own = join(folder, String(number));
      mkdirSync(own);
      try {
        const [stored, plain, identity] = ['stored', 'dump.rdb', 'identity'].map((name) => join(own, name)) as [string, string, string];
        writeFileSync(stored, await read(`${manifest.base}${dump.name}`));
        writeFileSync(identity, `${[...identities].join('\n')}\n`, { mode: 0o600 });
        const file = manifest.recipients.length > 0 ? plain : stored;
        if (file === plain) await run(age, ['--decrypt', '--identity', identity, '--output', plain, stored]);
        return await (manifest.engine === 'redis' ? ofSnapshot(lab, file) : ofDump(lab, server, file, `restored_${number}`));
      } finally {
        rmSync(own, { recursive: true, force: true });
      }
    },
    close: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function ofDump({ postgres }: Lab, server: LocalPostgres, file: string, database: string): Promise<Contents> {
  await server.sql(`CREATE DATABASE ${database}`);
  try {
    await run(join(postgres.programs, 'pg_restore'), ['--exit-on-error', '--no-owner', '--no-privileges', '--dbname', server.url(database), file]);
    return await server.contents(database);
  } finally {
    await server.sql(`DROP DATABASE ${database} WITH (FORCE)`);
  }
}

async function ofSnapshot(lab: Lab, file: string): Promise<Contents> {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-redis-'));
  try {
    await run('cp', [file, join(folder, 'dump.rdb')]);
    const server = await localRedis(lab, { dir: folder, dbfilename: 'dump.rdb' });
    try {
      return await server.contents();
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Why these are not the contents of one moment between two others; empty when they are. Others write to the tables of `ledger` only:
 * `a` and `b` get the same rows in one transaction, `c` is emptied and filled again in one, `d` gets other columns. All else is as before.
 */
export function notOfOneMoment(before: Contents, found: Contents, areOthersAtWork: boolean): readonly string[] {
  const isLedger = (name: string): boolean => areOthersAtWork && name.startsWith('ledger.');
  const names = [...new Set([...Object.keys(before), ...Object.keys(found)])];
  const rows = (name: string): string | undefined => found[name]?.split(' ')[0];
  return [
    ...names.filter((name) => !isLedger(name) && before[name] !== found[name]).map((name) => `${name} has ${found[name] ?? 'nothing'} instead of ${before[name] ?? 'nothing'}`),
    ...areOthersAtWork && found['ledger.a'] !== found['ledger.b'] ? [`ledger.a has ${found['ledger.a']}, and ledger.b ${found['ledger.b']}: half a transaction`] : [],
    ...areOthersAtWork ? ['ledger.c', 'ledger.d'].filter((name) => rows(name) !== '50').map((name) => `${name} has ${rows(name)} rows, and never had other than 50`) : [],
  ];
}

export const areEqual = (one: Contents, other: Contents): boolean => notOfOneMoment(one, other, false).length === 0;
