import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runGate } from '../../src/gate/gate.js';
import { systemClock } from '../../src/host/clock.js';
import { createFiles } from '../../src/host/files.js';
import { createProcessRunner } from '../../src/host/process.js';
import type { Log } from '../../src/ports/log.js';

const processes = createProcessRunner({ killAfterMs: 300, leftBehindMs: 100 });

describe('the test gate', () => {
  let folder: string;
  let printed: string[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "gate 'test' "));
    printed = [];
  });
  afterEach(() => rm(folder, { recursive: true }));

  const log = (): Log => ({
    mask: () => undefined, keep: () => undefined, hides: () => true, redact: (text) => text,
    info: () => undefined, warning: () => undefined, error: () => undefined,
    output: (line) => printed.push(line), command: (line) => printed.push(`$ ${line}`), progress: () => undefined, group: (_title, body) => body(),
  });
  const gate = (script: string | readonly string[], more: { cwd?: string; env?: Record<string, string>; cancelled?: AbortSignal } = {}) => runGate(
    {
      process: processes, files: createFiles(folder), log: log(), clock: systemClock, env: more.env ?? process.env,
      cancelled: more.cancelled ?? new AbortController().signal,
    },
    { commands: typeof script === 'string' ? script.split('\n') : script, workingDirectory: more.cwd ?? folder },
  );
  const failure = (script: string) => gate(script).then(() => undefined, (error: unknown) => error as Error & { hint: string });

  it('needs bash: without it, the cause is the missing program and not the tests', async () => {
    await symlink('/bin/sh', join(folder, 'sh'));
    const { PATH } = process.env;
    process.env.PATH = folder;
    try {
      await expect(gate('true')).rejects.toMatchObject({ code: 'tool-missing', message: 'bash is not installed, or not on PATH.' });
    } finally {
      process.env.PATH = PATH;
    }
  });

  it('runs the commands as one script, in the working directory', async () => {
    await gate('x="$(basename "$PWD")"\nif true; then\n  echo "in $x"\nfi\ncat <<END\nhere ${x%% *}\nEND');
    expect(printed.slice(-2)).toEqual([`in ${folder.split('/').pop()}`, 'here gate']);
  });

  it('leaves no file of its own, whether it passes or fails', async () => {
    await gate('true');
    await failure('(false); false');
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['a failing command', 'echo one\nsh -c "exit 3"\necho never', '`sh -c "exit 3"` (line 2 of `test`) exited with code 3.'],
    ['a failing pipe', 'true\nfalse | cat\necho never', '`false | cat` (line 2 of `test`) exited with code 1.'],
    ['a function', 'check() {\n  false\n}\ncheck\necho never', '`false` (line 2 of `test`) exited with code 1.'],
    ['a sourced file', 'echo false > lib.sh\nsource ./lib.sh\necho never', '`source ./lib.sh` (line 2 of `test`) exited with code 1.'],
    ['a subshell', 'true\n(cd /; exit 4)\necho never', '`(cd /; exit 4)` (line 2 of `test`) exited with code 4.'],
    ['exit', 'echo one\nexit 9', 'the commands of `test` exited with code 9.'],
    ['a failure that was let pass before', 'set +e\nfalse\nexit 9', 'the commands of `test` exited with code 9.'],
    ['a long line', `false ${'x'.repeat(300)}`, `\`false ${'x'.repeat(113)}…\` (line 1 of \`test\`) exited with code 1.`],
    ['a signal', 'sh -c "kill -SEGV \\$\\$"', '`sh -c "kill -SEGV \\$\\$"` (line 1 of `test`) exited with code 139: killed by SIGSEGV.'],
  ])('names %s', async (_name, script, message) => {
    expect(await failure(script)).toMatchObject({ code: 'test-failed', message: `The test gate failed: ${message}` });
    expect(printed).not.toContain('never');
  });

  it('lets pass what bash lets pass', async () => {
    await gate('false || true\nif false; then :; fi\necho $(false)\n! true\necho end');
    expect(printed.at(-1)).toBe('end');
  });

  it.each([
    ['no-such-command --x', /^Exit code 127: a command was not found/],
    ['/etc/passwd', /^Exit code 126: .*chmod \+x/],
    ['kill -KILL $$', /memory has run out/],
    ['echo ok\nif true; then', /Fix the syntax error/],
  ])('says what to do about %j', async (script, hint) => {
    const error = await failure(script);
    expect(error?.hint).toMatch(hint);
  });

  it('shows no more of the last lines than 32 KiB, and no half of one', async () => {
    const error = await failure(`for line in 1 2 3; do printf "%s" $line; head -c 15000 /dev/zero | tr '\\0' x; echo; done; false`);
    const [, second, third] = ['1', '2', '3'].map((start) => start + 'x'.repeat(15_000));
    expect(error).toMatchObject({ evidence: [{ text: `${second}\n${third}` }] });
  });

  it('shows the last lines of both streams', async () => {
    const error = await failure('seq 1 100\necho "assertion failed" >&2\nsleep 0.05\nfalse');
    expect(error).toMatchObject({ evidence: [{ title: 'last lines of the test gate', text: expect.stringMatching(/^62\n[^]*\n100\nassertion failed$/) }] });
  });

  it('says that the working directory is missing', async () => {
    await expect(gate('true', { cwd: join(folder, 'api') })).rejects.toMatchObject({
      code: 'config-invalid', message: `bash could not be started in ${join(folder, 'api')}: the folder does not exist.`,
      hint: expect.stringContaining('relative to the workspace'),
    });
  });

  it('says that bash is missing', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = folder;
    try {
      await expect(gate('true')).rejects.toMatchObject({ code: 'tool-missing', message: 'bash is not installed, or not on PATH.' });
    } finally {
      process.env['PATH'] = path;
    }
  });

  it('hides the inputs and the tokens of the runner, and keeps the rest', async () => {
    const env = { 'INPUT_REGISTRY-PASSWORD': 'a', 'STATE_x': 'b', 'ACTIONS_RUNTIME_TOKEN': 'c', 'ACTIONS_ID_TOKEN_REQUEST_URL': 'u', 'GITHUB_STATE': 'd', 'GITHUB_OUTPUT': join(folder, 'out'), 'GITHUB_SHA': 'e' };
    Object.assign(process.env, env);
    try {
      await gate('env; echo verdict=deployed >> "$GITHUB_OUTPUT"', { env });
    } finally {
      for (const name of Object.keys(env)) delete process.env[name];
    }
    expect(printed.filter((line) => /^(INPUT_|STATE_|ACTIONS_|GITHUB_)/.test(line)).sort()).toEqual(['ACTIONS_ID_TOKEN_REQUEST_URL=u', 'GITHUB_OUTPUT=/dev/null', 'GITHUB_SHA=e']);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is given no terminal to wait at', async () => {
    await gate('! read -r x');
  });

  it('takes an odd name of the temporary folder', async () => {
    expect(folder).toContain("'");
    expect(await failure('true\nfalse')).toMatchObject({ message: expect.stringContaining('line 2') });
  });

  it('ends all it started when the run is cancelled', async () => {
    const abort = new AbortController();
    const pids = join(folder, 'pids');
    const reason = new Error('stop');
    const run = gate(`sleep 100 &\necho $! $$ > pids\nwait`, { cancelled: abort.signal });
    run.catch(() => undefined);
    const read = async () => (await readFile(pids, 'utf8').catch(() => '')).trim();
    while (!(await read())) await delay(10);
    abort.abort(reason);
    await expect(run).rejects.toBe(reason);
    for (const pid of (await read()).split(' ')) {
      expect(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') X')).toMatch(/\) [ZX]/);
    }
    await writeFile(pids, '');
  });
});
