import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeApi } from './harness/api.js';
import { inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { environment, root } from './harness/environment.js';
import { closeImages, type PushedImage } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import type { Space } from './harness/namespace.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

/** `node dist/cli.js rollout … | head -1`, and the exit code of the first of the two. */
async function rolloutWithOneReader(space: Space, image: PushedImage): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-terminal-'));
  const flags = Object.entries(rolloutInputs(space, image)).map(([name, value]) => `--${name}=${value}`);
  try {
    const child = spawn('bash', ['-c', '"$@" | head -1; exit "${PIPESTATUS[0]}"', 'bash', process.execPath, join(root, 'dist/cli.js'), 'rollout', ...flags], {
      cwd: folder, env: { PATH: process.env.PATH, HOME: folder, DOCKER_CONFIG: environment().dockerConfig }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
    const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { exitCode, ...said };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const flagsOf = (inputs: Readonly<Record<string, string>>): readonly string[] => Object.entries(inputs).map(([name, value]) => `--${name}=${value}`);

interface Said { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }

/** The command line in an empty folder, without a terminal. */
async function cli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Said> {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-terminal-'));
  try {
    const child = spawn(process.execPath, [join(root, 'dist/cli.js'), ...args], {
      cwd: folder, env: { PATH: process.env.PATH, HOME: folder, DOCKER_CONFIG: environment().dockerConfig, ...env }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
    const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
    // No file is left that was not asked for.
    expect(readdirSync(folder).filter((name) => !name.startsWith('.'))).toEqual([]);
    return { exitCode, ...said };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The command line on a pseudo-terminal of `script`, where Ctrl-C is typed once `text` is on the screen for the first time: the
 * terminal makes a signal of it, for the command and all of its children.
 */
async function onPseudoTerminal(args: readonly string[], text: string): Promise<{ readonly exitCode: number | null; readonly screen: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-terminal-'));
  const typed = [process.execPath, join(root, 'dist/cli.js'), ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  try {
    const child = spawn('script', ['--quiet', '--return', '--flush', '--command', typed, '/dev/null'], {
      cwd: folder, env: { PATH: process.env.PATH, HOME: folder, TERM: 'xterm', DOCKER_CONFIG: environment().dockerConfig }, stdio: ['pipe', 'pipe', 'inherit'],
    });
    let [screen, isTyped] = ['', false];
    child.stdout.on('data', (chunk: Buffer) => {
      screen += chunk.toString();
      if (isTyped || !new RegExp(`rollout +${text}`).test(screen)) return;
      isTyped = true;
      child.stdin.write('\u0003');
    });
    return { exitCode: await new Promise<number | null>((resolve) => child.on('close', resolve)), screen };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('in a terminal whose reader goes away after one line', () => {
  it.concurrent('a good version is deployed, and the lock given up', inSpace('head', async (space) => {
    await startHealthy(space);
    const v2 = await variant('v2');
    const { exitCode, stdout, stderr } = await rolloutWithOneReader(space, v2);
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(exitCode).toBe(0);
    expect(await runningImages(space, 'web')).toEqual([`${v2.name}@${v2.digest}`]);
    expect((await ledgerOf(space)).run.phase).toBe('verified');
    expect((await space.get('Lease', 'deploy-lock-app')).spec.holderIdentity).toBe('');
  }));

  it.concurrent('a bad version is rolled back', inSpace('head', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const { exitCode, stderr } = await rolloutWithOneReader(space, await variant('v2', 'crash'));
    expect(stderr).toMatch(/^error: Container web of pod /m);
    expect(exitCode).toBe(1);
    expect(await snapshotOf(space)).toEqual(before);
    expect((await ledgerOf(space)).run.phase).toBe('restored');
    expect((await space.get('Lease', 'deploy-lock-app')).spec.holderIdentity).toBe('');
  }));
});

describe('in a terminal where Ctrl-C is pressed three times', () => {
  it.concurrent('it ends at once, and leaves no file with a login behind', inSpace('impatient', async (space) => {
    await startHealthy(space);
    const never = await variant('v2', 'slow-ready=120s');
    const folder = mkdtempSync(join(tmpdir(), 'deploy-terminal-'));
    // Given as content, it is written into the folder of the run.
    const flags = Object.entries(rolloutInputs(space, never, { kubeconfig: readFileSync(space.kubeconfig, 'utf8') })).map(([name, value]) => `--${name}=${value}`);
    const child = spawn(process.execPath, [join(root, 'dist/cli.js'), 'rollout', ...flags], {
      cwd: folder, env: { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, DOCKER_CONFIG: environment().dockerConfig }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    const own = (): readonly string[] => readdirSync(folder).filter((name) => name.startsWith('deploy-action-'));
    let [said, there]: [string, readonly string[]] = ['', []];
    let pressing: NodeJS.Timeout | undefined;
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      if (pressing || !/ rollout +deployment/m.test(said)) return;
      there = own();
      pressing = setInterval(() => child.kill('SIGINT'), 200);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    try {
      expect(await new Promise<number | null>((resolve) => child.on('close', resolve))).toBe(130);
      expect(said).toContain('Stopped. A rollout that had started is unfinished');
      expect(there).toHaveLength(1);
      expect(own()).toEqual([]);
    } finally {
      clearInterval(pressing);
      rmSync(folder, { recursive: true, force: true });
    }
  }));
});

describe('in a terminal where Ctrl-C is pressed once', () => {
  it.concurrent('what was changed is undone, and then it ends with 130', inSpace('patient', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const never = await variant('v2', 'slow-ready=120s');
    const { exitCode, screen } = await onPseudoTerminal(['rollout', ...flagsOf(rolloutInputs(space, never))], 'deployment/web');
    expect(exitCode).toBe(130);
    expect(screen).toContain('Stopping after SIGINT. What was changed is undone first.');
    // A rollback is not green.
    expect(screen.replaceAll('\u001b[', '<')).toContain('<33m<1m↩ rolled-back: cancelled');
    expect(await snapshotOf(space)).toEqual(before);
    expect((await ledgerOf(space)).run.phase).toBe('restored');
  }));
});

describe('the list of releases', () => {
  it.concurrent('is a table with short names, and the current one marked; everything in full with --verbose', inSpace('list', async (space) => {
    const v1 = await startHealthy(space);
    const v2 = await variant('v2');
    const flags = flagsOf({ kubeconfig: space.kubeconfig, namespace: space.name, app: 'app' });
    const none = await cli(['rollback', ...flags, '--dry-run'], { DEPLOY_REGISTRY_PASSWORD: 'hunter22-hunter22' });
    expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining('error: There is no verified release to roll back to. No release of app is recorded')]);
    expect(none.stdout).not.toContain('The settings are not valid');

    expect((await cli(['rollout', ...flagsOf(rolloutInputs(space, v2))])).exitCode).toBe(0);
    const { exitCode, stdout } = await cli(['rollback', ...flags, '--dry-run']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/ release +age$/m);
    expect(stdout).toMatch(/ app\S* +\d+ \S+ ago +verified +← now$/m);
    expect(stdout).not.toContain(v2.digest);
    expect((await cli(['rollback', ...flags, '--dry-run', '--verbose'])).stdout).toContain(v1.reference);
  }));
});
