// The programs that the sandbox builds from source, each from a Go module whose go.sum pins every byte.
// They are kept in the user's cache folder under a hash of the module's files: another checkout with
// the same files finds them, and a changed pin never runs an old program.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { advance, announce, isPlanned, item } from './agenda.mjs';
import { command } from './command.mjs';
import { orderly } from './interrupt.mjs';
import { cache, source } from './layout.mjs';
import { alone } from './lock.mjs';
import { step } from './progress.mjs';

/**
 * @typedef {object} Module
 * @property {string} title
 * @property {number} seconds that the first build takes on two idle cores, with nothing compiled and the sources downloaded
 * @property {string[]} [packages] what is built; without it, the tools of go.mod
 * @property {(version: (path: string) => string) => string[]} variables what the linker sets, as -X does
 * @property {Record<string, string[]>} [links] further names of a program
 */

/** One module: what several of these programs import (gRPC, client-go, OpenTelemetry …) is compiled once, in one version. */
const programs = 'programs';

/** @satisfies {Record<string, Module>} */
export const modules = {
  [programs]: {
    title: 'Kubernetes, BuildKit and docker',
    seconds: 260,
    packages: ['./kubernetes', './pause', 'tool'],
    links: { kubernetes: ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-proxy', 'kube-scheduler', 'kubectl', 'kubelet'] },
    variables: (version) => {
      const kubernetes = version('k8s.io/kubernetes');
      const [major, minor] = kubernetes.slice(1).split('.');
      const at = 'k8s.io/component-base/version';
      return [
        `${at}.gitVersion=${kubernetes}`, `${at}.gitMajor=${major}`, `${at}.gitMinor=${minor}`,
        `github.com/moby/buildkit/version.Version=${version('github.com/moby/buildkit')}`,
        `github.com/docker/buildx/version.Version=${version('github.com/docker/buildx')}`,
        `github.com/docker/cli/cli/version.Version=${version('github.com/docker/cli').slice(1).split('+')[0]}`,
      ];
    },
  },
  helm: {
    title: 'Helm',
    seconds: 94,
    variables: (version) => [`helm.sh/helm/v4/internal/version.version=${version('helm.sh/helm/v4')}`],
  },
  lint: {
    title: 'actionlint',
    seconds: 10,
    variables: (version) => [
      `github.com/rhysd/actionlint.version=${version('github.com/rhysd/actionlint').slice(1)}`,
      'github.com/rhysd/actionlint.installedFrom=source',
    ],
  },
  act: {
    title: 'act',
    seconds: 90,
    variables: (version) => [`main.version=${version('github.com/nektos/act').slice(1)}`],
  },
  compose: {
    title: 'docker compose',
    seconds: 45,
    // Its package is called cmd.
    links: { cmd: ['docker-compose'] },
    variables: (version) => [`github.com/docker/compose/v5/internal.Version=${version('github.com/docker/compose/v5')}`],
  },
  versitygw: {
    title: 'versitygw, an S3 server',
    seconds: 60,
    variables: (version) => [`main.Version=${version('github.com/versity/versitygw')}`],
  },
};

/** @typedef {keyof typeof modules} Name */

/** What `up` needs; the other modules are built when somebody asks for their tool. @type {Name[]} */
export const needed = [programs];

/** The tools that `sandbox tool` builds on demand, and their modules. With `kubectl`, all that `up` needs is built. @type {Record<string, Name>} */
export const tools = { helm: 'helm', actionlint: 'lint', act: 'act', versitygw: 'versitygw', kubectl: programs };

/** @param {Name} name */
export function folder(name) {
  const hash = createHash('sha256');
  const files = readdirSync(join(source, name), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const file of files.map((entry) => relative(join(source, name), join(entry.parentPath, entry.name))).sort()) {
    hash.update(`${file}\0`).update(readFileSync(join(source, name, file))).update('\0');
  }
  return join(cache, `${name}-${process.arch}-${hash.digest('hex').slice(0, 12)}`);
}

/** Where a program is. @param {string} name @param {Name} [module] */
export function program(name, module = programs) {
  return join(folder(module), name);
}

/** @param {Name[]} names */
export function missing(names) {
  return names.filter((name) => !existsSync(folder(name)));
}

/** @param {Name} name */
function versionIn(name) {
  const file = readFileSync(join(source, name, 'go.mod'), 'utf8');
  return (/** @type {string} */ path) => {
    const escaped = path.replaceAll('.', '\\.');
    const version = (/** @type {string} */ before) => new RegExp(`^${before}${escaped} (v\\S+)`, 'm').exec(file)?.[1];
    // What a module is replaced with is what is built.
    const found = version(`\\s+${escaped} => `) ?? version('(?:\\s+|require )');
    if (!found) throw new Error(`sandbox/${name}/go.mod does not require ${path}`);
    return found;
  };
}

/** @param {Name} name @returns {import('./agenda.mjs').Item} */
export const buildItem = (name) => ({
  name, title: modules[name].title, seconds: modules[name].seconds, compiles: true, about: `compiled from source into ${cache}`,
});

/**
 * Compiling is what a first start waits for, and the programs only run for tests: without inlining, and without debug
 * information that the linker drops (-w), it takes a quarter less. On two processors, two compilers at once use both:
 * threads within each only cost. The standard library keeps the default flags: it is where programs spend their time,
 * and Go's cache shares it with every other build.
 * @param {number} processors
 */
export const compilerFlags = (processors) => ['-gcflags', `all=-l -dwarf=false${processors <= 2 ? ' -c=1' : ''}`, '-gcflags', 'std='];

/**
 * A compiler runs for a second: with up to five times its live heap instead of twice, it collects garbage in a sixth less
 * time. As there is no debug information, it does not need more memory than with the default flags (450 MB at most).
 */
const compilerEnvironment = { GOGC: '400' };

/** @param {Name} name */
const packagesOf = (name) => {
  /** @type {Module} */
  const module = modules[name];
  return module.packages ?? ['tool'];
};

/** @param {Name} name @param {AbortSignal} stopped */
const optionsFor = (name, stopped) => ({
  cwd: join(source, name), stopped, env: { ...process.env, ...compilerEnvironment, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off' },
});

/** What to do about a failure of go. @param {string} message */
export function adviceFor(message) {
  if (/no space left on device/.test(message)) return 'The disk is full: about 4 GB are needed for the caches of Go (go env GOCACHE GOMODCACHE).';
  if (/dial tcp|no such host|i\/o timeout|connection (?:refused|reset)|proxyconnect|server response|TLS handshake/.test(message)) {
    return 'The sources are downloaded from the proxy for Go modules (go env GOPROXY): check the network, then run the command again. It continues there.';
  }
  if (/checksum mismatch|SECURITY ERROR/.test(message)) return 'What was downloaded is not what go.sum pins: check who serves it (go env GOPROXY), and do not use it.';
  return 'What is compiled so far is kept: run the command again to continue there.';
}

/** @param {string[]} args @param {Parameters<typeof command>[2]} options */
const go = (args, options) => command('go', args, options).catch((error) => {
  throw new Error(`${error.message}\n${adviceFor(error.message)}`);
});

/** Downloads the sources that Go's cache does not have. @param {Name[]} names @param {AbortSignal} stopped */
export async function downloadSources(names, stopped) {
  for (const name of names) await go(['list', '-deps', '-f', '{{""}}', ...packagesOf(name)], optionsFor(name, stopped));
}

/** What the linker sets. @param {Name} name */
export const variablesOf = (name) => modules[name].variables(versionIn(name));

/** @param {Name} name @param {string} target @param {{ report: (note: string) => void, stopped: AbortSignal }} options */
async function compile(name, target, { report, stopped }) {
  /** @type {Module} */
  const module = modules[name];
  const variables = variablesOf(name).map((variable) => `-X ${variable}`);
  const flags = [...compilerFlags(availableParallelism()), '-ldflags', ['-s -w', ...variables].join(' ')];
  const options = optionsFor(name, stopped);
  report('downloads the sources if necessary');
  // As many as `go build -v` then names, each as it is compiled: what Go's own cache has is not among them.
  const stale = await go(['list', '-deps', ...flags, '-f', '{{if .Stale}}{{.ImportPath}}{{end}}', ...packagesOf(name)], options);
  const packages = new Set(stale.split('\n').filter((line) => line !== ''));
  const compiled = new Set();
  const progress = (/** @type {string} */ line) => {
    if (!packages.has(line)) return false;
    compiled.add(line);
    // Short enough for a line of 80 columns with the time that is left.
    report(`${Math.floor((100 * compiled.size) / packages.size)} %`);
    advance(compiled.size / packages.size);
    return true;
  };
  await go(['build', '-v', ...flags, '-o', `${target}/`, ...packagesOf(name)], { ...options, progress });
  for (const [program, links] of Object.entries(module.links ?? {})) {
    for (const link of links) symlinkSync(program, join(target, link));
  }
}

/** Builds what is not in the cache yet. @param {Name[]} names */
export async function build(names) {
  if (missing(names).length === 0) return;
  if (!isPlanned()) announce(missing(names).map(buildItem));
  const why = 'Interrupted. What is compiled so far stays in the cache of Go: the next start continues from there.';
  await alone(join(cache, 'lock'), () => orderly(why, async (stopped) => {
    // What a build that was killed has left: whoever has the lock is the only one that builds.
    for (const entry of readdirSync(cache)) if (entry.startsWith('.')) rmSync(join(cache, entry), { recursive: true, force: true });
    // Another process may have built some of it while this one waited for the lock.
    for (const name of missing(names)) {
      await item(name, () => step('build', modules[name].title, (report) => buildWhole(name, { report, stopped })));
    }
  }));
}

/**
 * Builds beside the place and moves there at once: an interrupted build leaves nothing that looks whole.
 * @param {Name} name @param {{ report: (note: string) => void, stopped: AbortSignal }} options
 */
async function buildWhole(name, options) {
  mkdirSync(cache, { recursive: true });
  const unfinished = mkdtempSync(join(cache, `.${name}-`));
  try {
    await compile(name, unfinished, options);
    // mkdtemp removes access for other users, but users of the sandbox run kubectl from here.
    chmodSync(unfinished, 0o755);
    renameSync(unfinished, folder(name));
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
