import { readFile, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { CommandError } from '../../src/outcome/errors.js';
import { createProcessRunner } from '../../src/host/process.js';
import { compileSource } from './compile-source.js';

const runner = createProcessRunner({ killAfterMs: 300, leftBehindMs: 100 });
const bash = (script: string) => ({ program: 'bash', args: ['-c', script] });

/** Whether the process is gone, or will be in a moment. One that nobody waits for stays as a zombie where process 1 does not reap. */
async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') X');
    if (/\) [ZX]/.test(state)) return true;
    await delay(20);
  }
  return false;
}

describe('running a program', () => {
  it('tells the exit code and both outputs', async () => {
    const exited = await runner.run(bash('echo out; echo err >&2; exit 7'));
    expect(exited).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\n' });
  });

  it('gives lines as they come, with their stream', async () => {
    const lines: string[] = [];
    await runner.run({ ...bash('echo one; printf two >&2'), onLine: (line, stream) => lines.push(`${stream} ${line}`) });
    expect(lines.sort()).toEqual(['stderr two', 'stdout one']);
  });

  it('passes arguments as they are', async () => {
    const hostile = ['$(touch /tmp/x)', '; exit 3', '"', "'", '--', '-e', 'a\nb', ''];
    const { stdout } = await runner.run({ program: 'printf', args: ['%s|', ...hostile] });
    expect(stdout).toBe(hostile.map((value) => `${value}|`).join(''));
  });

  it('passes stdin, and does not mind a program that does not read it', async () => {
    expect((await runner.run({ program: 'cat', args: [], stdin: 'hello' })).stdout).toBe('hello');
    expect((await runner.run({ program: 'true', args: [], stdin: 'x'.repeat(1e6) })).code).toBe(0);
  });

  it('gives no stdin when none is meant', async () => {
    expect((await runner.run({ program: 'cat', args: [] })).code).toBe(0);
  });

  it('adds to the environment and removes from it', async () => {
    process.env['DEPLOY_TEST_GONE'] = 'still here';
    const { stdout } = await runner.run({
      ...bash('echo "${DEPLOY_TEST_GONE-gone} $DEPLOY_TEST_NEW ${PATH:+path}"'), env: { DEPLOY_TEST_GONE: undefined, DEPLOY_TEST_NEW: 'new' },
    });
    delete process.env['DEPLOY_TEST_GONE'];
    expect(stdout).toBe('gone new path\n');
  });

  it('gives no program the inputs, the state and the tokens of the action, unless whoever starts it names one', async () => {
    const own = ['INPUT_KUBECONFIG', 'Input_Registry-Password', 'STATE_folder', 'GITHUB_STATE', 'ACTIONS_RUNTIME_TOKEN', 'ACTIONS_CACHE_URL', 'ACTIONS_RESULTS_URL',
      'ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'DEPLOY_REGISTRY_PASSWORD', 'DEPLOY_BUILD_SECRETS', 'DEPLOY_KUBECONFIG'];
    const others = ['AWS_PROFILE', 'GITHUB_TOKEN', 'DEPLOY_ENVIRONMENT', 'INPUTS', 'TRANSACTIONS_A'];
    for (const name of [...own, ...others]) process.env[name] = `value of ${name}`;
    try {
      const env = { program: 'env', args: [] };
      const started: string[] = [];
      await runner.start({ ...env, onLine: (line) => started.push(line) }).exited;
      for (const text of [(await runner.run(env)).stdout, started.join('\n')]) {
        expect(own.filter((name) => text.includes(`value of ${name}`))).toEqual([]);
        expect(others.filter((name) => text.includes(`${name}=value of ${name}`))).toEqual(others);
      }
      expect((await runner.run({ ...env, env: { ACTIONS_CACHE_URL: 'named' } })).stdout).toContain('ACTIONS_CACHE_URL=named');
    } finally {
      for (const name of [...own, ...others]) delete process.env[name];
    }
  });

  it('keeps the last part of a long output, from the start of a line', async () => {
    const short = createProcessRunner({ outputBytes: 1000 });
    const { stdout } = await short.run({ program: 'seq', args: ['1', '100000'] });
    expect(stdout.length).toBeLessThanOrEqual(1000);
    expect(stdout).toMatch(/^99\d{3}\n/);
    expect(stdout).toMatch(/\n100000\n$/);
  });

  it('counts a killed program as a shell does', async () => {
    expect((await runner.run(bash('kill -KILL $$'))).code).toBe(137);
  });
});

describe('a program that cannot be started', () => {
  it('names the program that is missing', async () => {
    const failed = runner.run({ program: 'no-such-program', args: [] });
    await expect(failed).rejects.toThrow(CommandError);
    await expect(failed).rejects.toMatchObject({
      code: 'tool-missing', message: 'no-such-program is not installed, or not on PATH.',
      hint: expect.stringContaining('Install no-such-program'),
    });
  });

  it('names a program that was to be found at a path', async () => {
    await expect(runner.run({ program: '/no/such/kubectl', args: [] })).rejects.toMatchObject({ code: 'tool-missing', message: '/no/such/kubectl does not exist.' });
  });

  it('has the same cause for a program whose path is given', async () => {
    await expect(runner.run({ program: '/bin/sh', args: ['-c', 'sleep 100'], timeoutMs: 100 })).rejects.toMatchObject({
      code: 'tool-timeout', message: '/bin/sh did not exit within 0.1 s and was stopped.',
    });
  });

  it('does not blame the program for a missing folder', async () => {
    await expect(runner.run({ program: 'true', args: [], cwd: '/no/such/folder' })).rejects.toMatchObject({
      code: 'config-invalid', message: 'true could not be started in /no/such/folder: the folder does not exist.',
    });
  });

  it('says that a file is not executable', async () => {
    await expect(runner.run({ program: '/etc/passwd', args: [] })).rejects.toMatchObject({
      code: 'tool-missing', message: '/etc/passwd is not executable for this user.',
    });
  });

  it('says that the arguments are too long, and does not quote a value with a NUL', async () => {
    await expect(runner.run({ program: 'true', args: ['x'.repeat(3e6)] })).rejects.toMatchObject({
      message: expect.stringContaining('larger than the system allows'),
    });
    await expect(runner.run({ program: 'true', args: [], env: { TOKEN: 'secret\0' } })).rejects.toMatchObject({
      message: expect.not.stringContaining('secret'), cause: undefined,
    });
  });

  it.each([
    ['no-such-program', {}, 'no-such-program is not installed, or not on PATH.'],
    ['/no/such/kubectl', {}, '/no/such/kubectl does not exist.'],
    ['./kubectl', { cwd: '/' }, './kubectl does not exist.'],
    ['/etc/passwd', {}, '/etc/passwd is not executable for this user.'],
    ['sh', { env: { PATH: '/no/such:/etc' } }, 'sh is not installed, or not on PATH.'],
  ])('is told of a started one too: %s', async (program, more, message) => {
    const running = runner.start({ program, args: [], ...more });
    await expect(running.exited).rejects.toMatchObject({ code: 'tool-missing', message });
    await running.stop();
  });
  it('does not blame a started program for a missing folder', async () => {
    await expect(runner.start({ program: 'true', args: [], cwd: '/no/such/folder' }).exited).rejects.toMatchObject({ code: 'config-invalid' });
  });
});

describe('stopping', () => {
  it('rejects with the reason of the signal, without starting when it is aborted already', async () => {
    const reason = new Error('stop');
    await expect(runner.run({ ...bash('echo no'), signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('ends the whole group, and what ignores SIGTERM by SIGKILL', async () => {
    const abort = new AbortController();
    const pids: number[] = [];
    const reason = new Error('stop');
    const run = runner.run({
      ...bash("(trap '' TERM; echo $BASHPID; while :; do sleep 0.05; done) & sleep 100 & echo $! $$; wait"),
      signal: abort.signal,
      onLine: (line) => {
        pids.push(...line.split(' ').map(Number));
        if (pids.length === 3) abort.abort(reason);
      },
    });
    await expect(run).rejects.toBe(reason);
    expect(pids).toHaveLength(3);
    for (const pid of pids) expect(await gone(pid)).toBe(true);
  });

  it('lets a program that handles SIGTERM end in its own way', async () => {
    const abort = new AbortController();
    const lines: string[] = [];
    const run = runner.run({
      ...bash('trap "echo bye; exit 0" TERM; echo ready; while :; do sleep 0.05; done'),
      signal: abort.signal,
      onLine: (line, stream) => {
        if (stream === 'stdout') lines.push(line);
        if (line === 'ready') abort.abort(new Error('stop'));
      },
    });
    await expect(run).rejects.toThrow('stop');
    expect(lines).toEqual(['ready', 'bye']);
  });

  it('says when a program was too slow, with what it said last', async () => {
    const failed = runner.run({ ...bash('echo waiting for godot; sleep 100'), timeoutMs: 2000 });
    await expect(failed).rejects.toMatchObject({
      code: 'tool-timeout', message: 'bash did not exit within 2 s and was stopped.',
      evidence: [{ title: 'last output of bash', text: 'waiting for godot' }],
    });
  });

  it('ends what a program left behind with its output open', async () => {
    const { code, stdout } = await runner.run(bash('sleep 100 & echo $!; exit 4'));
    expect(code).toBe(4);
    expect(await gone(Number(stdout))).toBe(true);
  });

  it('starts a program that goes on until it is stopped', async () => {
    let ready = (_line: string) => {};
    const said = new Promise<string>((resolve) => (ready = resolve));
    const running = runner.start({ ...bash('echo up; sleep 100'), onLine: (line) => ready(line) });
    expect(await said).toBe('up');
    await running.stop();
    expect((await running.exited).code).toBe(143);
    expect(await gone(running.pid ?? 0)).toBe(true);
  });

  it('sees the end of what goes on, however soon it comes', async () => {
    const starts = Array.from({ length: 200 }, () => runner.start({ program: 'true', args: [] }).exited);
    expect(new Set((await Promise.all(starts)).map((exited) => JSON.stringify(exited)))).toEqual(new Set(['{"code":0,"stdout":"","stderr":""}']));
  });

  it('passes the arguments of what goes on as they are, and nothing on its input', async () => {
    const hostile = ['$(touch /tmp/x)', '; exit 3', '"', "'", '--', '-e', 'a\nb', ''];
    const { stdout, code } = await runner.start({ program: 'printf', args: ['%s|', ...hostile] }).exited;
    expect([stdout, code]).toEqual([hostile.map((value) => `${value}|`).join(''), 0]);
    expect(await runner.start({ program: 'cat', args: [] }).exited).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('ends what goes on with all that it has started, also what ignores SIGTERM, when this process is killed', async () => {
    const compiled = await compileSource();
    try {
      const held = `sleep 100 & bash -c 'trap "" TERM; echo $$; while :; do sleep 0.1; done' & echo $!; echo $$; wait`;
      const script = `const { createProcessRunner } = await import(process.argv[1]);
        let lines = 0;
        createProcessRunner().start({ program: 'bash', args: ['-c', process.argv[2]], onLine: (pid) => { console.log(pid); if (++lines === 3) process.kill(process.pid, "SIGKILL"); } });`;
      const exited = await runner.run({ program: process.execPath, args: ['--input-type=module', '-e', script, `${compiled}/host/process.js`, held] });
      const pids = exited.stdout.trim().split('\n').map(Number);
      expect(pids).toHaveLength(3);
      for (const pid of pids) await expect(gone(pid)).resolves.toBe(true);
    } finally {
      await rm(compiled, { recursive: true });
    }
  });

  it.each([
    ['exits', 'process.exit(3)', 3],
    ['is killed, and can do nothing any more', 'process.kill(process.pid, "SIGKILL")', 137],
  ])('ends what goes on when this process %s', async (_, ending, code) => {
    const compiled = await compileSource();
    try {
      const script = `const { createProcessRunner } = await import(process.argv[1]);
        createProcessRunner().start({ program: 'bash', args: ['-c', 'echo $$; exec sleep 100'], onLine: (pid) => { console.log(pid); ${ending}; } });`;
      const exited = await runner.run({
        program: process.execPath, args: ['--input-type=module', '-e', script, `${compiled}/host/process.js`],
      });
      expect(exited.code).toBe(code);
      await expect(gone(Number(exited.stdout))).resolves.toBe(true);
    } finally {
      await rm(compiled, { recursive: true });
    }
  });
});
