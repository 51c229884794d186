// Runs a program to its end; a failure says which program, with what arguments, and what it printed last.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The last lines of a text, for messages. @param {string} text @param {number} [lines] */
export function tail(text, lines = 15) {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {{ input?: string, env?: NodeJS.ProcessEnv, cwd?: string, progress?: (line: string) => boolean, stopped?: AbortSignal, detached?: boolean }} [options]
 *   progress: called with each line of standard error as it comes, and again when the program has failed: the lines for
 *   which it returns true are left out of the message; stopped: interrupts the program, as Ctrl-C does; detached: Ctrl-C
 *   in the terminal does not reach it
 * @returns {Promise<string>} what it wrote to standard output
 */
export function command(program, args, { input = '', env = process.env, cwd, progress, stopped, detached } = {}) {
  const name = [program, ...args].join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, cwd, detached, signal: stopped, killSignal: 'SIGINT', stdio: 'pipe' });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    if (progress) createInterface({ input: child.stderr }).on('line', progress);
    /** @type {Error | undefined} */
    let failure;
    // An interrupted program emits this too, and still ends by itself.
    child.on('error', (error) => (failure = error));
    child.on('close', (code, signal) => {
      if (code === 0 && !failure) return resolve(stdout);
      const evidence = stderr.split('\n').filter((line) => !progress?.(line)).join('\n');
      const reason = tail(evidence || stdout) || (failure?.message ?? `It exited with ${signal ?? `code ${code}`}.`);
      reject(new Error(`${name} failed:\n${reason}`));
    });
    // A program that ends before it has read its input closes the pipe; its exit code shows why.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** Whether the command ended with success. @param {string} program @param {string[]} args */
export async function succeeds(program, args) {
  return command(program, args).then(
    () => true,
    () => false,
  );
}
