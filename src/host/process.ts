import type { ChildProcess } from 'node:child_process';
import { CommandError } from '../outcome/errors.js';
import type { Command, Exited, ProcessRunner, Running } from '../ports/process.js';
import { childEnvironment } from './child-environment.js';
import { exitCode } from './exit-code.js';
import { notStarted } from './not-started.js';
import { troubleOf } from './find-program.js';
import { createLineSplitter } from './lines.js';
import { processGroup, type ProcessGroup } from './process-group.js';
import { createTail } from './tail.js';

export interface ProcessLimits {
  /** ms between SIGTERM and SIGKILL. */
  readonly killAfterMs: number;
  /** ms for which a program that has ended may leave its output open, by children that it left behind; they are ended then. */
  readonly leftBehindMs: number;
  /** Bytes that are kept of each stream. */
  readonly outputBytes: number;
}

const defaults: ProcessLimits = { killAfterMs: 2000, leftBehindMs: 500, outputBytes: 1024 * 1024 };

/** Programs of this machine, each in a process group of its own. When this process exits, what still runs gets SIGTERM. */
export function createProcessRunner(limits: Partial<ProcessLimits> = {}): ProcessRunner {
  const all = { ...defaults, ...limits };
  const groups = new Set<ProcessGroup>();
  process.once('exit', () => groups.forEach((group) => group.signal('SIGTERM')));
  return {
    run: (command) => run(command, all, groups),
    start: (command) => start(command, all, groups, 'held'),
  };
}

async function run(command: Command, limits: ProcessLimits, groups: Set<ProcessGroup>): Promise<Exited> {
  command.signal?.throwIfAborted();
  const running = start(command, limits, groups);
  let timedOut = false;
  const timer = command.timeoutMs === undefined ? undefined : setTimeout(() => {
    timedOut = true;
    void running.stop();
  }, command.timeoutMs);
  try {
    const exited = await running.exited;
    command.signal?.throwIfAborted();
    if (timedOut) throw timeout(command, exited);
    return exited;
  } finally {
    clearTimeout(timer);
  }
}

/** `given`: the input of the command. `held`: an input that stays open as long as this process lives. */
type Input = 'given' | 'held';

/**
 * A process that is killed by SIGKILL cannot end what it has started. What can be seen from outside is that its end of a
 * pipe closes: a shell beside the program waits for that. Nothing of the command becomes part of the shell's text.
 */
const leashed = ({ program, args, ...command }: Command): Command => ({
  ...command, program: 'sh',
  args: ['-c', leash, 'sh', program, ...args],
});

/**
 * What the program has started is ended with it, which is the whole group: by SIGTERM, and by SIGKILL as soon as the program has ended,
 * or 2 s later. The shell waits for both that it has begun: where process 1 does not reap, what it left would look alive for seconds. It ends the leash by
 * SIGALRM, as a SIGTERM that comes before the leash has put its traps away would be lost, and it would wait for ever.
 */
const leash = `
  gone=
  # Nobody reads what a shell says of a child that was killed, once this process is gone.
  trap : TERM PIPE
  trap gone=1 USR1
  exec 3<&0
  "$@" </dev/null 3<&- & held=$!
  { read -r _ <&3; trap '' ALRM TERM; kill -USR1 $$; kill 0; sleep 2; kill -KILL 0; } >/dev/null 2>&1 & leash=$!
  exec 3<&-
  wait "$held"; code=$?
  # A signal ends the first wait early.
  while kill -0 "$held" 2>/dev/null; do wait "$held"; code=$?; done
  [ -z "$gone" ] || kill -KILL 0
  { kill -ALRM "$leash"; wait; } 2>/dev/null
  exit "$code"
`;

