// The programs that the sandbox builds from source, each from a Go module whose go.sum pins every byte.
// They are kept in the user's cache folder under a hash of the module's files: another checkout with
// the same files finds them, and a changed pin never runs an old program.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { advance, announce, isPlanned, item } from './agenda.mjs';
import { command } from './command.mjs';
import { cache, source } from './layout.mjs';
import { alone } from './lock.mjs';
import { step } from './progress.mjs';

/**
 * @typedef {object} Module
 * @property {string} title
 * @property {number} seconds that the first build takes on two idle cores, with nothing compiled and the sources downloaded
 * @property {(version: (path: string) => string) => string[]} variables what the linker sets, as -X does
 * @property {string[]} [links] further names of the one program
 */

const kubernetesPrograms = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-proxy',
  'kube-scheduler',
  'kubectl',
  'kubelet',
];

/** @satisfies {Record<string, Module>} */
export const modules = {
  kubernetes: {
    title: 'Kubernetes and etcd',
    seconds: 297,
    links: kubernetesPrograms,
    variables: (version) => {
      const kubernetes = version('k8s.io/kubernetes');
      const [major, minor] = kubernetes.slice(1).split('.');
      const at = 'k8s.io/component-base/version';
      return [`${at}.gitVersion=${kubernetes}`, `${at}.gitMajor=${major}`, `${at}.gitMinor=${minor}`];
    },
  },
  builder: {
    title: 'BuildKit and buildx',
    seconds: 106,
    variables: (version) => [
      `github.com/moby/buildkit/version.Version=${version('github.com/moby/buildkit')}`,
      `github.com/docker/buildx/version.Version=${version('github.com/docker/buildx')}`,
    ],
  },
  docker: {
    title: 'the docker command',
    seconds: 24,
    variables: (version) => [`github.com/docker/cli/cli/version.Version=${version('github.com/docker/cli').slice(1).split('+')[0]}`],
  },
  pause: { title: 'the pause program of pods', seconds: 2, variables: () => [] },
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
};

/** @typedef {keyof typeof modules} Name */

/** What `up` needs; the other modules are built when somebody asks for their tool. @type {Name[]} */
export const needed = ['kubernetes', 'builder', 'docker', 'pause'];

/** The tools that `sandbox tool` builds on demand, and their modules. @type {Record<string, Name>} */
export const tools = { helm: 'helm', actionlint: 'lint', act: 'act' };

/** @param {Name} name */
export function folder(name) {
  const hash = createHash('sha256');
  for (const file of readdirSync(join(source, name)).sort()) {
    hash.update(`${file}\0`).update(readFileSync(join(source, name, file))).update('\0');
  }
  return join(cache, `${name}-${process.arch}-${hash.digest('hex').slice(0, 12)}`);
}

/** @param {Name} name @param {string} program */
export function program(name, program) {
  return join(folder(name), program);
}

/** @param {Name[]} names */
export function missing(names) {
  return names.filter((name) => !existsSync(folder(name)));
}

/** @param {Name} name */
function versionIn(name) {
  const file = readFileSync(join(source, name, 'go.mod'), 'utf8');
  return (/** @type {string} */ path) => {
    const [, found] = new RegExp(`^(?:\\s+|require )${path.replaceAll('.', '\\.')} (v\\S+)`, 'm').exec(file) ?? [];
    if (!found) throw new Error(`sandbox/${name}/go.mod does not require ${path}`);
    return found;
  };
}

/** @param {Name} name @returns {import('./agenda.mjs').Item} */
export const buildItem = (name) => ({ name, title: modules[name].title, seconds: modules[name].seconds, compiles: true });

/** @param {Name} name @param {string} target @param {(note: string) => void} report */
async function compile(name, target, report) {
  /** @type {Module} */
  const module = modules[name];
  const variables = module.variables(versionIn(name)).map((variable) => `-X ${variable}`);
  const hasTools = /^tool /m.test(readFileSync(join(source, name, 'go.mod'), 'utf8'));
  const flags = ['-ldflags', ['-s -w', ...variables].join(' ')];
  const what = hasTools ? 'tool' : '.';
  const options = { cwd: join(source, name), env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off' } };
  report('downloads the sources if necessary');
  // As many as `go build -v` then names, each as it is compiled: what Go's own cache has is not among them.
  const stale = await command('go', ['list', '-deps', ...flags, '-f', '{{if .Stale}}{{.ImportPath}}{{end}}', what], options);
  const packages = new Set(stale.split('\n').filter((line) => line !== ''));
  const compiled = new Set();
  const progress = (/** @type {string} */ line) => {
    if (!packages.has(line)) return false;
    compiled.add(line);
    report(`${compiled.size} of ${packages.size} packages compiled`);
    advance(compiled.size / packages.size);
    return true;
  };
  await command('go', ['build', '-v', ...flags, '-o', `${target}/`, what], { ...options, progress });
  for (const link of module.links ?? []) symlinkSync(name, join(target, link));
}

/** Builds what is not in the cache yet. @param {Name[]} names */
export async function build(names) {
  if (missing(names).length === 0) return;
  if (!isPlanned()) announce(missing(names).map(buildItem));
  await alone(join(cache, 'lock'), async () => {
    // Another process may have built some of it while this one waited for the lock.
    for (const name of missing(names)) {
      await item(name, () => step('build', `${modules[name].title} from source`, async (report) => {
        mkdirSync(cache, { recursive: true });
        // Built beside its place and moved there at once: an interrupted build leaves nothing that looks whole.
        const unfinished = mkdtempSync(join(cache, `.${name}-`));
        try {
          await compile(name, unfinished, report);
          // mkdtemp removes access for other users, but users of the sandbox run kubectl from here.
          chmodSync(unfinished, 0o755);
          renameSync(unfinished, folder(name));
        } finally {
          rmSync(unfinished, { recursive: true, force: true });
        }
      }));
    }
  });
}
