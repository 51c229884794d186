import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compileSource } from '../host/compile-source.js';

let compiled: string;
let temporary: string;

beforeAll(async () => {
  compiled = await compileSource(['entry', 'report', 'host', 'config', 'workflow', 'kubernetes', 'outcome', 'ports', 'gate', 'script', 'image', 'policy', 'target', 'record', 'check', 'telemetry']);
  await symlink(resolve('node_modules'), join(compiled, 'node_modules'));
  await writeFile(join(compiled, 'main.js'), 'import { runMain } from "./entry/main.js";\nawait runMain("rollout");\n');
  await writeFile(join(compiled, 'cli.js'), 'import { runTerminal } from "./entry/terminal.js";\nawait runTerminal(".");\n');
  await writeFile(join(compiled, 'open.js'), [
    'import { endSoon } from "./entry/ending.js";', 'setInterval(() => undefined, 1000);', 'process.exitCode = 1;',
    'endSoon({ log: { warning: (text) => process.stdout.write(text) } }, 50);', '',
  ].join('\n'));
  await writeFile(join(compiled, 'defect.js'), [
    'import { runnerStep } from "./entry/runner-ports.js";', 'const { ports: { log } } = await runnerStep("run-1");', 'log.mask("hunter2hunter2");',
    'void Promise.reject(new Error("a promise with hunter2hunter2"));',
    'setTimeout(() => { log.info("it went on"); setTimeout(() => { throw new Error("a timer with hunter2hunter2"); }, 10); }, 50);', '',
  ].join('\n'));
  temporary = await mkdtemp(join(tmpdir(), 'entry-'));
}, 30_000);

afterAll(async () => {
  for (const folder of [compiled, temporary]) await rm(folder, { recursive: true, force: true });
});

interface Ended { readonly code: number | null; readonly out: string; readonly err: string }

/** Runs an entry to its end; with `deaf`, nobody reads its output. */
function run(args: readonly string[], env: Readonly<Record<string, string>>, deaf = false): Promise<Ended> {
  const child = spawn(process.execPath, args.map((arg, index) => (index === 0 ? join(compiled, arg) : arg)), {
    env: { PATH: process.env['PATH'], RUNNER_TEMP: temporary, ...env }, cwd: temporary,
  });
  const said = { out: '', err: '' };
  if (deaf) child.stdout.destroy();
  else child.stdout.on('data', (data: Buffer) => { said.out += data.toString(); });
  child.stderr.on('data', (data: Buffer) => { said.err += data.toString(); });
  return new Promise((done) => { child.on('close', (code) => { done({ code, ...said }); }); });
}

describe('a step whose files cannot be written', () => {
  it('says that the outputs are missing, and still tells its verdict', async () => {
    const { code, out, err } = await run(['main.js'], { GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: temporary, GITHUB_STEP_SUMMARY: temporary });
    expect([code, err]).toEqual([1, '']);
    expect(out).toMatch(/^failed: app\. /m);
    expect(out).toMatch(/^::error title=The outputs are missing::The outputs of the step could not be written: EISDIR.*Check that the disk of the runner has free space/m);
    expect(out).toMatch(/^::warning::The summary of the step could not be written: EISDIR/m);
    expect(out).not.toMatch(/^\s+at /m);
  });

  it('begins nothing when its post step could not learn what to remove, and leaves no folder', async () => {
    const before = await readdir(temporary);
    const { code, out, err } = await run(['main.js'], { GITHUB_ACTIONS: 'true', GITHUB_STATE: temporary });
    expect([code, err]).toEqual([1, '']);
    expect(out).toMatch(/^::error title=The action failed::The state for the post step could not be written: EISDIR/m);
    expect(await readdir(temporary)).toEqual(before);
  });
});

it('a defect that nothing waits for is told without its secrets, and does not end the run; one that was thrown does', async () => {
  const { code, out, err } = await run(['defect.js'], { GITHUB_ACTIONS: 'true' });
  expect([code, err]).toEqual([1, '']);
  expect(out.split('\n')).toEqual([
    '::add-mask::hunter2hunter2', '::warning::An error was not handled, which is a bug in this action: a promise with ***', 'it went on',
    expect.stringMatching(/^::error title=The action failed::a timer with \*\*\*%0A/), '',
  ]);
});

describe('settings that are wrong', () => {
  it('are each told once', async () => {
    const { code, out, err } = await run(['cli.js', 'rollout', '--image', 'GHCR.io/a:1', '--digest', 'x', '--workloads', 'deployment/a'], {});
    expect(code).toBe(2);
    expect(err.match(/^error: --image: has the tag "1"/gm)).toHaveLength(1);
    expect(out).toMatch(/^✗ failed {2}\S+\n {2}The settings are not valid: each problem is reported at its place\. Nothing was run or changed\.$/m);
  });

  it('end the command as usual when nobody reads its output', async () => {
    expect(await run(['cli.js', 'rollout', '--image', 'a:1'], {}, true)).toMatchObject({ code: 2, out: '' });
  });
});

describe('a command line that is wrong', () => {
  it('is an error on stderr, with the option that was probably meant, and nothing on stdout', async () => {
    expect(await run(['cli.js', 'rollout', '--imgae', 'a'], {})).toEqual({
      code: 2, out: '', err: expect.stringMatching(/^error: --imgae: unknown option\. Did you mean "--image"\?\nRun `node \S*cli\.js rollout --help` for the options\.\n$/),
    });
  });
});

describe('the version', () => {
  it('is that of the package, without the commit of another repository', async () => {
    expect(await run(['cli.js', '--version'], {})).toMatchObject({ code: 0, out: expect.stringMatching(/^deploy-action .*\n$/), err: '' });
  });
});

describe('a run in a terminal', () => {
  it('leaves a report only where that was asked for, and prints JSON alone on stdout with --json', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'terminal-'));
    const before = await readdir(temporary);
    try {
      const { code, out, err } = await run(['cli.js', 'deploy', '--test', 'echo fine', '--json', '--report', join(folder, 'r.json'), '--report', join(folder, 'r.md')], {});
      expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ verdict: 'tested' })]);
      expect(err).toMatch(/✓ tested/);
      expect(JSON.parse(await readFile(join(folder, 'r.json'), 'utf8'))).toMatchObject({ verdict: 'tested' });
      expect(await readFile(join(folder, 'r.md'), 'utf8')).toMatch(/^###? .*tested/m);
      expect(await readdir(temporary)).toEqual(before);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
  it('folds the output of the tests, shows it when they fail, and all of it with --verbose', async () => {
    expect((await run(['cli.js', 'deploy', '--test', 'echo line'], {})).out).not.toMatch(/^.{21} {2}line$/m);
    expect((await run(['cli.js', 'deploy', '--test', 'echo line', '--verbose'], {})).out).toMatch(/^ +\d+\.\d s {4}test {7}line$/m);
    const { code, out, err } = await run(['cli.js', 'deploy', '--test', 'echo why; false'], {});
    expect(code).toBe(1);
    expect(err).toMatch(/^ {2}why$/m);
    expect(err).toMatch(/^error: The test gate failed: `echo why; false` \(line 1 of `test`\) exited with code 1\.$/m);
    expect(out).toMatch(/^✗ failed {2}/m);
  });
});

describe('a process whose work is done', () => {
  it('ends although something was left open, says so, and keeps its exit code', async () => {
    const { code, out } = await run(['open.js'], {});
    expect([code, out]).toEqual([1, 'The run finished 0.05 s ago, but the process did not exit and was stopped. This is a bug in this action, please report it. The verdict is not affected.']);
  });
});
