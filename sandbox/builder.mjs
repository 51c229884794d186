// BuildKit, and a private docker configuration in which buildx knows it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { program } from './cache.mjs';
import { killMembers } from './cgroups.mjs';
import { command } from './command.mjs';
import { builder, cgroup, paths, registry, registryAuth, state } from './layout.mjs';
import { must } from './packages.mjs';
import { listens } from './wait.mjs';

const file = join(paths.configuration, 'buildkitd.toml');
const group = 'buildkit';

const configuration = () => `root = "${join(state, 'buildkit')}"

[grpc]
  address = ["unix://${paths.buildkitSocket}"]
  gid = ${Number(process.env.SUDO_GID ?? 0)}

[worker.oci]
  enabled = true
  binary = "${must('runc')}"
  networkMode = "host"
  defaultCgroupParent = "${cgroup}/${group}"

[worker.containerd]
  enabled = false

[registry."${registry}"]
  http = true

[registry."${registryAuth}"]
  http = true
`;

export async function registerBuilder() {
  const env = { ...process.env, DOCKER_CONFIG: paths.dockerConfig };
  const docker = (/** @type {string[]} */ ...args) => command(join(paths.bin, 'docker'), ['buildx', ...args], { env });
  if (existsSync(join(paths.dockerConfig, 'buildx', 'instances', builder))) return;
  await docker('create', '--use', '--name', builder, '--driver', 'remote', `unix://${paths.buildkitSocket}`);
}

/** @type {import('./part.mjs').Part} */
export const buildkitd = {
  name: 'buildkitd',
  address: paths.buildkitSocket,
  ports: [],
  after: [],
  inside: true,
  files: () => ({ [file]: configuration() }),
  // Build steps outlive a buildkitd that was killed, and nothing else would end them.
  prepare: () => killMembers(group),
  command: () => [program('buildkitd'), '--config', file],
  ready: () => listens(paths.buildkitSocket),
  settle: registerBuilder,
};
