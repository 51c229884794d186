import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../../docs/pages.js';

const run = promisify(execFile);

/** An action that does nothing, in place of one that would be downloaded. */
export function stub(folder: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'action.yml'), 'name: stub\ndescription: Does nothing.\nruns:\n  using: composite\n  steps: [{ run: "true", shell: bash }]\n');
  return folder;
}

/** What a run of workflows came to. */
export interface ActResult {
  /** Each job with its result. Those that were skipped are not among them. */
  readonly jobs: Readonly<Record<string, string>>;
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
export async function runAct({ words, folder, home, actions, path }: ActOptions): Promise<ActResult> {
  const { stdout: built } = await run(process.execPath, [join(root, 'sandbox', 'sandbox.mjs'), 'tool', 'act']);
  const act = built.trim().split('\n').at(-1) ?? '';
  const local = Object.entries(actions).flatMap(([name, at]) => ['--local-repository', `${name}=${at}`]);
  const given = { PATH: path, HOME: home, GOPATH: join(home, 'go'), GOCACHE: process.env['GOCACHE'] ?? join(process.env['HOME'] ?? '/root', '.cache', 'go-build') };
  const all = [...words, '--json', '--no-cache-server', '--directory', folder, '-P', 'ubuntu-24.04=-self-hosted', ...local];
  const { stdout } = await run(act, all, { cwd: folder, env: given, maxBuffer: 64 * 1024 * 1024 }).catch((error: { stdout: string }) => error);
  const lines = stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Line);
  return {
    jobs: Object.fromEntries(lines.flatMap(({ jobID, jobResult }) => (jobID !== undefined && jobResult !== undefined ? [[jobID, jobResult]] : []))),
    summaries: lines.flatMap(({ command, content }) => (command === 'summary' && content !== undefined ? [content] : [])),
    said: lines.map(({ msg = '' }) => msg.trim()).filter((msg) => msg !== '').join('\n'),
  };
}
