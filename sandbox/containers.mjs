// containerd, with folders, socket and network of its own, and the image of the pause program.
import { join } from 'node:path';
import { program } from './cache.mjs';
import { command } from './command.mjs';
import { paths, pods, registry, registryAuth, run, state } from './layout.mjs';
import { inside } from './namespace.mjs';
import { must, pluginFolder } from './packages.mjs';
import { pauseArchive, pauseImage } from './pause-image.mjs';
import { listens } from './wait.mjs';

const file = join(paths.configuration, 'containerd.toml');
const hosts = join(paths.configuration, 'registries');
const cni = join(state, 'cni', 'net.d');

const configuration = () => `version = 2
root = "${join(state, 'containerd')}"
state = "${join(run, 'containerd')}"

[grpc]
  address = "${paths.containerdSocket}"

[plugins."io.containerd.internal.v1.opt"]
  path = "${join(state, 'opt')}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  # Where raising a process's priority against the out-of-memory killer is not allowed, go on without.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${pluginFolder()}"
    conf_dir = "${cni}"

  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${hosts}"
`;

/** The registries speak plain HTTP; they are on this machine's loopback. @param {string} address */
const hostFile = (address) => `server = "http://${address}"

[host."http://${address}"]
  capabilities = ["pull", "resolve"]
`;

const network = {
  cniVersion: '0.4.0',
  name: 'acci-sandbox',
  plugins: [
    {
      type: 'bridge',
      bridge: pods.bridge,
      isGateway: true,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        ranges: [[{ subnet: pods.cidr, gateway: pods.gateway }]],
        routes: [{ dst: '0.0.0.0/0' }],
        dataDir: join(state, 'cni', 'addresses'),
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};

/** @param {string[]} args */
const ctr = (...args) => {
  const [program, ...rest] = inside([must('ctr'), '--address', paths.containerdSocket, '--namespace', 'k8s.io', ...args]);
  return command(program, rest);
};

async function importPause() {
  if ((await ctr('images', 'list', '--quiet')).split('\n').includes(pauseImage)) return;
  await ctr('images', 'import', await pauseArchive(program('pause')));
}

/** @type {import('./part.mjs').Part} */
export const containerd = {
  name: 'containerd',
  address: paths.containerdSocket,
  ports: [],
  after: [],
  inside: true,
  files: () => ({
    [file]: configuration(),
    [join(hosts, registry, 'hosts.toml')]: hostFile(registry),
    [join(hosts, registryAuth, 'hosts.toml')]: hostFile(registryAuth),
    [join(cni, '10-acci-sandbox.conflist')]: JSON.stringify(network, undefined, 2),
  }),
  command: () => [must('containerd'), '--config', file],
  ready: () => listens(paths.containerdSocket),
  settle: importPause,
};
