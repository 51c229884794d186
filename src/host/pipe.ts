import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { OpenPipe, Pipe, PipeCommand } from '../ports/pipe.js';
import { childEnvironment } from './child-environment.js';
import { exitCode } from './exit-code.js';
import { notStarted } from './not-started.js';
import { processGroup, type ProcessGroup } from './process-group.js';
import { createTail } from './tail.js';

interface PipeLimits {
  /** ms between SIGTERM and SIGKILL. */
  readonly killAfterMs: number;
  /** ms for which a program that has ended may leave its output open, by children that it left behind; they are ended then. */
  readonly leftBehindMs: number;
}

const defaults: PipeLimits = { killAfterMs: 2000, leftBehindMs: 500 };

const errorBytes = 64 * 1024;

/** Programs of this machine, each in a process group of its own. When this process exits, what still runs gets SIGTERM. */
export function createPipes(limits: PipeLimits = defaults): OpenPipe {
  const groups = new Set<ProcessGroup>();
  process.once('exit', () => groups.forEach((group) => group.signal('SIGTERM')));
  return (command) => openPipe(command, limits, groups);
}

function openPipe(command: PipeCommand, limits: PipeLimits, groups: Set<ProcessGroup>): Pipe {
  let child: ChildProcessWithoutNullStreams;
  try {
    command.signal?.throwIfAborted();
    // Loaded at the first program: a run whose settings are invalid starts none.
    child = process.getBuiltinModule('node:child_process').spawn(command.program, command.args, {
      cwd: command.cwd, env: childEnvironment(process.env, command.env), detached: true, stdio: 'pipe', windowsHide: true,
    });
  } catch (error) {
    return unstarted(command.signal?.aborted ? Promise.resolve(error) : notStarted(command, error as NodeJS.ErrnoException));
  }
  const group = child.pid === undefined ? undefined : processGroup(child.pid);
  if (group) groups.add(group);
  let stopping: Promise<void> | undefined;
  const end = (): Promise<void> => (stopping ??= group?.end(limits.killAfterMs) ?? Promise.resolve());
  const exited = whenClosed(child, command, limits, end).finally(async () => {
    command.signal?.removeEventListener('abort', end);
    await stopping;
    if (group) groups.delete(group);
  }).then((how) => {
    command.signal?.throwIfAborted();
    return how;
  });
  // A caller that only stops it does not handle its result, which must not become an unhandled rejection.
  exited.catch(() => undefined);
  command.signal?.addEventListener('abort', end, { once: true });
  return {
    output: outputOf(child), exited,
    write: (piece) => write(child, piece),
    end: () => { child.stdin.end(); },
    stop: async () => {
      await end();
      child.stdout.destroy();
      await exited.catch(() => undefined);
    },
  };
}

/** A program that is stopped, or was not started, has no more output: `exited` says why. */
async function* outputOf({ stdout }: ChildProcessWithoutNullStreams): AsyncGenerator<Uint8Array> {
  try {
    yield* stdout as AsyncIterable<Buffer>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> { /* It was not started. */ }

function unstarted(reason: Promise<unknown>): Pipe {
  const exited = reason.then((error) => Promise.reject(error));
  exited.catch(() => undefined);
  return { output: nothing(), exited, write: () => Promise.resolve(false), end: () => undefined, stop: () => Promise.resolve() };
}

/** A program that has ended does not take it: its exit code says why. */
const write = ({ stdin }: ChildProcessWithoutNullStreams, piece: Uint8Array | string): Promise<boolean> => new Promise((resolve) => {
  if (!stdin.writable) return resolve(false);
  stdin.write(piece, (error) => { resolve(!error); });
});

function whenClosed(child: ChildProcessWithoutNullStreams, command: PipeCommand, limits: PipeLimits, end: () => Promise<void>): Pipe['exited'] {
  const errors = createTail(errorBytes);
  child.stderr.on('data', (chunk: Buffer) => { errors.push(chunk); });
  child.stdin.on('error', () => undefined); // EPIPE: it ended without reading all of it, which its exit code tells.
  child.stdout.on('error', () => undefined); // Whoever reads it gets the error.
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      if (child.pid !== undefined) return;
      child.stdout.destroy();
      notStarted(command, error).then(reject, reject);
    });
    child.once('exit', (code, signal) => {
      // What it left behind is ended. What it has printed stays to be read, at the pace of the reader.
      const leftBehind = setTimeout(() => { void end(); }, limits.leftBehindMs);
      child.once('close', () => {
        clearTimeout(leftBehind);
        resolve({ code: exitCode(code, signal), stderr: errors.text() });
      });
    });
  });
}
