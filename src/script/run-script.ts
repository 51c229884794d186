import { join } from 'node:path';
import type { Evidence } from '../outcome/errors.js';
import type { Exited } from '../ports/process.js';
import type { Ports } from '../ports/ports.js';
import { within } from '../ports/within.js';
import { scriptEnvironment } from './environment.js';
import { readFailedLine, topLevel, wrapper, type FailedLine } from './failed-line.js';

/** Commands of the user's own, one a line. */
export interface Script {
  /** `test`: names it in messages. */
  readonly name: string;
  readonly lines: readonly string[];
  /** Relative to the workspace. */
  readonly workingDirectory: string;
  /** Beside what a `run:` step would see. */
  readonly env?: Readonly<Record<string, string>>;
  /** It is stopped after that. */
  readonly withinMs?: number;
}

/** How a script ended. */
export interface Ran {
  readonly script: Script;
  /** As a shell counts. */
  readonly code: number;
  /** It was stopped because it did not finish in time. */
  readonly isLate: boolean;
  /** Where it stopped, when bash knows. */
  readonly failed?: FailedLine;
  /** The last lines of both streams, as they came. */
  readonly output: readonly string[];
}

type ScriptPorts = Pick<Ports, 'process' | 'files' | 'env' | 'clock'>;

const lastLines = 40;

/**
 * Runs commands as one script with `bash -eo pipefail`, in their working directory, to the end. Processes that it leaves in
 * the background are ended with it, and all of them when this process is gone.
 * @throws CommandError when bash cannot be started; what `signal` aborts with, once all of it is ended
 */
export async function runScript(
  ports: ScriptPorts, script: Script, signal: AbortSignal, onLine: (line: string, stream: 'stdout' | 'stderr') => void,
): Promise<Ran> {
  signal.throwIfAborted();
  const folder = await ports.files.temporaryFolder();
  try {
    const file = join(folder, `${script.name}.sh`);
    const record = join(folder, 'failed');
    // From a file: no quoting is needed, and bash reports the line numbers that the user knows.
    await ports.files.writeText(file, `${script.lines.join('\n')}\n`, 0o600);
    const output: string[] = [];
    let isLate = false;
    const start = (stop: AbortSignal): Promise<Exited> => ports.process.start({
      program: 'bash',
      args: ['--noprofile', '--norc', '-eo', 'pipefail', '-c', wrapper, file, record],
      cwd: script.workingDirectory,
      env: { ...scriptEnvironment(ports.env), ...script.env },
      signal: stop,
      onLine: (line, stream) => {
        onLine(line, stream);
        output.push(line);
        if (output.length > lastLines) output.shift();
      },
    }).exited;
    const late = (): Error => {
      isLate = true;
      return new Error(`${script.name} did not finish in time`);
    };
    const { code } = await (script.withinMs === undefined ? start(signal) : within(ports.clock, { ms: script.withinMs, late, signal }, start));
    signal.throwIfAborted();
    const failed = code === 0 ? undefined : readFailedLine(await ports.files.readText(record + topLevel), file);
    return { script, code, isLate, failed, output };
  } finally {
    await ports.files.remove(folder);
  }
}

/** Characters of the evidence. Only whole lines are dropped, as half of a secret could not be hidden. */
const evidenceLimit = 32 * 1024;

/** Its last output, as evidence of a failure. */
export function lastOutput({ output }: Pick<Ran, 'output'>, of: string): Evidence[] {
  const last = output.slice(-1);
  let length = last.join().length;
  for (const line of output.slice(0, -1).reverse()) {
    length += line.length + 1;
    if (length > evidenceLimit) break;
    last.unshift(line);
  }
  return last.length > 0 ? [{ title: `last lines of ${of}`, text: last.join('\n') }] : [];
}
