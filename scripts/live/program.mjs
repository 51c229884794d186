/** Programs whose output is for the script and not for the reader. No shell is involved. */
import { spawn } from 'node:child_process';

/**
 * @typedef {object} ProgramOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env] the whole environment; this process's own unless given
 * @property {string} [input] what the program reads
 */

/**
 * Runs a program and returns its standard output. Rejects, with the end of everything that it wrote,
 * unless it ends with 0.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {ProgramOptions} [options]
 * @returns {Promise<string>}
 */
export function ask(program, args, { cwd, env, input } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let all = '';
    child.stdout.setEncoding('utf8').on('data', (part) => { stdout += part; all += part; });
    child.stderr.setEncoding('utf8').on('data', (part) => { all += part; });
    child.on('error', (error) => reject(new Error(`${program} cannot be run: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${[program, ...args].join(' ')} ended with ${signal ?? `code ${code}`}:\n${all.trim().split('\n').slice(-20).join('\n')}`));
    });
    // A program that ends without reading is no fault of ours; how it ended says more.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });
}
