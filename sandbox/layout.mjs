// Where everything of the sandbox lives and listens. The ports and networks are unusual on purpose:
// a Docker daemon or another cluster may run on the same machine, and must not notice this one.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const source = fileURLToPath(new URL('.', import.meta.url));

export const state = process.env.ACCI_SANDBOX_STATE ?? '/var/lib/acci-sandbox';
// Sockets get a folder of their own: a socket's path may have no more than 107 characters.
export const run = '/run/acci-sandbox';
export const lockFile = '/run/acci-sandbox.lock';

export const cache =
  process.env.ACCI_SANDBOX_CACHE ?? join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'acci-deploy-action');

/** Where system programs are; the PATH of an ordinary user often lacks the sbin folders. */
export const systemFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

export const paths = {
  bin: join(state, 'bin'),
  certificates: join(state, 'certificates'),
  configuration: join(state, 'configuration'),
  dockerConfig: join(state, 'docker'),
  kubeconfig: join(state, 'kubeconfig'),
  logs: join(state, 'logs'),
  processes: join(state, 'processes'),
  registryPassword: join(state, 'registry-password'),
  containerdSocket: join(run, 'containerd', 'containerd.sock'),
  buildkitSocket: join(run, 'buildkitd.sock'),
  dockerSocket: join(run, 'docker.sock'),
};

export const node = { name: 'sandbox', bridge: 'acci0', address: '10.213.0.1', prefix: 24 };
export const pods = { bridge: 'acci-pods', cidr: '10.214.0.0/23', gateway: '10.214.0.1' };
export const services = { cidr: '10.215.0.0/16', api: '10.215.0.1', dns: '10.215.0.10' };
/** pools: of which each network of Docker Compose gets a part. */
export const docker = { bridge: 'acci-docker', address: '10.216.0.1', prefix: 24, pools: '10.216.128.0/17', cidr: '10.216.0.0/16' };
export const cgroup = 'acci-sandbox';

export const ports = {
  etcd: 12379,
  etcdPeer: 12380,
  api: 16443,
  kubelet: 20250,
  kubeletHealth: 20248,
  proxyMetrics: 20249,
  proxyHealth: 20256,
  controllerManager: 20257,
  scheduler: 20259,
  registry: 15000,
  registryAuth: 15001,
};

export const registry = `127.0.0.1:${ports.registry}`;
export const registryAuth = `127.0.0.1:${ports.registryAuth}`;
export const registryUser = 'sandbox';
export const builder = 'acci-sandbox';
