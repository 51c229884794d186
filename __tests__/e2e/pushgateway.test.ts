import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readMetrics, type Sample } from '../telemetry/prometheus.js';
import type { Any } from './harness/api.js';
import { expectEnding } from './harness/ending.js';
import { eventually, root } from './harness/environment.js';
import { runAction, type ActionResult } from './harness/run-action.js';
import { withSettings } from './harness/workspace.js';

jest.setTimeout(300_000);

/* A real Pushgateway, from its Debian package. Where it cannot be had, these tests are skipped, and their title says why. */

const tool = await promisify(execFile)(process.execPath, [join(root, 'sandbox/sandbox.mjs'), 'tool', 'pushgateway'])
  .then(({ stdout }) => ({ program: stdout.trim() }), (error: { stderr?: string }) => ({ missing: error.stderr?.trim() ?? String(error) }));

const folder = mkdtempSync(join(tmpdir(), 'pushgateway-'));
let server: ChildProcess | undefined;
let url = '';

const freePort = (): Promise<number> => new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address() as AddressInfo;
    probe.close(() => { resolve(port); });
  });
});

beforeAll(async () => {
  if (!('program' in tool)) return;
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  server = spawn(tool.program, [`--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
  await eventually('the Pushgateway is ready', () => fetch(`${url}/-/ready`).then(({ ok }) => ok, () => false));
});
afterAll(() => {
  server?.kill();
  rmSync(folder, { recursive: true, force: true });
});

const samples = async (app: string): Promise<readonly Sample[]> =>
  readMetrics(await (await fetch(`${url}/metrics`)).text()).filter(({ name, labels }) => name.startsWith('deploy_') && labels['app'] === app);
const valueOf = (all: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}): number | undefined =>
  all.find((sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value))?.value;

const run = (app: string, test: string, more: Any = {}, inputs: Any = {}): Promise<ActionResult> =>
  withSettings({ app, test, metrics: { pushgateway: { url, ...more } } }, (workspace) => runAction({ workspace, inputs }));

(('program' in tool) ? describe : describe.skip)('program' in tool ? 'a Pushgateway' : `a Pushgateway (skipped: ${tool.missing})`, () => {
  it('has the figures of the last run, and the time of the last success after a failure', async () => {
    const app = `app-${randomBytes(4).toString('hex')}`;
    expectEnding(await run(app, 'true'), { verdict: 'tested' });
    const good = await samples(app);
    expect(valueOf(good, 'deploy_run_success')).toBe(1);
    expect(valueOf(good, 'deploy_run_verdict', { verdict: 'tested' })).toBe(1);
    expect(good.every(({ labels }) => labels['job'] === 'build')).toBe(true);
    const success = valueOf(good, 'deploy_last_success_timestamp_seconds');
    expect(success).toBeGreaterThan(1_600_000_000);

    expectEnding(await run(app, 'echo why; exit 3'), { verdict: 'failed', cause: 'test-failed', stage: 'test' });
    const bad = await samples(app);
    expect([valueOf(bad, 'deploy_run_success'), valueOf(bad, 'deploy_run_info', { verdict: 'failed', cause: 'test-failed', stage: 'test' }), valueOf(bad, 'deploy_last_success_timestamp_seconds')]).toEqual([0, 1, success]);
    expect(valueOf(bad, 'deploy_run_verdict', { verdict: 'tested' })).toBe(0);
    expect(valueOf(bad, 'deploy_stage_success', { stage: 'test' })).toBe(0);
  });

  it('is left alone by a dry run', async () => {
    expectEnding(await run('app-dry', 'true', {}, { 'dry-run': 'true' }), { verdict: 'planned' });
    expect(await samples('app-dry')).toEqual([]);
  });

  it('takes an environment of any name', async () => {
    const result = await withSettings({ app: 'app-named', test: 'true', environments: { 'eu/"west" ü': { metrics: { pushgateway: { url } } } } }, (workspace) => runAction({ workspace, inputs: { environment: 'eu/"west" ü' } }));
    expectEnding(result, { verdict: 'tested' });
    expect((await samples('app-named'))[0]?.labels).toMatchObject({ environment: 'eu/"west" ü' });
  });

  it('that wants a login gets it, and one that cannot be reached is a warning', async () => {
    const password = 'hunter2hunter2';
    const { stdout: login } = await promisify(execFile)('htpasswd', ['-nbB', '-C', '4', 'ci', password]);
    writeFileSync(join(folder, 'web.yml'), `basic_auth_users:\n  ${login.trim().replace(':', ': ')}\n`);
    const port = await freePort();
    const guarded = spawn((tool as { program: string }).program, [`--web.listen-address=127.0.0.1:${port}`, `--web.config.file=${join(folder, 'web.yml')}`], { stdio: 'ignore' });
    try {
      await eventually('the guarded Pushgateway answers', () => fetch(`http://127.0.0.1:${port}/-/ready`).then(({ status }) => status === 401, () => false));
      const ran = (given: string): Promise<ActionResult> => withSettings(
        { app: 'app-login', test: 'true', metrics: { pushgateway: { url: `http://127.0.0.1:${port}`, username: 'ci', password: 'env:PUSH' } } },
        (workspace) => runAction({ workspace, inputs: {}, env: { PUSH: given } }),
      );
      const warned = ({ commands }: ActionResult): string[] => commands.filter(({ name }) => name === 'warning').map(({ message }) => message).filter((message) => message.includes('metrics'));
      expect(warned(await ran(password))).toEqual([]);
      expect(warned(await ran('wrong-password'))).toEqual([expect.stringMatching(/^The push of metrics failed: .* returned 401.*The run is not affected\.$/)]);
    } finally {
      guarded.kill();
    }
    const result = await run('app-away', 'true', { url: `http://127.0.0.1:${await freePort()}` });
    expectEnding(result, { verdict: 'tested' });
    expect(result.commands.filter(({ name }) => name === 'warning').map(({ message }) => message)).toEqual([expect.stringMatching(/^The push of metrics failed: .*refused the connection/)]);
  });
});
