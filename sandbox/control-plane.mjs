// etcd, the API server, the controller manager and the scheduler.
import { join } from 'node:path';
import { program } from './cache.mjs';
import { accountKey, accountPublicKey, adminTls, api, certificate, key, kubeconfig } from './certificates.mjs';
import { node, pods, ports, services, state } from './layout.mjs';
import { get } from './wait.mjs';

const etcdUrl = `http://127.0.0.1:${ports.etcd}`;
const etcdPeerUrl = `http://127.0.0.1:${ports.etcdPeer}`;

/** @type {import('./part.mjs').Part} */
const etcd = {
  name: 'etcd',
  address: etcdUrl,
  ports: [ports.etcd, ports.etcdPeer],
  after: [],
  command: () => [
    program('etcd'),
    '--name=sandbox',
    `--data-dir=${join(state, 'etcd')}`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${etcdPeerUrl}`,
    `--initial-advertise-peer-urls=${etcdPeerUrl}`,
    `--initial-cluster=sandbox=${etcdPeerUrl}`,
    // Data of a sandbox need not survive a power cut, and fsync is what makes etcd slow on a laptop.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ],
  ready: async () => (await get(`${etcdUrl}/health`)).body.includes('"true"'),
};

/** @type {import('./part.mjs').Part} */
const apiserver = {
  name: 'kube-apiserver',
  address: api,
  ports: [ports.api],
  after: ['etcd'],
  seconds: 60,
  command: () => [
    program('kube-apiserver'),
    // Bound and advertised on the bridge: pods can route to it there, other machines cannot.
    `--bind-address=${node.address}`,
    `--advertise-address=${node.address}`,
    `--secure-port=${ports.api}`,
    `--etcd-servers=${etcdUrl}`,
    `--service-cluster-ip-range=${services.cidr}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    `--client-ca-file=${certificate('ca')}`,
    `--tls-cert-file=${certificate('kube-apiserver')}`,
    `--tls-private-key-file=${key('kube-apiserver')}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${accountPublicKey}`,
    `--service-account-signing-key-file=${accountKey}`,
    // Without these three there are no logs, no exec and no port-forward.
    `--kubelet-certificate-authority=${certificate('ca')}`,
    `--kubelet-client-certificate=${certificate('kube-apiserver-to-kubelet')}`,
    `--kubelet-client-key=${key('kube-apiserver-to-kubelet')}`,
    '--kubelet-preferred-address-types=InternalIP',
  ],
  ready: async () => (await get(`${api}/readyz`, adminTls())).status === 200,
};

/** Both answer /healthz to anybody, with a certificate that they sign themselves. @param {number} port */
const healthy = async (port) => (await get(`https://127.0.0.1:${port}/healthz`, { rejectUnauthorized: false })).status === 200;

/** @param {string} name @param {number} port @returns {[string, ...string[]]} */
const common = (name, port) => [
  program(name),
  `--kubeconfig=${kubeconfig(name)}`,
  `--authentication-kubeconfig=${kubeconfig(name)}`,
  `--authorization-kubeconfig=${kubeconfig(name)}`,
  '--bind-address=127.0.0.1',
  `--secure-port=${port}`,
  // There is only one: waiting for the lease of a killed one would make every restart take 15 s.
  '--leader-elect=false',
];

/** @type {import('./part.mjs').Part} */
const controllerManager = {
  name: 'kube-controller-manager',
  address: `https://127.0.0.1:${ports.controllerManager}`,
  ports: [ports.controllerManager],
  after: ['kube-apiserver'],
  command: () => [
    ...common('kube-controller-manager', ports.controllerManager),
    `--cluster-cidr=${pods.cidr}`,
    `--service-cluster-ip-range=${services.cidr}`,
    `--root-ca-file=${certificate('ca')}`,
    `--service-account-private-key-file=${accountKey}`,
    '--use-service-account-credentials=true',
    // As it is set in large clusters: with 20 a second, the default, fifty workloads at once wait for nothing else.
    '--kube-api-qps=200', '--kube-api-burst=400',
    `--cluster-signing-cert-file=${certificate('ca')}`,
    `--cluster-signing-key-file=${key('ca')}`,
  ],
  ready: () => healthy(ports.controllerManager),
};

/** @type {import('./part.mjs').Part} */
const scheduler = {
  name: 'kube-scheduler',
  address: `https://127.0.0.1:${ports.scheduler}`,
  ports: [ports.scheduler],
  after: ['kube-apiserver'],
  command: () => common('kube-scheduler', ports.scheduler),
  ready: () => healthy(ports.scheduler),
};

export const controlPlane = [etcd, apiserver, controllerManager, scheduler];
