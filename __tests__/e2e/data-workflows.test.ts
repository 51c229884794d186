import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { stringify } from 'yaml';
import { createRepository } from '../../scripts/live/hello.mjs';
import { runAct, type ActResult } from './harness/act.js';
import { closeApi } from './harness/api.js';
import { inSpace } from './harness/app.js';
import { accountFor } from './harness/data/account.js';
import { lab } from './harness/data/lab.js';
import { postgres } from './harness/data/postgres.js';
import { s3, type S3 } from './harness/data/s3.js';
import type { Space } from './harness/namespace.js';
import { published } from './harness/published.js';
import { recipe } from './harness/recipe.js';

/*
 * The recipes of docs/workflows.md for backups, run as GitHub would run them, with a real database, a real store, and the account of
 * docs/rbac-backup.yaml.
 */

jest.setTimeout(600_000);
const data = await lab();
let home: string;
let actions: Readonly<Record<string, string>>;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'act-'));
  actions = published(join(home, 'published'));
});
afterAll(() => {
  rmSync(home, { recursive: true, force: true });
  closeApi();
});

interface Repository {
  /** Runs one of its workflows, with the secrets that this one is for. */
  run(workflow: string, keys?: Readonly<Record<string, string>>, inputs?: Readonly<Record<string, string>>): Promise<ActResult>;
  readonly store: S3;
  close(): Promise<void>;
}

const events: Readonly<Record<string, string>> = { 'backup-age.yml': 'push', 'restore.yml': 'workflow_dispatch' };

/** A repository with the workflows of the page, and settings for a database in the space. */
async function repositoryFor(space: Space): Promise<Repository> {
  const store = await s3(data);
  const repository = await createRepository();
  const [identity, signing] = [await generateIdentity(), generateKeyPairSync('ed25519')];
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(repository.folder, path)), { recursive: true });
    writeFileSync(join(repository.folder, path), text);
  };
  write('.github/deploy.yml', stringify({
    app: 'hello',
    databases: { main: { engine: 'postgres', pod: 'app.kubernetes.io/name=postgresql', database: 'app', password: 'secret/postgresql/postgres-password' } },
    backup: {
      to: `s3://${store.bucket}/api`, endpoint: store.endpoint, recipients: [await identityToRecipient(identity)], identity: 'env:BACKUP_IDENTITY',
      sign: 'env:BACKUP_SIGNING_KEY', 'signed-by': signing.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      rpo: '6h', retention: '30d', assertions: ['SELECT count(*) > 0 FROM sales.customer'],
    },
    environments: { production: { namespace: space.name } },
  }));
  const more = '      BACKUP_SIGNING_KEY: ${{ secrets.BACKUP_SIGNING_KEY }}';
  const last = '      BACKUP_SECRET_ACCESS_KEY: ${{ secrets.BACKUP_SECRET_ACCESS_KEY }}';
  write('.github/workflows/backup.yml', recipe('Scheduled backups', { [last]: `${last}\n${more}` }));
  write('.github/workflows/backup-age.yml', recipe('Scheduled backups', { [last]: `${last}\n${more}` }, 1));
  write('.github/workflows/restore-drill.yml', recipe('A weekly restore drill'));
  write('.github/workflows/restore.yml', recipe('Restore by a form'));
  const [account, restoring] = [await accountFor(space, 'backup'), await accountFor(space, 'restore')];
  const secrets: Readonly<Record<string, string>> = {
    BACKUP_KUBECONFIG: readFileSync(account.kubeconfig).toString('base64'), RESTORE_KUBECONFIG: readFileSync(restoring.kubeconfig).toString('base64'),
    BACKUP_IDENTITY: identity,
    BACKUP_SIGNING_KEY: signing.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ...Object.fromEntries(['BACKUP', 'RESTORE'].flatMap((of) => [[`${of}_ACCESS_KEY_ID`, store.accessKey], [`${of}_SECRET_ACCESS_KEY`, store.secretKey]])),
  };
  return {
    store,
    run: (workflow, changed = {}, given = {}) => runAct({
      folder: repository.folder, home, path: process.env['PATH'] ?? '', actions,
      words: [events[workflow] ?? 'schedule', ...Object.entries(given).flatMap(([name, value]) => ['--input', `${name}=${value}`]), '-W', `.github/workflows/${workflow}`, ...Object.entries({ ...secrets, ...changed }).flatMap(([name, value]) => ['-s', `${name}=${value}`])],
    }),
    close: async () => {
      repository.remove();
      await store.stop();
    },
  };
}

