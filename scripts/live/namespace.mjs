/** A separate namespace with an account for deployments, with the documented Role. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from './program.mjs';
import { root } from './sandbox.mjs';

/**
 * @typedef {object} Namespace
 * @property {string} name
 * @property {string} kubeconfig path; what its account may do stands in docs/rbac.yaml
 * @property {(args: readonly string[], input?: string) => Promise<string>} kubectl in this namespace, as administrator
 * @property {() => Promise<void>} remove begins to delete everything in it, and does not wait for the end
 */

/**
 * @param {import('./sandbox.mjs').SandboxEnvironment} env
 * @param {string} label begins the name
 * @returns {Promise<Namespace>}
 */
export async function createNamespace(env, label) {
  const name = `${label}-${randomBytes(3).toString('hex')}`;
  /** @type {Namespace['kubectl']} */
  const kubectl = (args, input) => ask('kubectl', [`--namespace=${name}`, ...args], { env, input });
  await kubectl(['create', 'namespace', name]);
  const folder = mkdtempSync(join(tmpdir(), `${label}-`));
  const remove = async () => {
    rmSync(folder, { recursive: true, force: true });
    await kubectl(['delete', 'namespace', name, '--wait=false']);
  };
  try {
    await kubectl(['apply', '--filename=-'], readFileSync(join(root, 'docs', 'rbac.yaml'), 'utf8'));
    const token = (await kubectl(['create', 'token', 'deployer', '--duration=1h'])).trim();
    const admin = JSON.parse(await kubectl(['config', 'view', '--raw', '--minify', '--flatten', '--output=json']));
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, JSON.stringify({
      'apiVersion': 'v1', 'kind': 'Config', 'current-context': label, 'clusters': [{ name: label, cluster: admin.clusters[0].cluster }],
      'users': [{ name: 'deployer', user: { token } }], 'contexts': [{ name: label, context: { cluster: label, user: 'deployer', namespace: name } }],
    }), { mode: 0o600 });
    return { name, kubeconfig, kubectl, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
