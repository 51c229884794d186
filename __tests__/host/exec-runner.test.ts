import { describe, expect, it } from '@jest/globals';
import { createExecRunner } from '../../src/host/exec-runner.js';
import { createProcessRunner } from '../../src/host/process.js';
import type { CommandError } from '../../src/outcome/errors.js';
import type { Command } from '../../src/ports/process.js';

const run = (command: Partial<Command>) => createExecRunner(createProcessRunner()).run({ program: 'sh', args: [], ...command });
const script = (text: string, more: Partial<Command> = {}) => run({ args: ['-c', text], ...more });
const refusal = (work: Promise<unknown>): Promise<readonly [string, string]> =>
  work.then(() => ['', ''], (error: unknown) => [(error as CommandError).code, (error as CommandError).message]);

describe('a program', () => {
  it('is run with its arguments as they are, whatever is in them', async () => {
    const words = ['a b', '"q"', '$HOME `id`', '\\', '', '--x=é'];
    const { code, stdout } = await run({ args: ['-c', 'for word; do printf "<%s>" "$word"; done', 'sh', ...words] });
    expect([code, stdout]).toEqual([0, words.map((word) => `<${word}>`).join('')]);
  });
  it('ends with whatever code it has', async () => {
    expect(await script('echo out; echo err >&2; exit 7')).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\n' });
  });
  it('gets its input, even if it does not read it', async () => {
    expect((await script('cat', { stdin: 'secret' })).stdout).toBe('secret');
    expect((await script('exit 3', { stdin: 'x'.repeat(1_000_000) })).code).toBe(3);
  });
  it('does not get the inputs and tokens of the action', async () => {
    process.env['INPUT_REGISTRY-PASSWORD'] = 'secret';
    process.env['ACTIONS_RUNTIME_TOKEN'] = 'token';
    const { stdout } = await script('env', { env: { MORE: 'yes' } });
    expect(stdout).toContain('MORE=yes');
    expect(stdout).not.toMatch(/^INPUT_|^ACTIONS_/m);
    delete process.env['INPUT_REGISTRY-PASSWORD'];
    delete process.env['ACTIONS_RUNTIME_TOKEN'];
  });
  it('says its lines as they come', async () => {
    const lines: string[] = [];
    await script('echo a; echo b >&2', { onLine: (line, stream) => void lines.push(`${stream} ${line}`) });
    expect(lines.sort()).toEqual(['stderr b', 'stdout a']);
  });
  it('that does not exist is named', async () => {
    expect(await refusal(run({ program: 'no-such-program' }))).toEqual(['tool-missing', 'no-such-program is not installed, or not on PATH.']);
  });
  it('that does not end is not waited for', async () => {
    expect(await refusal(script('sleep 0.4', { timeoutMs: 100 }))).toEqual(['tool-timeout', 'sh did not exit within 0.1 s.']);
    const controller = new AbortController();
    const running = script('sleep 0.4', { signal: controller.signal });
    controller.abort(new Error('cancelled'));
    await expect(running).rejects.toThrow('cancelled');
  });
});
