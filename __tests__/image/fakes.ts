import type { DockerPorts } from '../../src/image/docker.js';
import type { Command, Exited } from '../../src/ports/process.js';

export interface Scripted {
  readonly ports: DockerPorts;
  /** The arguments of every call of docker, joined by blanks. */
  readonly calls: string[];
  readonly commands: Command[];
  /** What was given to each method of the log, after its name. */
  readonly said: string[];
  readonly slept: number[];
  readonly written: Map<string, string>;
  readonly removed: string[];
}

type Answer = Partial<Exited> | Error;

/** A docker that answers what it is told: the first pattern that the arguments match; of several answers, one after the other. */
export function scriptedDocker(
  script: readonly (readonly [RegExp, ...Answer[]])[], env: Record<string, string> = {}, files: Record<string, string> = {},
): Scripted {
  const answers = script.map(([pattern, ...list]) => ({ pattern, list: [...list] }));
  const all: Omit<Scripted, 'ports'> = { calls: [], commands: [], said: [], slept: [], written: new Map(Object.entries(files)), removed: [] };
  const say = (kind: string) => (text: string) => void all.said.push(`${kind}: ${text}`);
  const run = (command: Command): Promise<Exited> => {
    all.calls.push(command.args.join(' '));
    all.commands.push(command);
    const found = answers.find(({ pattern }) => pattern.test(command.args.join(' ')));
    const answer = (found && (found.list.length > 1 ? found.list.shift() : found.list[0])) ?? new Error(`nobody told what to answer to docker ${command.args.join(' ')}`);
    if (answer instanceof Error) return Promise.reject(answer);
    for (const line of (answer.stderr ?? '').split('\n').filter(Boolean)) command.onLine?.(line, 'stderr');
    const metadata = command.args.find((arg) => arg.startsWith('--metadata-file='))?.slice('--metadata-file='.length);
    if (metadata && (answer.code ?? 0) === 0) all.written.set(metadata, answer.stdout ?? '{}');
    return Promise.resolve({ code: 0, stdout: '', stderr: '', ...answer });
  };
  const ports: DockerPorts = {
    env, cancelled: new AbortController().signal,
    process: { run, start: () => { throw new Error('nothing is started here'); } },
    clock: { now: () => 0, monotonic: () => 0, sleep: (ms) => { all.slept.push(ms); return Promise.resolve(); } },
    files: {
      workingDirectory: '/work',
      readText: (path) => Promise.resolve(all.written.get(path)),
      readStart: () => Promise.resolve(undefined), realPath: (path) => Promise.resolve(all.written.has(path) ? path : undefined),
      linkTarget: () => Promise.resolve(undefined), namesIn: () => Promise.resolve(undefined),
      isExecutable: () => Promise.resolve(false),
      writeText: (path, text, mode) => { all.written.set(path, text); all.written.set(`${path} mode`, (mode ?? 0o644).toString(8)); return Promise.resolve(); },
      link: (target, path) => { all.written.set(path, `-> ${target}`); return Promise.resolve(); },
      temporaryFolder: () => Promise.resolve('/tmp/private'), sha256: () => Promise.resolve(undefined), writeVerified: () => Promise.reject(new Error('nothing is downloaded')), shortFolder: () => Promise.resolve('/tmp/short'), remove: (path) => { all.removed.push(path); return Promise.resolve(); },
    },
    log: {
      mask: say('mask'), keep: () => undefined, hides: () => true, redact: (text) => text, info: say('info'), warning: say('warning'), error: say('error'), output: say('output'),
      command: say('command'), progress: () => undefined, group: (title, body) => { say('group')(title); return body(); },
    },
  };
  return { ports, ...all };
}
