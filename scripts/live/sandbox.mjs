/** The sandbox, as the scripts use it that show and measure the action. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ask } from './program.mjs';

/** The root of the repository. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const script = join(root, 'sandbox', 'sandbox.mjs');

/** @typedef {{ KUBECONFIG: string, REGISTRY: string, BUILDER: string, DOCKER_CONFIG: string, PATH: string }} SandboxVariables */
/** @typedef {NodeJS.ProcessEnv & SandboxVariables} SandboxEnvironment */

/**
 * Starts the sandbox, or whatever of it does not run.
 *
 * @returns {Promise<SandboxEnvironment>} the environment of this process with what `sandbox env` prints
 */
export async function startSandbox() {
  await up();
  const lines = (await ask(process.execPath, [script, 'env'])).matchAll(/^export (\w+)='((?:[^']|'\\'')*)'$/gm);
  const variables = Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value.replaceAll(String.raw`'\''`, "'")]));
  return { ...process.env, .../** @type {SandboxVariables} */ (variables) };
}

/** Its progress is shown, but not its last line, which tells the user what to type next. */
function up() {
  const child = spawn(process.execPath, [script, 'up'], { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('The sandbox is up')) console.log(line);
  });
  // The sandbox ends in good order what it has begun, and this program after it. Ctrl-C and the end of the terminal reach both.
  const wait = (/** @type {NodeJS.Signals} */ signal) => { if (signal === 'SIGTERM') child.kill(signal); };
  process.on('SIGHUP', wait).on('SIGINT', wait).on('SIGTERM', wait);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('SIGHUP', wait).off('SIGINT', wait).off('SIGTERM', wait);
      if (signal || [129, 130, 143].includes(code ?? 0)) process.exit(code ?? 130);
      if (code === 0) resolve(undefined);
      else reject(new Error('The sandbox cannot be started: see above.'));
    });
  });
}
