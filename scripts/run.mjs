/** Programs that the scripts call; no shell is involved. */
import { spawn } from 'node:child_process';
import process from 'node:process';

/**
 * Runs a program to its end, with its output on this one's. Rejects unless it ends with 0.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {Record<string, string>} [env] added to the environment
 * @param {'all output' | 'no stdout'} [shown]
 * @returns {Promise<void>}
 */
export function run(program, args, env = {}, shown = 'all output') {
  return new Promise((resolve, reject) => {
    const stdout = shown === 'all output' ? 'inherit' : 'ignore';
    const child = spawn(program, args, { stdio: ['ignore', stdout, 'inherit'], env: { ...process.env, ...env } });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`ended with ${signal ?? `code ${code}`}.`));
    });
  });
}

/**
 * Runs a program and returns its standard output. Rejects unless it ends with 0.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Promise<string>}
 */
export function output(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    /** @type {string[]} */
    const parts = [];
    child.stdout.setEncoding('utf8').on('data', (part) => parts.push(part));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(parts.join(''));
      else reject(new Error(`${[program, ...args].join(' ')} ended with ${signal ?? `code ${code}`}.`));
    });
  });
}
