// npm run sandbox: a real Kubernetes, builder and registries on this machine, for the tests and for people.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const usage = `usage: npm run sandbox <command>
  up               start it, or the parts of it that are not running
  down             stop it and remove everything except the cache
  packages         only install the system packages that it needs
  status           one line for each part
  env              variables for a shell: eval "$(npm run -s sandbox env)"
  start NAME       start one part (see status)
  stop NAME        stop one part; --kill: kill it, like a crash
  restart NAME     stop and start one part
  tool NAME        get a tool on demand and print its path: helm, actionlint, act, kubectl, versitygw, pushgateway
  compose          get Docker Compose and start a Docker daemon, and print where it listens, as JSON
  data             get databases and an S3 server for tests, and print where they are, as JSON
`;

/** Runs this same command as root. The cache stays where it is, and its owner's. @param {string[]} args @returns {Promise<number>} its exit code */
async function asRoot(args) {
  const { cache } = await import('./layout.mjs');
  const { handOver } = await import('./agenda.mjs');
  const environment = [`ACCI_SANDBOX_CACHE=${cache}`, `PATH=${process.env.PATH}`];
  if (process.env.ACCI_SANDBOX_STATE) environment.push(`ACCI_SANDBOX_STATE=${process.env.ACCI_SANDBOX_STATE}`);
  const agenda = handOver();
  if (agenda) environment.push(agenda);
  const words = ['-n', 'env', ...environment, process.execPath, fileURLToPath(import.meta.url), ...args];
  const { orderly } = await import('./interrupt.mjs');
  // Ctrl-C reaches the other process as well, which ends in good order.
  return orderly('', async () => {
    const [code] = await once(spawn('sudo', words, { stdio: 'inherit' }), 'exit');
    return code ?? 1;
  });
}

/** @param {string[]} args */
async function changing(args) {
  const machine = await import('./machine.mjs');
  machine.checkSystem();
  machine.checkRights();
  const [name = '', part = ''] = args;
  if (name === 'up') {
    const code = await getReady(machine);
    if (code !== 0) return void (process.exitCode = code);
  }
  if (!machine.isRoot()) return void (process.exitCode = await asRoot(args));
  const { alone } = await import('./lock.mjs');
  const { lockFile } = await import('./layout.mjs');
  await alone(lockFile, () => act(name, part, args.includes('--kill')));
}

/**
 * What a first start needs. Packages come before the minutes of compiling: what is wrong with apt-get shows at once.
 * @param {typeof import('./machine.mjs')} machine @returns {Promise<number>} 0, or the exit code of what failed as root
 */
async function getReady(machine) {
  const { build, buildItem, missing, needed } = await import('./cache.mjs');
  const { announce, isPlanned } = await import('./agenda.mjs');
  const { packagesAreThere, packagesItem } = await import('./packages.mjs');
  const { startItem } = await import('./lifecycle.mjs');
  const absent = missing(needed);
  if (absent.length > 0) machine.checkGo();
  const packages = packagesAreThere() ? [] : [packagesItem()];
  // A root process that was started for the rest has its agenda.
  if (packages.length + absent.length > 0 && !isPlanned()) {
    process.stderr.write(`${announce([...packages, ...absent.map(buildItem), startItem])}\n`);
  }
  if (packages.length > 0) {
    const code = await installAndDownload(machine, absent);
    if (code) return code;
  }
  // Built by the calling user, not by root.
  await build(needed);
  return 0;
}

/**
 * Installs packages and downloads sources at the same time: both wait for the network.
 * @param {typeof import('./machine.mjs')} machine @param {import('./cache.mjs').Name[]} modules @returns {Promise<number>}
 */
async function installAndDownload(machine, modules) {
  const { downloadSources } = await import('./cache.mjs');
  const { installPackages } = await import('./packages.mjs');
  const { orderly } = await import('./interrupt.mjs');
  const { lockFile } = await import('./layout.mjs');
  const { alone } = await import('./lock.mjs');
  const { step } = await import('./progress.mjs');
  const failed = new AbortController();
  const download = orderly('', (stopped) => downloadSources(modules, AbortSignal.any([stopped, failed.signal])));
  // Its failure is reported below, after apt-get has ended: packages are not left half installed.
  download.catch(() => {});
  try {
    const code = machine.isRoot() ? await alone(lockFile, installPackages) : await asRoot(['packages']);
    if (code) return code;
    await step('fetch', 'the sources, checked against go.sum', () => download);
    return 0;
  } finally {
    failed.abort();
  }
}

/** @param {string} name @param {string} part @param {boolean} kill */
async function act(name, part, kill) {
  const lifecycle = await import('./lifecycle.mjs');
  const processes = await import('./processes.mjs');
  if (name === 'up') {
    const { item, sinceBegin } = await import('./agenda.mjs');
    const { elapsed } = await import('./progress.mjs');
    const began = Date.now();
    await item('start', lifecycle.up);
    const whole = sinceBegin();
    const took = whole === undefined ? `${((Date.now() - began) / 1000).toFixed(1)} s` : `first start: ${elapsed(whole)}`;
    process.stdout.write(`The sandbox is up (${took}). Next: eval "$(npm run -s sandbox env)"\n`);
  } else if (name === 'down') await lifecycle.down();
  else if (name === 'packages') await (await import('./packages.mjs')).installPackages();
  else if (name === 'start') await processes.start(part);
  else if (name === 'stop') await processes.stop(part, { kill });
  else await processes.restart(part);
}

async function printEnvironment() {
  // Run by every new shell, so only the necessary modules are loaded.
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
  const { debianTool, debianTools } = await import('./debian-tools.mjs');
  if (debianTools[name]) return void process.stdout.write(`${await debianTool(name)}\n`);
  const module = tools[name];
  if (!module) throw new Error(`There is no tool ${name}; the tools are: ${[...Object.keys(tools), ...Object.keys(debianTools)].join(', ')}.`);
  if (missing([module]).length > 0) (await import('./machine.mjs')).checkGo();
  await build([module]);
  process.stdout.write(`${program(name, module)}\n`);
}

async function printData() {
  const { getData } = await import('./data.mjs');
  process.stdout.write(`${JSON.stringify(await getData(), undefined, 2)}\n`);
}

async function printCompose() {
  const machine = await import('./machine.mjs');
  machine.checkSystem();
  machine.checkRights();
  const { getCompose, dockerdRuns } = await import('./compose.mjs');
  const found = await getCompose();
  if (!await dockerdRuns()) {
    await changing(['start', 'dockerd']);
    if (process.exitCode) return;
  }
  process.stdout.write(`${JSON.stringify(found, undefined, 2)}\n`);
}

/** @param {string[]} args */
async function main(args) {
  const [name = '', operand = ''] = args;
  const takesName = ['start', 'stop', 'restart', 'tool'].includes(name);
  if (takesName && !operand) throw new Error(`${name} what?\n${usage}`);
  if (['up', 'down', 'start', 'stop', 'restart', 'packages'].includes(name)) return changing(args);
  if (name === 'status') return printStatus();
  if (name === 'env') return printEnvironment();
  if (name === 'tool') return printTool(operand);
  if (name === 'data') return printData();
  if (name === 'compose') return printCompose();
  process.stderr.write(usage);
  process.exitCode = 2;
}

main(process.argv.slice(2)).catch(async (error) => {
  const { isLeaving } = await import('./interrupt.mjs');
  if (isLeaving()) return;
  process.stderr.write(`${process.env.DEBUG ? error.stack : `sandbox: ${error.message}`}\n`);
  process.exitCode = 1;
});
