// A Docker daemon for tests of Docker Compose, from the package of the distribution: unpacked into the cache, and not
// installed. It has a socket, folders, a bridge and networks of its own, uses the containerd of the sandbox, and leaves
// iptables alone, whose chains would have the names of those of another Docker on the machine.
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { program } from './cache.mjs';
import { killMembers } from './cgroups.mjs';
import { checkDebian, downloadAll, upstreamVersion, withLists } from './debian.mjs';
import { cache, cgroup, docker, paths, run, source, state } from './layout.mjs';
import { Unfit } from './machine.mjs';
import { makeDockerNetwork } from './network.mjs';
import { step } from './progress.mjs';
import { linkPrograms, madeFolder, stampOf, unpackRoot } from './unpacked.mjs';

const packaged = 'docker.io';
/** The sandbox has these already, or only scripts of packages need them. */
const without = ['adduser', 'containerd', 'debconf', 'init-system-helpers', 'iptables', 'lsb-base', 'perl', 'runc', 'sysvinit-utils', 'tini'];
const programs = ['dockerd', 'docker-proxy'];
const group = 'docker';
const file = join(paths.configuration, 'dockerd.json');

const folder = () => join(cache, `docker-${process.arch}-${stampOf(without, ...['docker.mjs', 'debian.mjs', 'unpacked.mjs'].map((each) => join(source, each)))}`);

/** Unpacks the daemon, if the cache does not have it. Only one process does so at a time: see `compose.mjs`. */
export async function unpackDocker() {
  await madeFolder(folder(), (unfinished) => step('make', 'the Docker daemon from packages', async () => {
    checkDebian('Docker');
    const [root, downloads] = [join(unfinished, 'root'), join(unfinished, 'downloads')];
    const archives = await withLists('Docker', async () => {
      rmSync(downloads, { recursive: true, force: true });
      return downloadAll({ packages: [packaged], without }, downloads);
    });
    if (!archives.some((archive) => upstreamVersion(archive, packaged))) throw new Unfit(`apt-get has not downloaded ${packaged}.`);
    // The command is built by the sandbox; the others are for a swarm.
    await unpackRoot(archives, root, ['./usr/bin/docker', './usr/bin/dnet', './usr/sbin/ovrouter']);
    // Ubuntu has them in /usr/bin.
    const found = programs.flatMap((name) => ['usr/sbin', 'usr/bin'].map((path) => `${path}/${name}`).filter((path) => existsSync(join(root, path))));
    await linkPrograms(unfinished, found, archives);
    rmSync(downloads, { recursive: true });
  }));
}

const configuration = () => ({
  'data-root': join(state, 'dockerd'),
  'exec-root': join(run, 'dockerd'),
  pidfile: join(run, 'dockerd.pid'),
  hosts: [`unix://${paths.dockerSocket}`],
  group: String(process.env.SUDO_GID ?? 0),
  containerd: paths.containerdSocket,
  'cgroup-parent': `/${cgroup}/${group}`,
  'exec-opts': ['native.cgroupdriver=cgroupfs'],
  bridge: docker.bridge,
  'default-address-pools': [{ base: docker.pools, size: 24 }],
  iptables: false,
  ip6tables: false,
  'userland-proxy-path': join(folder(), 'bin/docker-proxy'),
  // Less than the sandbox waits for a part that it stops.
  'shutdown-timeout': 2,
});

/** Docker's command finds Docker Compose in its configuration. */
function linkCompose() {
  const plugins = join(paths.dockerConfig, 'cli-plugins');
  mkdirSync(plugins, { recursive: true });
  rmSync(join(plugins, 'docker-compose'), { force: true });
  symlinkSync(program('docker-compose', 'compose'), join(plugins, 'docker-compose'));
}

/** Whether it answers: its socket accepts connections before it does. @returns {Promise<boolean>} */
export function dockerAnswers() {
  return new Promise((resolve) => {
    const asked = request({ socketPath: paths.dockerSocket, path: '/_ping', agent: false, timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', () => resolve(false));
    asked.end();
  });
}

/** @type {import('./part.mjs').Part} */
export const dockerd = {
  name: 'dockerd',
  address: paths.dockerSocket,
  ports: [],
  after: ['containerd'],
  onDemand: true,
  inside: true,
  files: () => ({ [file]: JSON.stringify(configuration(), undefined, 2) }),
  prepare: async () => {
    if (!existsSync(folder())) throw new Unfit('The Docker daemon is not in the cache. Run: npm run sandbox compose');
    // Containers outlive a daemon that was killed.
    await killMembers(group);
    rmSync(join(run, 'dockerd.pid'), { force: true });
    await makeDockerNetwork();
  },
  command: () => [join(folder(), 'bin/dockerd'), '--config-file', file],
  ready: dockerAnswers,
  settle: async () => linkCompose(),
};
