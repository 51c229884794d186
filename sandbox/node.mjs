// The one node: kubelet and kube-proxy. Wherever a default of Kubernetes does, it is kept: what is
// measured or tested here should behave as it does elsewhere.
import { join } from 'node:path';
import { program } from './cache.mjs';
import { certificate, key, kubeconfig } from './certificates.mjs';
import { cgroup, node, paths, pods, ports, services, state } from './layout.mjs';
import { get } from './wait.mjs';

const kubeletFile = join(paths.configuration, 'kubelet.json');
const proxyFile = join(paths.configuration, 'kube-proxy.json');

const kubeletConfiguration = {
  kind: 'KubeletConfiguration',
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  address: node.address,
  port: ports.kubelet,
  readOnlyPort: 0,
  healthzBindAddress: '127.0.0.1',
  healthzPort: ports.kubeletHealth,
  tlsCertFile: certificate('kubelet-server'),
  tlsPrivateKeyFile: key('kubelet-server'),
  authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: certificate('ca') } },
  authorization: { mode: 'Webhook' },
  containerRuntimeEndpoint: `unix://${paths.containerdSocket}`,
  volumePluginDir: join(state, 'kubelet-plugins'),
  cgroupDriver: 'cgroupfs',
  cgroupRoot: `/${cgroup}`,
  failCgroupV1: false,
  failSwapOn: false,
  enforceNodeAllocatable: [],
  localStorageCapacityIsolation: false,
  maxPods: 200,
  clusterDNS: [services.dns],
  clusterDomain: 'cluster.local',
  // Other programs use the machine too: a nearly full disk must not evict the pods of the sandbox.
  evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%', 'nodefs.inodesFree': '1%', 'imagefs.inodesFree': '1%' },
  imageGCHighThresholdPercent: 100,
  // Many tests pull at once, from a registry next door.
  serializeImagePulls: false,
  registryPullQPS: 0,
};

/** @type {import('./part.mjs').Part} */
const kubelet = {
  name: 'kubelet',
  address: `https://${node.address}:${ports.kubelet}`,
  ports: [ports.kubelet, ports.kubeletHealth],
  after: ['kube-apiserver', 'containerd'],
  inside: true,
  files: () => ({ [kubeletFile]: JSON.stringify(kubeletConfiguration, undefined, 2) }),
  command: () => [
    program('kubelet'),
    `--config=${kubeletFile}`,
    `--kubeconfig=${kubeconfig('kubelet')}`,
    `--hostname-override=${node.name}`,
    `--node-ip=${node.address}`,
  ],
  ready: async () => (await get(`http://127.0.0.1:${ports.kubeletHealth}/healthz`)).status === 200,
};

const proxyConfiguration = {
  kind: 'KubeProxyConfiguration',
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  clientConnection: { kubeconfig: kubeconfig('kube-proxy') },
  hostnameOverride: node.name,
  mode: 'iptables',
  clusterCIDR: pods.cidr,
  healthzBindAddress: `127.0.0.1:${ports.proxyHealth}`,
  metricsBindAddress: `127.0.0.1:${ports.proxyMetrics}`,
  // Zero: leave the machine's own settings for connection tracking alone.
  conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
};

/** @type {import('./part.mjs').Part} */
const proxy = {
  name: 'kube-proxy',
  address: `http://127.0.0.1:${ports.proxyHealth}`,
  ports: [ports.proxyHealth, ports.proxyMetrics],
  after: ['kube-apiserver'],
  files: () => ({ [proxyFile]: JSON.stringify(proxyConfiguration, undefined, 2) }),
  command: () => [program('kube-proxy'), `--config=${proxyFile}`],
  ready: async () => (await get(`http://127.0.0.1:${ports.proxyHealth}/healthz`)).status === 200,
};

export const nodeParts = [kubelet, proxy];
