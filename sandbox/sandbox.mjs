// npm run sandbox: a real Kubernetes, builder and registries on this machine, for the tests and for people.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const usage = `usage: npm run sandbox <command>
  up               start it, or heal what is broken
  down             stop it and leave nothing behind but the cache
  status           one line for each part
  env              variables for a shell: eval "$(npm run -s sandbox env)"
  start NAME       start one part (see status)
  stop NAME        stop one part; --kill: as a crash would
  restart NAME     stop and start one part
  tool NAME        build a tool on demand and print its path: helm, actionlint
`;

/** Runs this same command as root. The cache stays where it is, and its owner's. @param {string[]} args */
async function asRoot(args) {
  const { cache } = await import('./layout.mjs');
  const environment = [`ACCI_SANDBOX_CACHE=${cache}`, `PATH=${process.env.PATH}`];
  if (process.env.ACCI_SANDBOX_STATE) environment.push(`ACCI_SANDBOX_STATE=${process.env.ACCI_SANDBOX_STATE}`);
  const words = ['-n', 'env', ...environment, process.execPath, fileURLToPath(import.meta.url), ...args];
  process.exitCode = spawnSync('sudo', words, { stdio: 'inherit' }).status ?? 1;
}

/** @param {string[]} args */
async function changing(args) {
  const machine = await import('./machine.mjs');
  const { build, missing, needed } = await import('./cache.mjs');
  machine.checkSystem();
  machine.checkRights();
  const [name = '', part = ''] = args;
  if (name === 'up') {
    if (missing(needed).length > 0) machine.checkGo();
    // Built by whoever called, before anything is done as root.
    await build(needed);
  }
  if (!machine.isRoot()) return asRoot(args);
  const { alone } = await import('./lock.mjs');
  const { lockFile } = await import('./layout.mjs');
  await alone(lockFile, () => act(name, part, args.includes('--kill')));
}

/** @param {string} name @param {string} part @param {boolean} kill */
async function act(name, part, kill) {
  const lifecycle = await import('./lifecycle.mjs');
  const processes = await import('./processes.mjs');
  if (name === 'up') {
    const began = Date.now();
    await lifecycle.up();
    process.stdout.write(`The sandbox is up (${((Date.now() - began) / 1000).toFixed(1)} s). Next: eval "$(npm run -s sandbox env)"\n`);
  } else if (name === 'down') await lifecycle.down();
  else if (name === 'start') await processes.start(part);
  else if (name === 'stop') await processes.stop(part, { kill });
  else await processes.restart(part);
}

async function printEnvironment() {
  // Asked by every new shell: nothing but what it needs is loaded.
  const { environment, shellLines } = await import('./environment.mjs');
  process.stdout.write(shellLines(environment()));
}

async function printStatus() {
  const { status } = await import('./lifecycle.mjs');
  const { text, healthy } = await status();
  process.stdout.write(`${text}\n`);
  process.exitCode = healthy ? 0 : 1;
}

/** @param {string} name */
async function printTool(name) {
  const { build, missing, program, tools } = await import('./cache.mjs');
  const module = tools[name];
  if (!module) throw new Error(`There is no tool ${name}; the tools are: ${Object.keys(tools).join(', ')}.`);
  if (missing([module]).length > 0) (await import('./machine.mjs')).checkGo();
  await build([module]);
  process.stdout.write(`${program(module, name)}\n`);
}

/** @param {string[]} args */
async function main(args) {
  const [name = '', operand = ''] = args;
  const takesName = ['start', 'stop', 'restart', 'tool'].includes(name);
  if (takesName && !operand) throw new Error(`${name} what?\n${usage}`);
  if (['up', 'down', 'start', 'stop', 'restart'].includes(name)) return changing(args);
  if (name === 'status') return printStatus();
  if (name === 'env') return printEnvironment();
  if (name === 'tool') return printTool(operand);
  process.stderr.write(usage);
  process.exitCode = 2;
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${process.env.DEBUG ? error.stack : `sandbox: ${error.message}`}\n`);
  process.exitCode = 1;
});
