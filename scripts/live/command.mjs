/** Runs a command of the terminal from dist/, as a person does in a checkout. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { root } from './sandbox.mjs';

/**
 * @typedef {object} CommandRun
 * @property {string} command
 * @property {Readonly<Record<string, string>>} flags
 * @property {NodeJS.ProcessEnv} env
 * @property {string} folder the checkout
 * @property {boolean} colour whether its lines are coloured
 * @property {(line: string) => void} onLine each line as it is printed
 */

/**
 * @param {CommandRun} run
 * @returns {Promise<import('./action.mjs').ActionResult>}
 */
export async function runCommand({ command, flags, env, folder, colour, onLine }) {
  const own = mkdtempSync(join(tmpdir(), 'command-'));
  const [json, markdown] = [join(own, 'report.json'), join(own, 'summary.md')];
  const given = Object.entries({ ...flags }).map(([name, value]) => `--${name}=${value}`);
  const startedAt = Date.now();
  const begun = performance.now();
  /** @type {{ atMs: number, text: string }[]} */
  const lines = [];
  try {
    const child = spawn(process.execPath, [join(root, 'dist', 'cli.js'), command, ...given, `--report=${json}`, `--report=${markdown}`], {
      cwd: folder, env: { ...env, FORCE_COLOR: colour ? '1' : '0' }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (text) => {
        lines.push({ atMs: performance.now() - begun, text: stripVTControlCharacters(text) });
        onLine(text);
      });
    }
    const exitCode = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
    const report = JSON.parse(readFileSync(json, 'utf8'));
    return {
      exitCode, lines, startedAt, durationMs: performance.now() - begun, report, summary: readFileSync(markdown, 'utf8'),
      outputs: { verdict: report.verdict, cause: report.failure?.cause ?? '' },
    };
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}
