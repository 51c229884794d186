import { ApiError, type Api } from '../cluster/api.js';
import type { ConfigMap, Workload } from '../cluster/objects.js';
import { resources } from '../cluster/resources.js';
import { accessWith } from '../image/login.js';
import { registryOf } from '../image/reference.js';
import { describeImage } from '../image/registry.js';
import type { Ports } from '../ports/ports.js';
import { nothingFound, type Checked } from './finding.js';

/**
 * Whether the pull secret of a workload may read the image. Only where the account may read Secrets, and only for
 * workloads that name one: nodes have other ways to log in that cannot be seen from here.
 */
export async function checkPullSecret(
  ports: Ports, api: Api, namespace: string, workload: { readonly ref: string; readonly workload: Workload }, reference: string,
): Promise<Checked> {
  const names = (workload.workload.spec?.template?.spec?.imagePullSecrets ?? []).flatMap(({ name }) => name ?? []);
  const logins = await Promise.all(names.map((name) => readLogin(api, namespace, name)));
  const host = registryOf(reference) ?? '';
  const usable = names.flatMap((name, index) => (logins[index]?.includes(host) ? [{ name, config: logins[index] }] : []));
  const [secret] = usable;
  if (!secret) return nothingFound;
  const folder = await ports.files.temporaryFolder();
  try {
    const seen = await describeImage(ports, await accessWith(ports, secret.config, folder), reference);
    if (seen.state !== 'denied') return nothingFound;
    return {
      warnings: [],
      problems: [{
        cause: 'image-pull-denied', message: `The pull secret ${secret.name} of ${workload.ref} may not read ${reference}: ${seen.reason}`,
        hint: `Make the Secret ${secret.name} anew with a login that may read this repository.`,
      }],
    };
  } finally {
    await ports.files.remove(folder);
  }
}

/** The docker configuration in a pull secret; undefined when it is none, or may not be read. */
async function readLogin(api: Api, namespace: string, name: string): Promise<string | undefined> {
  try {
    const secret = await api.find<ConfigMap>(resources.secrets, namespace, name);
    const config = secret?.data?.['.dockerconfigjson'];
    return config === undefined ? undefined : Buffer.from(config, 'base64').toString('utf8');
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined;
    throw error;
  }
}
