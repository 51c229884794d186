import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { root } from '../docs/pages.js';
import { runAct, type ActResult } from './harness/act.js';

let folder: string;
let server: Server;
/** Start of the last good run; undefined when no run was good. */
let lastGood: string | undefined;
let requests: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'scheduled-'));
  requests = [];
  server = createServer((request, response) => {
    requests.push(`${request.url} ${request.headers.authorization}`);
    const runs = lastGood === undefined ? [] : [{ run_started_at: lastGood }];
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(request.url?.includes('/workflows/') ? { total_count: runs.length, workflow_runs: runs } : { id: 1, workflow_id: 4711 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

/** A repository whose schedule calls the frame. */
async function schedule(inputs: string): Promise<ActResult> {
  const workflows = join(folder, 'repository', '.github', 'workflows');
  mkdirSync(workflows, { recursive: true });
  mkdirSync(join(folder, 'home'));
  writeFileSync(join(workflows, 'scheduled.yml'), readFileSync(join(root, '__tests__', 'workflows', 'frames', 'scheduled.yml')));
  writeFileSync(join(workflows, 'backup.yml'), `name: backup
on:
  schedule: [{ cron: '17 2 * * *' }]
  workflow_dispatch:
permissions: {}
jobs:
  backup:
    uses: ./.github/workflows/scheduled.yml
    permissions: { actions: read }
    with: ${inputs}
`);
  return runAct({
    folder: join(folder, 'repository'), home: join(folder, 'home'), path: process.env['PATH'] ?? '', actions: {},
    words: ['schedule', '-W', '.github/workflows/backup.yml', '-s', 'GITHUB_TOKEN=token-of-the-job', '--env', `GITHUB_API_URL=http://127.0.0.1:${(server.address() as AddressInfo).port}`],
  });
}

const hoursAgo = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString().replace(/\.\d+/, '');

describe('the frame of a scheduled workflow', () => {
  it.each<[string, string | undefined, string]>([
    ['that ran in time says when', hoursAgo(23.5), 'The last good run was 23 hours ago.'],
    ['that was missed warns, and does its work', hoursAgo(50.5), 'The last good run was 50 hours ago, and the limit is 26: look at the runs of this workflow.'],
    ['that runs for the first time says so', undefined, 'No run of this workflow has succeeded yet.'],
  ])('%s', async (_, last, words) => {
    lastGood = last;
    const { results, said } = await schedule('{ only-prove-the-frame: true }');
    expect(said).toContain(words);
    expect([results, requests.length]).toEqual([['success', 'success'], 2]);
    expect(requests[1]).toMatch(/^\/repos\/.*\/actions\/workflows\/4711\/runs\?status=success&per_page=1 Bearer token-of-the-job$/);
  }, 120_000);

  it('fails when it is called for real, as it does nothing', async () => {
    lastGood = hoursAgo(1);
    const { results, said } = await schedule('{ max-age-hours: 26 }');
    expect([...results].sort()).toEqual(['failure', 'success']);
    expect(said).toContain('It saves nothing.');
  }, 120_000);
});
