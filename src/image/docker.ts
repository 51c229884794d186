import { shellWord } from '../outcome/wording.js';
import type { Exited } from '../ports/process.js';
import type { Ports } from '../ports/ports.js';

/** The ports that this folder uses. */
export type DockerPorts = Pick<Ports, 'process' | 'clock' | 'files' | 'log' | 'env' | 'cancelled'>;

/** How docker is called in this run. */
export interface DockerAccess {
  /** Added to the environment of every call. */
  readonly env: Readonly<Record<string, string>>;
}

/** The docker configuration of the user. */
export const ownAccess: DockerAccess = { env: {} };

export interface DockerCall {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly onLine?: (line: string) => void;
  readonly timeoutMs?: number;
}

/** Runs `docker …` to its end, whatever its exit code. Throws CommandError when docker cannot be started or is too slow. */
export function docker(ports: DockerPorts, access: DockerAccess, call: DockerCall): Promise<Exited> {
  return ports.process.run({
    program: 'docker',
    args: call.args,
    env: { ...access.env, ...call.env },
    stdin: call.stdin,
    onLine: call.onLine,
    signal: ports.cancelled,
    timeoutMs: call.timeoutMs,
  });
}

/** The call as it would be typed in a shell. */
export function asTyped(args: readonly string[]): string {
  return ['docker', ...args].map(shellWord).join(' ');
}

/**
 * What the docker CLI or buildx says about why it failed: from its last `ERROR:` on, without that word.
 * Output of the user's build steps cannot look like it, since buildx puts the number of the step before each line.
 */
export function finalError(output: string): string {
  const lines = output.trimEnd().split('\n');
  const start = lines.findLastIndex((line) => line.startsWith('ERROR: '));
  const ofDocker = lines.find((line) => /^(?:docker: |unknown (?:shorthand )?flag: )/.test(line));
  const text = start !== -1 ? lines.slice(start).join('\n') : ofDocker ?? lines.findLast((line) => line.trim() !== '') ?? '';
  return text.replace(/^ERROR: (?:failed to build: )?(?:failed to solve: )?/, '').trim();
}
