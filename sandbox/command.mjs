// Runs a program to its end; a failure says which program, with what arguments, and what it printed last.
import { execFile } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The last lines of a text, for messages. @param {string} text @param {number} [lines] */
export function tail(text, lines = 15) {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {{ input?: string, env?: NodeJS.ProcessEnv, cwd?: string, progress?: (line: string) => boolean }} [options]
 *   progress: called with each line of standard error as it comes, and again when the program has failed: the lines for
 *   which it returns true are left out of the message
 * @returns {Promise<string>} what it wrote to standard output
 */
export function command(program, args, options = {}) {
  const { progress } = options;
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      { env: options.env ?? process.env, cwd: options.cwd, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        const evidence = stderr.split('\n').filter((line) => !progress?.(line)).join('\n');
        const reason = tail(evidence || stdout) || error.message;
        reject(new Error(`${[program, ...args].join(' ')} failed:\n${reason}`));
      },
    );
    if (progress && child.stderr) createInterface({ input: child.stderr }).on('line', progress);
    // A program that ends before it has read its input closes the pipe; its exit code shows why.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
  });
}

/** Whether the command ended with success. @param {string} program @param {string[]} args */
export async function succeeds(program, args) {
  return command(program, args).then(
    () => true,
    () => false,
  );
}
