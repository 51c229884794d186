// The cluster's own certificate authority, the certificates of its parts, and the kubeconfigs that hold them.
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';
import { node, paths, ports, services } from './layout.mjs';
import { put } from './process.mjs';

const days = '3650';
const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** @param {string} name */
export const certificate = (name) => join(paths.certificates, `${name}.crt`);
/** @param {string} name */
export const key = (name) => join(paths.certificates, `${name}.key`);
export const accountKey = join(paths.certificates, 'service-accounts.key');
export const accountPublicKey = join(paths.certificates, 'service-accounts.pub');
export const api = `https://${node.address}:${ports.api}`;

const apiNames = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local', 'localhost'];

/** @typedef {{ name: string, subject: string, names?: string[] }} Holder */

/** Subjects as Kubernetes reads them: CN is the user, O are the groups. @type {Holder[]} */
const holders = [
  {
    name: 'kube-apiserver',
    subject: '/CN=kube-apiserver',
    names: [...apiNames.map((name) => `DNS:${name}`), `IP:${node.address}`, `IP:${services.api}`, 'IP:127.0.0.1'],
  },
  { name: 'kube-apiserver-to-kubelet', subject: '/O=system:masters/CN=kube-apiserver-to-kubelet' },
  {
    name: 'kubelet-server',
    subject: `/O=system:nodes/CN=system:node:${node.name}`,
    names: [`DNS:${node.name}`, `IP:${node.address}`],
  },
  { name: 'kubelet', subject: `/O=system:nodes/CN=system:node:${node.name}` },
  { name: 'kube-controller-manager', subject: '/CN=system:kube-controller-manager' },
  { name: 'kube-scheduler', subject: '/CN=system:kube-scheduler' },
  { name: 'kube-proxy', subject: '/CN=system:kube-proxy' },
  { name: 'admin', subject: '/O=system:masters/CN=acci-sandbox-admin' },
];

const users = ['kubelet', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'admin'];

/** @param {string} name */
export const kubeconfig = (name) => (name === 'admin' ? paths.kubeconfig : join(paths.configuration, `${name}.kubeconfig`));

const authorityRequest = `[req]
distinguished_name=name
x509_extensions=ca
[name]
[ca]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
`;

async function authority() {
  const file = join(paths.certificates, 'authority.cnf');
  // A configuration of our own: the system's may add extensions a second time, which OpenSSL then refuses to read.
  put(file, authorityRequest);
  const output = ['-keyout', key('ca'), '-out', certificate('ca')];
  await command('openssl', ['req', '-x509', ...curve, '-config', file, '-days', days, '-subj', '/CN=acci-sandbox', ...output]);
}

/** @param {Holder} holder @param {number} index */
async function issue({ name, subject, names }, index) {
  if (existsSync(certificate(name))) return;
  const request = join(paths.certificates, `${name}.csr`);
  const extensions = join(paths.certificates, `${name}.ext`);
  const lines = ['basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=clientAuth,serverAuth'];
  put(extensions, [...lines, ...(names ? [`subjectAltName=${names.join(',')}`] : [])].join('\n'));
  await command('openssl', ['req', '-new', ...curve, '-subj', subject, '-keyout', key(name), '-out', request]);
  const signer = ['-CA', certificate('ca'), '-CAkey', key('ca'), '-set_serial', String(index + 1)];
  await command('openssl', ['x509', '-req', '-in', request, ...signer, '-days', days, '-extfile', extensions, '-out', certificate(name)]);
}

/** @param {string} name */
function writeKubeconfig(name) {
  const data = (/** @type {string} */ file) => readFileSync(file).toString('base64');
  put(
    kubeconfig(name),
    `apiVersion: v1
kind: Config
clusters:
  - name: sandbox
    cluster:
      server: ${api}
      certificate-authority-data: ${data(certificate('ca'))}
users:
  - name: ${name}
    user:
      client-certificate-data: ${data(certificate(name))}
      client-key-data: ${data(key(name))}
contexts:
  - name: sandbox
    context:
      cluster: sandbox
      user: ${name}
current-context: sandbox
`,
    0o600,
  );
}

export async function makeCertificates() {
  mkdirSync(paths.certificates, { recursive: true, mode: 0o700 });
  if (!existsSync(certificate('ca'))) await authority();
  if (!existsSync(accountKey)) {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    put(accountPublicKey, pair.publicKey.export({ type: 'spki', format: 'pem' }).toString());
    put(accountKey, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600);
  }
  await Promise.all(holders.map(issue));
  users.forEach(writeKubeconfig);
}

/** The credentials of the administrator for requests to the API server. */
export function adminTls() {
  const text = (/** @type {string} */ file) => readFileSync(file, 'utf8');
  return { ca: text(certificate('ca')), cert: text(certificate('admin')), key: text(key('admin')) };
}
