import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, expect, it, jest } from '@jest/globals';
import { composeProject, postgresService, redisService, type Project } from './harness/data/compose.js';
import { contentsSql, fillSql } from './harness/data/filling.js';
import { lab } from './harness/data/lab.js';

jest.setTimeout(300_000);

const data = await lab();
const password = 'it\'s "one"';
const project = await composeProject({
  services: { db: postgresService(data, password, 'rows'), cache: redisService(data, password, { depends_on: { db: { condition: 'service_healthy' } } }) },
  volumes: { rows: {} },
});
afterAll(() => project.remove());

const sql = (text: string, database = 'app'): ReturnType<Project['run']> =>
  project.run('db', ['psql', '--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set', 'ON_ERROR_STOP=1', '--username', 'postgres', '--dbname', database], text);

it('runs databases in services of Docker Compose, which keep their data, and can be dumped', async () => {
  await project.up();
  expect((await sql(fillSql({ tables: 1, rows: 100 }))).code).toBe(0);
  const before = String((await sql(contentsSql)).stdout);
  expect(JSON.parse(before)).toMatchObject({ 'public.item_1': expect.stringMatching(/^100 [0-9a-f]{32}$/) });

  const { stdout: dump } = await project.run('db', ['pg_dump', '--username', 'postgres', '--format', 'custom', 'app']);
  expect((await sql('CREATE DATABASE copy')).code).toBe(0);
  expect(await project.run('db', ['pg_restore', '--username', 'postgres', '--exit-on-error', '--dbname', 'copy'], dump)).toMatchObject({ code: 0 });
  expect(String((await sql(contentsSql, 'copy')).stdout)).toBe(before);

  // By its port on this machine, with its password.
  const [, port = ''] = /:(\d+)\n$/.exec(String((await project.compose(['port', 'db', '5432'])).stdout)) ?? [];
  const { stdout } = await promisify(execFile)(`${data.postgres.programs}/psql`, [
    '-XAt', '--host', '127.0.0.1', '--port', port, '--username', 'postgres', '--dbname', 'app', '--command', 'SELECT count(*) FROM public.item_1',
  ], { env: { ...process.env, PGPASSWORD: password } });
  expect(stdout).toBe('100\n');
  // By its name, from another service.
  expect(String((await project.run('cache', ['getent', 'hosts', 'db'])).stdout)).toMatch(/ db\n$/);

  await project.compose(['down']);
  await project.up();
  expect(String((await sql(contentsSql)).stdout)).toBe(before);
});