describe('a scheduled backup', () => {
  it('is made, checked from elsewhere, and rehearsed; each alarm rings', inSpace('flows', async (space) => {
    const database = await postgres(space, data);
    await database.fill({ rows: 400 });
    const { run, store, close } = await repositoryFor(space);
    try {
      // Before the first one, the check is red.
      const none = await run('backup-age.yml');
      expect([none.results, none.said]).toEqual([['failure'], expect.stringContaining('There is no verified backup of main.')]);

      const made = await run('backup.yml');
      expect([made.results, made.summaries.join('')]).toEqual([['success'], expect.stringContaining('backed-up: `hello` for `production`')]);
      const stored = await store.objects();
      expect(stored.map(({ key }) => key.replace(/\d{4}[^/]*/, 'NAME'))).toEqual(['api/main/NAME/dump.age', 'api/main/NAME/manifest.json', 'api/main/NAME/roles.sql.age']);
      // Nothing but the report is uploaded, and it is small.
      expect(made.said.match(/artifact [^$]\S*: \d+ bytes/g)).toEqual([expect.stringMatching(/^artifact deploy-report-\S+: \d{3,4} bytes$/)]);
      expect((await run('backup-age.yml')).results).toEqual(['success']);

      const drill = await run('restore-drill.yml');
      expect([drill.results, drill.summaries.join('\n')]).toEqual([['success'], expect.stringMatching(/\| time to restore \(RTO\) \| \d+ min \| 60 min \|\n\| age of the backup \(RPO\) \| \d+ min \| 360 min \|/)]);
      expect(drill.said.match(/artifact [^$]\S*: \d+ bytes/g)).toEqual([expect.stringMatching(/^artifact deploy-report-/), expect.stringMatching(/^artifact restore-drill-badge-\S+: 1\d\d bytes$/)]);
      expect(await space.list('Job')).toEqual([]);

      const before = await database.contents();
      await database.sql('TRUNCATE sales.customer CASCADE');
      const restored = await run('restore.yml', {}, { confirm: 'app', reason: 'INC-7: <!-- @all --> rows are gone', 'dry-run': 'false' });
      expect(restored.results.every((result) => result === 'success')).toBe(true);
      expect(restored.summaries.join('\n')).toMatch(/^Restore requested by \S+:\n\n {4}INC-7: <!-- @all --> rows are gone\n[^]*planned:[^]*restored:/);
      expect(await database.contents()).toEqual(before);
      for (const { said } of [made, drill]) expect(said).not.toContain(database.password);

      // A backup that fails, with one that is young enough, and then without one.
      const wrong = await run('backup.yml', { BACKUP_SECRET_ACCESS_KEY: 'wrong' });
      expect([wrong.results, wrong.said]).toEqual([['failure'], expect.stringContaining('SignatureDoesNotMatch')]);
      await database.sql('ALTER TABLE sales.customer RENAME TO gone');
      const failed = await run('backup.yml');
      expect([failed.results, failed.said.includes('backup-overdue')]).toEqual([['failure'], false]);
      expect(await store.objects()).toEqual(stored);

      // A flipped bit is found by the drill.
      const dump = stored.find(({ key }) => key.endsWith('dump.age'))?.key ?? '';
      store.corrupt(dump, (bytes) => Buffer.from(bytes.map((byte, index) => (index === bytes.length - 9 ? byte ^ 1 : byte))));
      const broken = await run('restore-drill.yml');
      expect([broken.results, broken.said]).toEqual([['failure'], expect.stringContaining('The backup was not restored: see the step before.')]);
      expect(broken.said).toContain('artifact restore-drill-badge-');
    } finally {
      await close();
    }
  }));
});
