import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CommandConfig } from '../../../src/config/config.js';
import { systemClock } from '../../../src/host/clock.js';
import { createFiles } from '../../../src/host/files.js';
import { createProcessRunner } from '../../../src/host/process.js';
import { CancelledError } from '../../../src/outcome/errors.js';
import type { Outcome } from '../../../src/outcome/outcome.js';
import type { Clock } from '../../../src/ports/clock.js';
import { deploy } from '../../../src/workflow/deploy.js';
import { finish } from '../../../src/workflow/finish.js';
import type { Run } from '../../../src/workflow/run.js';
import { fakePorts, type FakePorts } from '../../kubernetes/client/fake-ports.js';
import { config } from '../../workflow/runs.js';
import type { Deed } from './platform.js';
import { commandsAt, servePlatform, type PlatformServer } from './platform-server.js';

/** A clock on which a minute is over in 2.4 s: a command has that long to start on a busy machine. */
const speed = 25;
const swift: Clock = { now: () => Date.now(), monotonic: () => systemClock.monotonic() * speed, sleep: (ms, signal) => systemClock.sleep(ms / speed, signal) };
const processes = createProcessRunner({ killAfterMs: 300, leftBehindMs: 100 });

describe('real commands against a real server', () => {
  let server: PlatformServer;
  let folder: string;
  let ports: FakePorts;
  beforeEach(async () => {
    server = await servePlatform();
    folder = await mkdtemp(join(tmpdir(), 'command-'));
    // Git is asked for the commit of the folder that the tests run in, which is none of this.
    const process = { ...processes, run: async () => ({ code: 128, stdout: '', stderr: 'fatal: not a git repository' }) };
    ports = fakePorts({ clock: swift, process, env: globalThis.process.env });
  });
  afterEach(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  const runOf = (commands: Partial<CommandConfig> = {}, cancelled = new AbortController().signal): Run => ({
    action: 'deploy', ports: { ...ports, files: createFiles(folder), cancelled }, id: 'run-1', folder, facts: { commit: 'c2' },
    config: config({ command: { ...commandsAt(server.port), timeoutMs: 50_000, workingDirectory: folder, ...commands } }),
    startedAt: swift.monotonic(), startedAtWall: swift.now(), hasPost: true, keep: async () => undefined, announce: () => undefined,
  });
  const run = (commands?: Partial<CommandConfig>): Promise<Outcome> => deploy(runOf(commands));

  it.each<readonly [Deed, number, Outcome['verdict'], string]>([
    ['done', 0, 'deployed', 'api-00002'],
    ['done', 400, 'deployed', 'api-00002'],
    ['pinned', 0, 'failed', 'api-00001'],
    ['refused', 0, 'failed', 'api-00001'],
    ['done, and says it failed', 0, 'rolled-back', 'api-00001'],
    ['never answered', 0, 'failed', 'api-00001'],
    ['done, and never answered', 0, 'rolled-back', 'api-00001'],
  ])('a deployment that is %s, with traffic that follows after %d ms, is %s', async (deed, switchMs, verdict, traffic) => {
    Object.assign(server.platform, { deploying: deed, switchMs });
    const outcome = await run();
    expect([outcome.verdict, server.platform.traffic.name, outcome.failure?.message ?? '']).toEqual([verdict, traffic, expect.any(String)]);
    expect(server.platform.changes.filter((change) => change.startsWith('rollback'))).toHaveLength(verdict === 'rolled-back' ? 1 : 0);
    if (deed === 'refused') {
      expect(outcome.failure?.message).toBe('`deploy` failed: `[[ $status == *" 200 "* ]]` (line 9 of `command.deploy`) exited with code 1.');
      expect(outcome.failure?.evidence).toEqual([{ title: 'last lines of `deploy`', text: 'quota exceeded' }]);
      expect(ports.lines).toContain('output quota exceeded');
    }
  });

  it.each<readonly [Deed, Outcome['verdict']]>([
    ['done', 'rolled-back'], ['done, and says it failed', 'rolled-back'], ['refused', 'rollback-failed'],
  ])('a version that does not serve, and whose rollback is %s, is %s', async (deed, verdict) => {
    server.platform.broken.add('c2');
    server.platform.goingBack = deed;
    expect((await run()).verdict).toBe(verdict);
  });

  it('an unknown revision is no way back, as the platform says', async () => {
    server.platform.broken.add('c2');
    server.platform.says = (serving) => (serving === 'api-00001' ? 'api-0000X' : serving);
    const outcome = await run();
    expect([outcome.verdict, outcome.rollback?.notes[0]]).toEqual(['rollback-failed', expect.stringContaining('`current` prints api-00002, not api-0000X.')]);
  });

  it('what it prints in colours is compared without them', async () => {
    server.platform.says = (serving) => `\u001b[2J\u001b[1m10 %\r90 %\r\u001b[32m${serving}\u001b[0m\n`;
    server.platform.deploying = 'done, and says it failed';
    const outcome = await run();
    expect([outcome.verdict, outcome.changes[0]?.before, outcome.changes[0]?.now]).toEqual(['rolled-back', 'api-00001', 'api-00001']);
  });

  it('commands see what a step would see, and none of what is the action\'s own', async () => {
    const own = { 'INPUT_REGISTRY-PASSWORD': 'a', 'STATE_x': 'b', 'ACTIONS_RUNTIME_TOKEN': 'c', 'DEPLOY_REGISTRY_PASSWORD': 'd', 'FLY_API_TOKEN': 'e' };
    Object.assign(process.env, own);
    try {
      await run({ deploy: [`env >${folder}/seen`], verify: ['true'] });
    } finally {
      for (const name of Object.keys(own)) delete process.env[name];
    }
    const seen = (await readFile(join(folder, 'seen'), 'utf8')).split('\n').filter((line) => /^(INPUT|STATE|ACTIONS|DEPLOY|FLY)_/.test(line)).sort();
    expect(seen).toEqual(['DEPLOY_COMMIT=c2', 'DEPLOY_DIGEST=', 'DEPLOY_ENVIRONMENT=', 'DEPLOY_PREVIOUS=api-00001', 'DEPLOY_REFERENCE=', 'DEPLOY_RUN=run-1', 'FLY_API_TOKEN=e']);
  });

  it('a command that is cancelled is killed with what it has started, and its post step goes back', async () => {
    server.platform.deploying = 'done, and never answered';
    const stop = new AbortController();
    const deploying = server.arrived('/deploy');
    const cancelled = deploy(runOf({ deploy: [`sleep 1000 & echo $! >${folder}/child`, ...commandsAt(server.port).deploy] }, stop.signal));
    await deploying;
    stop.abort(new CancelledError('SIGINT'));
    const outcome = await cancelled;
    expect([outcome.verdict, outcome.failure?.cause, server.platform.traffic.name]).toEqual(['rollback-failed', 'cancelled', 'api-00002']);
    const child = (await readFile(join(folder, 'child'), 'utf8')).trim();
    expect(await readFile(`/proc/${child}/stat`, 'utf8').catch(() => ') X')).toMatch(/\) [ZX]/);
    const post = await finish({ ...runOf(), hasPost: false });
    expect([post?.verdict, server.platform.traffic.name]).toEqual(['rolled-back', 'api-00001']);
  });

  it('bash that is not there is said before anything is changed', async () => {
    const outcome = await run({ workingDirectory: join(folder, 'nowhere') });
    expect([outcome.verdict, outcome.failure?.cause, outcome.failure?.message]).toEqual([
      'failed', 'config-invalid', `bash could not be started in ${join(folder, 'nowhere')}: the folder does not exist.`,
    ]);
  });
});
