import { getExecOutput } from '@actions/exec';
import { CommandError } from '../outcome/errors.js';
import { placeWords } from '../outcome/place-words.js';
import type { Command, Exited, ProcessRunner } from '../ports/process.js';
import { unlessAborted } from '../ports/within.js';
import { childEnvironment } from './child-environment.js';

/**
 * Programs of this machine through `@actions/exec`, for `setup`: its commands are short, and end by themselves. One that does
 * not end in time is left to the runner, which ends it with the job. Nothing of a program is printed.
 * @param others runs what this package cannot: a program that gets an input and ends before it has read it would end this process
 * with EPIPE, and none can be kept running
 */
export const createExecRunner = (others: ProcessRunner): ProcessRunner => ({
  run: (command) => (command.stdin === undefined ? run(command) : others.run(command)),
  start: (command) => others.start(command),
});

async function run(command: Command): Promise<Exited> {
  const { program, timeoutMs, signal } = command;
  signal?.throwIfAborted();
  const over = new AbortController();
  const late = new CommandError('tool-timeout', `${program} did not exit within ${(timeoutMs ?? 0) / 1000} s.`, {
    hint: 'Run it again. If it hangs again, run the command by hand to see what it is waiting for.',
  });
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => { over.abort(late); }, timeoutMs);
  try {
    return await unlessAborted(execute(command), signal ? AbortSignal.any([signal, over.signal]) : over.signal);
  } finally {
    clearTimeout(timer);
  }
}

async function execute({ program, args, cwd, env, onLine }: Command): Promise<Exited> {
  try {
    // The program is a word of a command line to this package, the arguments are not.
    const { exitCode, stdout, stderr } = await getExecOutput(`"${program}"`, [...args], {
      silent: true, ignoreReturnCode: true, env: childEnvironment(process.env, env), ...(cwd === undefined ? {} : { cwd }),
      listeners: { stdline: (line) => { onLine?.(line, 'stdout'); }, errline: (line) => { onLine?.(line, 'stderr'); } },
    });
    return { code: exitCode, stdout, stderr };
  } catch (error) {
    if (!/^Unable to locate executable file/.test(String((error as Error).message))) throw error;
    throw new CommandError('tool-missing', `${program} is not installed, or not on PATH.`, {
      hint: placeWords().install(program), cause: Object.assign(new Error(`spawn ${program} ENOENT`), { code: 'ENOENT' }),
    });
  }
}