function start(command: Command, limits: ProcessLimits, groups: Set<ProcessGroup>, input: Input = 'given'): Running {
  let child: ChildProcess;
  try {
    if (input === 'held') refuseAbsent(command);
    child = launch(input === 'held' ? leashed(command) : command, input);
  } catch (error) {
    const exited = notStarted(command, error as NodeJS.ErrnoException).then((reason) => Promise.reject(reason));
    exited.catch(() => undefined);
    return { pid: undefined, exited, stop: () => Promise.resolve() };
  }
  const running = follow(child, command, limits, groups);
  if (input === 'given') child.stdin?.end(command.stdin);
  return running;
}

/** The shell around it would be started in any case. @throws what `spawn` would throw */
function refuseAbsent({ program, cwd, env }: Command): void {
  const { PATH: path } = childEnvironment(process.env, env);
  const code = path === undefined ? undefined : troubleOf(program, cwd ?? process.cwd(), path);
  if (code !== undefined) throw Object.assign(new Error(`spawn ${program} ${code}`), { code });
}

function launch(command: Command, input: Input): ChildProcess {
  // Loaded at the first program: a run whose settings are invalid starts none.
  return process.getBuiltinModule('node:child_process').spawn(command.program, command.args, {
    cwd: command.cwd,
    env: childEnvironment(process.env, command.env),
    detached: true,
    stdio: [command.stdin === undefined && input === 'given' ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
}

function follow(child: ChildProcess, command: Command, limits: ProcessLimits, groups: Set<ProcessGroup>): Running {
  const group = child.pid === undefined ? undefined : processGroup(child.pid);
  if (group) groups.add(group);
  let stopping: Promise<void> | undefined;
  const end = () => (stopping ??= group?.end(limits.killAfterMs) ?? Promise.resolve());
  const exited = watch(child, command, limits, end).finally(async () => {
    command.signal?.removeEventListener('abort', end);
    // Until its children are gone too, a program that is being stopped has not ended.
    await stopping;
    if (group) groups.delete(group);
  });
  // A caller that only stops it does not handle its result, which must not become an unhandled rejection.
  exited.catch(() => undefined);
  if (command.signal?.aborted) void end();
  else command.signal?.addEventListener('abort', end, { once: true });
  child.stdin?.on('error', () => undefined); // EPIPE: it ended without reading all of it, which its exit code tells.
  return {
    pid: child.pid,
    exited,
    stop: async () => {
      await end();
      await exited.catch(() => undefined);
    },
  };
}

/** Follows a program to its end: its lines as they come, its exit code, the tail of its output. */
function watch(child: ChildProcess, command: Command, limits: ProcessLimits, end: () => Promise<void>): Promise<Exited> {
  const streams = (['stdout', 'stderr'] as const).map((name) => {
    const tail = createTail(limits.outputBytes);
    const lines = createLineSplitter((line) => command.onLine?.(line, name));
    child[name]?.on('data', (chunk: Buffer) => {
      tail.push(chunk);
      if (command.onLine) lines.push(chunk);
    });
    return { tail, lines };
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      if (child.pid === undefined) notStarted(command, error).then(reject, reject);
    });
    child.once('exit', (code, signal) => {
      const leftBehind = setTimeout(() => {
        void end().then(() => {
          child.stdout?.destroy();
          child.stderr?.destroy();
        });
      }, limits.leftBehindMs);
      child.once('close', () => {
        clearTimeout(leftBehind);
        streams.forEach(({ lines }) => lines.end());
        const [stdout, stderr] = streams.map(({ tail }) => tail.text());
        resolve({ code: exitCode(code, signal), stdout: stdout ?? '', stderr: stderr ?? '' });
      });
    });
  });
}

function timeout(command: Command, exited: Exited): CommandError {
  const text = `${exited.stdout}${exited.stderr}`.trimEnd().split('\n').slice(-20).join('\n');
  const seconds = (command.timeoutMs ?? 0) / 1000;
  return new CommandError('tool-timeout', `${command.program} did not exit within ${seconds} s and was stopped.`, {
    hint: 'Run it again. If it hangs again, run the command by hand to see what it is waiting for.',
    evidence: text === '' ? [] : [{ title: `last output of ${command.program}`, text }],
  });
}
