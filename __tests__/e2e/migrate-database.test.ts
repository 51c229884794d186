import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, jest } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { closeApi, type Any } from './harness/api.js';
import { inSpace } from './harness/app.js';
import { lab } from './harness/data/lab.js';
import { postgres, type Postgres } from './harness/data/postgres.js';
import { psqlApp } from './harness/data/psql-app.js';
import { expectEnding, expectHidden, expectTold } from './harness/ending.js';
import { eventually, root } from './harness/environment.js';
import { ledgerOf } from './harness/ledger.js';
import type { Space } from './harness/namespace.js';
import { grant } from './harness/rights.js';
import { runAction, type ActionResult } from './harness/run-action.js';
import { runningImages } from './harness/snapshot.js';
import { withSettings } from './harness/workspace.js';
import { deployment } from './harness/workloads.js';

/*
 * An app whose migrations are statements of SQL, with a real PostgreSQL: it logs in as a role of its own, which owns the database, with
 * a password and by the name of a Service. Each version is an image of its own, with the migration in its environment.
 */

jest.setTimeout(600_000);
const data = await lab();
afterAll(closeApi);

const migrated = (version: number, sql: string): string => `BEGIN; ${sql}; TRUNCATE schema_migrations; INSERT INTO schema_migrations VALUES (${version}, false); COMMIT`;

async function startApp(space: Space): Promise<{ readonly database: Postgres; readonly old: readonly string[] }> {
  const database = await postgres(space, data, { container: { resources: { requests: { cpu: '10m', memory: '64Mi' } } } });
  await database.sql(`
    CREATE ROLE shop LOGIN PASSWORD 'of-the-app'; ALTER DATABASE app OWNER TO shop; SET ROLE shop;
    CREATE TABLE customer (id int PRIMARY KEY, email text); INSERT INTO customer VALUES (1, 'a@example.org'), (2, NULL);
    CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL); INSERT INTO schema_migrations VALUES (1, false)`);
  const first = await psqlApp(data, 'app-1', { VERSION: '1' });
  const { spec } = await space.get('Service', database.name);
  await space.apply(deployment('web', {
    image: first.reference, replicas: 1,
    // The sandbox has no DNS.
    pod: { hostAliases: [{ ip: spec.clusterIP, hostnames: [database.name] }] },
    container: {
      command: ['sh', '-c', 'trap "exit 0" TERM; [ -z "$BROKEN" ] || { echo "fatal: the configuration is missing" >&2; exit 1; }; while :; do sleep 0.5; done'],
      readinessProbe: undefined, ports: [],
      env: Object.entries({ PGHOST: 'postgresql', PGUSER: 'shop', PGPASSWORD: 'of-the-app', PGDATABASE: 'app' }).map(([name, value]) => ({ name, value })),
    },
  }));
  await space.rolledOut('Deployment', 'web');
  await space.apply(...parseAllDocuments(readFileSync(join(root, 'docs/rbac-migrations.yaml'), 'utf8')).map((document) => document.toJS() as Any));
  await grant(space, { apiGroups: [''], resources: ['pods/exec'], verbs: ['create', 'get'] }, { apiGroups: [''], resources: ['pods'], verbs: ['get'] }, { apiGroups: [''], resources: ['secrets'], resourceNames: ['postgresql'], verbs: ['get'] });
  return { database, old: await runningImages(space, 'web') };
}

