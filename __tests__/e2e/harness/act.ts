import { execFile, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { root } from '../../docs/pages.js';

const run = promisify(execFile);

/** An action that does nothing but print its inputs, in place of one that would be downloaded. */
export function stub(folder: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'action.yml'), `name: stub
description: Does nothing.
inputs: { name: { description: Of an artifact. }, path: { description: Of an artifact. } }
runs:
  using: composite
  steps:
    - shell: bash
      env: { NAME: '\${{ inputs.name }}', FILE: '\${{ inputs.path }}' }
      run: '[ -z "$NAME" ] || echo "artifact $NAME: $(wc -c < "$FILE") bytes"'
`);
  return folder;
}

/** What a run of workflows came to. */
export interface ActResult {
  /** Each job with its result, by its id. Those that were skipped are not among them, and of jobs with the same id only the last is. */
  readonly jobs: Readonly<Record<string, string>>;
  /** The results of all jobs that were not skipped, in the order of their ends. */
  readonly results: readonly string[];
  readonly summaries: readonly string[];
  /** Everything that was printed. */
  readonly said: string;
}

export interface ActOptions {
  /** Words after `act`: the event, secrets, inputs. */
  readonly words: readonly string[];
  /** The repository. */
  readonly folder: string;
  /** A folder of its own for what a runner keeps at home. */
  readonly home: string;
  /** `owner/name@version` and the folder that stands in for it. */
  readonly actions: Readonly<Record<string, string>>;
  readonly path: string;
  /** The first line of output for which this holds cancels the run, as the runner does at its worst: its steps are killed at once. */
  readonly cancelAt?: (line: string) => boolean;
}

interface Line {
  readonly jobID?: string;
  readonly jobResult?: string;
  readonly command?: string;
  readonly content?: string;
  readonly msg?: string;
}

/**
 * Runs workflows on this machine as the runner of GitHub does (https://nektosact.com), with nothing of the environment of the
 * tests. Resolves also when a job fails.
 */
export async function runAct({ words, folder, home, actions, path, cancelAt }: ActOptions): Promise<ActResult> {
  const { stdout: built } = await run(process.execPath, [join(root, 'sandbox', 'sandbox.mjs'), 'tool', 'act']);
  const act = built.trim().split('\n').at(-1) ?? '';
  const local = Object.entries(actions).flatMap(([name, at]) => ['--local-repository', `${name}=${at}`]);
  const given = { PATH: path, HOME: home, GOPATH: join(home, 'go'), GOCACHE: process.env['GOCACHE'] ?? join(process.env['HOME'] ?? '/root', '.cache', 'go-build') };
  const all = [...words, '--json', '--no-cache-server', '--directory', folder, '-P', 'ubuntu-24.04=-self-hosted', ...local];
  const child = spawn(act, all, { cwd: folder, env: given, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: Line[] = [];
  const stopping = { isSent: false };
  const onLine = (text: string): void => {
    if (!text.startsWith('{')) return;
    const line = JSON.parse(text) as Line;
    lines.push(line);
    if (stopping.isSent || !cancelAt?.(line.msg ?? '')) return;
    stopping.isSent = true;
    child.kill('SIGINT');
  };
  // Its errors are text on the other stream.
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on('line', (text) => void errors.push(text));
  const reader = createInterface({ input: child.stdout }).on('line', onLine);
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    reader.on('close', resolve);
  });
  return {
    jobs: Object.fromEntries(lines.flatMap(({ jobID, jobResult }) => (jobID !== undefined && jobResult !== undefined ? [[jobID, jobResult]] : []))),
    results: lines.flatMap(({ jobResult }) => (jobResult === undefined ? [] : [jobResult])),
    summaries: lines.flatMap(({ command, content }) => (command === 'summary' && content !== undefined ? [content] : [])),
    said: [...lines.map(({ msg = '' }) => msg.trim()), ...errors].filter((msg) => msg !== '').join('\n'),
  };
}
