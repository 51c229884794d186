import { ApiError, type Api } from '../cluster/api.js';
import type { ConfigMap, PodTemplate } from '../cluster/objects.js';
import { resources } from '../cluster/resources.js';
import type { DockerPorts } from '../image/docker.js';
import { accessWith } from '../image/login.js';
import { registryOf } from '../image/reference.js';
import { describeImage, type Described } from '../image/registry.js';
import { nothingFound, type Checked } from './finding.js';

interface PullSecret {
  readonly name: string;
  /** The docker configuration in it. */
  readonly config: string;
  readonly auths: Readonly<Record<string, Auth>>;
}
type Auth = Readonly<Partial<Record<'auth' | 'password' | 'identitytoken' | 'registrytoken', unknown>>>;

/**
 * Whether the pull secrets of a workload may read the image. Only where the account may read Secrets, and only for
 * workloads that name some: nodes have other ways to log in that cannot be seen from here. The kubelet tries every
 * login that fits, so it is a problem only when all of them are refused.
 */
export async function checkPullSecret(
  ports: DockerPorts, api: Pick<Api, 'find'>, namespace: string,
  { ref, template }: { readonly ref: string; readonly template: PodTemplate | undefined }, reference: string,
): Promise<Checked> {
  const names = [...new Set((template?.spec?.imagePullSecrets ?? []).flatMap(({ name }) => name ?? []))];
  const read = await Promise.all(names.map((name) => readSecret(api, namespace, name)));
  const secrets = read.flatMap((secret) => (typeof secret === 'object' ? [secret] : []));
  const fits = secrets.map((secret) => ({ secret, fit: fitOf(Object.keys(secret.auths), registryOf(reference) ?? '') }));
  // One that cannot be judged from here may be the one that works.
  if (read.includes('unreadable') || fits.some(({ fit }) => fit === 'perhaps')) return nothingFound;
  const asked: (readonly [PullSecret, Described])[] = [];
  for (const { secret } of fits.filter(({ fit }) => fit === 'yes')) asked.push([secret, await ask(ports, secret, reference)]);
  const refused = asked.flatMap(([{ name }, seen]) => (seen.state === 'denied' ? [{ name, reason: seen.reason }] : []));
  const [first] = refused;
  if (!first || refused.length < asked.length) return nothingFound;
  const [what, which] = refused.length === 1 ? ['pull secret', 'this Secret'] : ['pull secrets', 'one of these Secrets'];
  return {
    warnings: [],
    problems: [{
      cause: 'image-pull-denied',
      message: `The ${what} ${refused.map(({ name }) => name).join(', ')} of ${ref} may not read ${reference}: ${first.reason}`,
      hint: `Make ${which} in namespace ${namespace} anew with a login that may read this repository.`,
    }],
  };
}

/** What the registry says to the logins of this Secret alone. */
async function ask(ports: DockerPorts, { config, auths }: PullSecret, reference: string): Promise<Described> {
  // Whatever docker repeats of them is not shown.
  for (const secret of Object.values(auths).flatMap(secretsOf)) ports.log.mask(secret);
  const folder = await ports.files.temporaryFolder();
  try {
    return await describeImage(ports, await accessWith(ports, config, folder), reference);
  } finally {
    await ports.files.remove(folder);
  }
}

function secretsOf({ auth, password, identitytoken, registrytoken }: Auth): readonly string[] {
  const joined = typeof auth === 'string' ? Buffer.from(auth, 'base64').toString('utf8') : '';
  const inAuth = joined.includes(':') ? joined.slice(joined.indexOf(':') + 1) : '';
  return [auth, inAuth, password, identitytoken, registrytoken].filter((text): text is string => typeof text === 'string' && text !== '');
}

/**
 * Whether the kubelet would use one of these logins for the registry. `perhaps`: a key with a path or a wildcard, which
 * the kubelet knows and docker does not. https://kubernetes.io/docs/concepts/containers/images/#config-json
 */
function fitOf(keys: readonly string[], registry: string): 'yes' | 'no' | 'perhaps' {
  const fits = keys.map((key) => {
    const [host = '', ...path] = key.replace(/^https?:\/\//, '').replace(/\/+$/, '').split('/');
    if (host.includes('*')) return 'perhaps';
    if (host.replace(/^(?:index|registry-1)\.(?=docker\.io$)/, '').toLowerCase() !== registry) return 'no';
    return path.length === 0 || /^v[12]$/.test(path.join('/')) ? 'yes' : 'perhaps';
  });
  return fits.find((fit) => fit === 'perhaps') ?? fits.find((fit) => fit === 'yes') ?? 'no';
}

/** `none`: there is no such Secret, or no login in it; `unreadable`: it may not be read, or is of the old form. */
async function readSecret(api: Pick<Api, 'find'>, namespace: string, name: string): Promise<PullSecret | 'none' | 'unreadable'> {
  try {
    const data = (await api.find<ConfigMap>(resources.secrets, namespace, name))?.data ?? {};
    if (data['.dockercfg'] !== undefined) return 'unreadable';
    const config = Buffer.from(data['.dockerconfigjson'] ?? '', 'base64').toString('utf8');
    const auths = authsIn(config);
    return auths ? { name, config, auths } : 'none';
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return 'unreadable';
    throw error;
  }
}

function authsIn(config: string): PullSecret['auths'] | undefined {
  try {
    const { auths } = JSON.parse(config) as { readonly auths?: Readonly<Record<string, Auth | null>> };
    return Object.fromEntries(Object.entries(auths ?? {}).map(([key, auth]) => [key, auth ?? {}]));
  } catch {
    return undefined;
  }
}