it('a migration is tried on a restored copy of the real database first, and nothing of it is left', inSpace('migrate-data', async (space) => {
  const backups = mkdtempSync(join(tmpdir(), 'backups-'));
  const { database, old } = await startApp(space);
  const settings = {
    databases: { main: { engine: 'postgres', pod: 'app.kubernetes.io/name=postgresql', database: 'app', password: 'secret/postgresql/postgres-password' } },
    backup: { to: backups }, migrate: { run: 'psql --no-psqlrc -v ON_ERROR_STOP=1 -c "$MIGRATION" ${AT:+-h "$AT"}', reversible: 'psql --no-psqlrc -v ON_ERROR_STOP=1 -c "$UNDO"', rehearse: true },
  };
  const run = async (tag: string, env: Readonly<Record<string, string>>, inputs: Readonly<Record<string, string>> = {}): Promise<ActionResult> => {
    const { name, digest } = await psqlApp(data, tag, env);
    return withSettings(settings, (workspace) => runAction({
      workspace, env: { GITHUB_RUN_ID: `${5000 + tag.length}${tag.replace(/\D/g, '')}` },
      inputs: { app: 'shop', kubeconfig: space.kubeconfig, namespace: space.name, image: name, digest, workloads: 'deployment/web', ...inputs },
    }));
  };
  const heads = (): Promise<string> => database.sql('SELECT version FROM schema_migrations');
  try {
    const second = { VERSION: '2', MIGRATION: migrated(2, 'ALTER TABLE customer ADD phone text') };
    const deployed = await run('app-2', second);
    expectEnding(deployed, { verdict: 'deployed' });
    for (const line of [
      /^made the restored and compared backup \S+ of the database main$/m, /^trying the migration on a restored copy of main first, to which these names lead: postgresql, postgresql-0\.postgresql, /m,
      /^the migration succeeded on the copy in [\d.]+ s: golang-migrate 1 → golang-migrate 2$/m, /^migrated the database main in [\d.]+ s: golang-migrate 1 → golang-migrate 2$/m,
    ]) expect(deployed.log).toMatch(line);
    expect(deployed.report.data.rehearsal).toMatchObject({ database: 'main', headBefore: 'golang-migrate 1', headAfter: 'golang-migrate 2' });
    expect(deployed.summary).toMatch(/The migration was run on a restored copy of `main` \(backup `\S+`\) first, which took [\d.]+ s: `golang-migrate 1` → `golang-migrate 2`\./);
    expectHidden(deployed, database.password);
    expect((await ledgerOf(space, 'shop')).releases[0].migrations).toMatchObject([{ state: 'applied', headBefore: 'golang-migrate 1', headAfter: 'golang-migrate 2' }]);
    const runs2 = await runningImages(space, 'web');
    expect([await heads(), runs2]).toEqual(['2', expect.not.arrayContaining([...old])]);
    // The Job of the migration is kept for its log, that of the rehearsal is not.
    await eventually('the rehearsal is gone', async () => (await space.list('Pod', 'deploy-action/purpose=rehearse')).length === 0);
    expect((await space.list('Job')).map(({ metadata }) => metadata.labels['deploy-action/purpose'])).toEqual(['migrate']);

    const before = await database.contents();
    const failed = await run('app-3', { VERSION: '3', MIGRATION: migrated(3, 'ALTER TABLE customer ALTER email SET NOT NULL') });
    expectEnding(failed, { verdict: 'failed', cause: 'migration-failed', stage: 'migrate' });
    expect(failed.report.failure.message).toMatch(/^The migration failed on a restored copy of main: .* exited with code 1\. The database main was not changed\. Its log says: `ERROR: column "email" of relation "customer" contains null values`$/);
    expect([await database.contents(), await heads(), await runningImages(space, 'web')]).toEqual([before, '2', runs2]);

    // It succeeds on the copy, of the same backup, and its version does not start.
    const undone = await run('app-4', {
      VERSION: '4', BROKEN: 'true', MIGRATION: migrated(4, 'ALTER TABLE customer ADD city text'), UNDO: migrated(2, 'ALTER TABLE customer DROP city'),
    });
    expectEnding(undone, { verdict: 'rolled-back', cause: 'crash-loop' });
    expect(undone.log).toMatch(/use the restored and compared backup/);
    expectTold(undone, 'The migration was undone with `psql');
    expect([await database.contents(), await heads(), await runningImages(space, 'web')]).toEqual([before, '2', runs2]);

    // By the address of the pod, which no name leads to.
    const { status } = await space.get('Pod', database.pod);
    const around = await run('app-5', { VERSION: '5', AT: status.podIP, MIGRATION: migrated(5, 'ALTER TABLE customer ADD street text') });
    expectEnding(around, { verdict: 'failed', cause: 'migration-failed', stage: 'migrate' });
    expectTold(around, 'The migration was to be tried on a restored copy of main, but it changed the database main itself (golang-migrate 2 → golang-migrate 5).');
    expect([await heads(), await runningImages(space, 'web')]).toEqual(['5', runs2]);
  } finally {
    rmSync(backups, { recursive: true, force: true });
  }
}));
