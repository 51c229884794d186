import { describe, expect, it } from '@jest/globals';
import { command, succeeds } from '../../sandbox/command.mjs';

describe('command', () => {
  it('returns what the program writes, and gives it its input', async () => expect(await command('cat', [], { input: 'ä\n' })).toBe('ä\n'));

  it.each([
    ['the end of standard error', ['sh', ['-c', 'echo out; echo err >&2; exit 3']], 'err'],
    ['standard output without one', ['sh', ['-c', 'echo out; exit 3']], 'out'],
    ['the exit code without any', ['sh', ['-c', 'exit 3']], 'It exited with code 3.'],
    ['that there is no such program', ['no-such-program', []], 'spawn no-such-program ENOENT'],
  ] as const)('fails with %s', async (_, [program, args], reason) => {
    await expect(command(program, [...args])).rejects.toThrow(`${[program, ...args].join(' ')} failed:\n${reason}`);
  });

  it('leaves lines of progress out of the message', async () => {
    const lines: string[] = [];
    const progress = (line: string): boolean => lines.push(line) > 0 && line === 'step';
    await expect(command('sh', ['-c', 'echo step >&2; echo bad >&2; exit 1'], { progress })).rejects.toThrow(/failed:\nbad$/);
    expect(lines.slice(0, 2)).toEqual(['step', 'bad']);
  });

  it('is interrupted as by Ctrl-C, and waits until the program has ended', async () => {
    const stop = new AbortController();
    const progress = (): boolean => (stop.abort(), false);
    const program = `trap 'echo tidied >&2; exit 0' INT; echo begun >&2; while :; do sleep 0.1; done`;
    await expect(command('sh', ['-c', program], { stopped: stop.signal, progress })).rejects.toThrow('begun\ntidied');
  });

  it('says whether it succeeds', async () => expect([await succeeds('true', []), await succeeds('false', [])]).toEqual([true, false]));
});
