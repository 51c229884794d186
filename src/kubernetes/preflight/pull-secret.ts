import * as v from 'valibot';
import { ApiError, type Api } from '../client/api.js';
import type { PodTemplate, Secret } from '../client/objects.js';
import { resources } from '../client/resources.js';
import type { DockerPorts } from '../../image/docker.js';
import { accessWith } from '../../image/login.js';
import { parseReference } from '../../image/reference.js';
import { describeImage, type Described } from '../../image/registry.js';
import { nothingFound, type Checked } from '../../outcome/finding.js';
import { tryJson } from '../../ports/json.js';

interface PullSecret {
  readonly name: string;
  readonly auths: Readonly<Record<string, Auth>>;
}

/** One login. It is passed to docker with all of its fields. */
const login = v.looseObject({
  auth: v.nullish(v.string()), password: v.nullish(v.string()), identitytoken: v.nullish(v.string()), registrytoken: v.nullish(v.string()),
});
type Auth = Readonly<v.InferOutput<typeof login>>;

/** https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets: the kubelet ignores Secrets of another form. */
const dockerConfig = v.object({ auths: v.nullish(v.record(v.string(), v.nullable(login))) });

/**
 * Whether the pull secrets of a workload can read the image. Only checked if the account is allowed to read Secrets and the
 * workload names some: nodes have other ways to log in that are not visible here. The kubelet tries every login that
 * matches, so it is a problem only when all of them are denied, and a warning where nodes usually have their own.
 */
export async function checkPullSecret(
  ports: DockerPorts, api: Pick<Api, 'find'>, namespace: string,
  { ref, template }: { readonly ref: string; readonly template: PodTemplate | undefined }, reference: string,
): Promise<Checked> {
  const registry = parseReference(reference)?.registry ?? '';
  const names = [...new Set((template?.spec?.imagePullSecrets ?? []).flatMap(({ name }) => name ?? []))];
  const read = await Promise.all(names.map((name) => readSecret(api, namespace, name)));
  const logins = read.flatMap((secret) => (typeof secret === 'object'
    ? Object.entries(secret.auths).map(([key, auth]) => ({ name: secret.name, auth, fit: fitOf(key, registry) })) : []));
  // A login that cannot be checked here may be the one that works.
  if (read.includes('unreadable') || logins.some(({ fit }) => fit === 'perhaps')) return nothingFound;
  const refused: { readonly name: string; readonly reason: string }[] = [];
  for (const { name, auth } of logins.filter(({ fit }) => fit === 'yes')) {
    const seen = await ask(ports, registry, auth, reference);
    if (seen.state !== 'denied') return nothingFound;
    refused.push({ name, reason: seen.reason });
  }
  return refused.length === 0 ? nothingFound : found({ ref, registry, namespace, reference }, refused);
}

function found(
  { ref, registry, namespace, reference }: Readonly<Record<'ref' | 'registry' | 'namespace' | 'reference', string>>,
  refused: readonly { readonly name: string; readonly reason: string }[],
): Checked {
  const names = [...new Set(refused.map(({ name }) => name))];
  const [what, which] = names.length === 1 ? ['pull secret', 'this Secret'] : ['pull secrets', 'one of these Secrets'];
  const message = `The ${what} ${names.join(', ')} of ${ref} cannot read ${reference}: ${refused[0]?.reason}`;
  if (nodesLogIn(registry)) return { problems: [], warnings: [`${message.replace(/\.?$/, '.')} Nodes often have their own login for ${registry}; without one they cannot pull the image.`] };
  return { warnings: [], problems: [{ cause: 'image-pull-denied', message, hint: `Recreate ${which} in namespace ${namespace} with a login that is allowed to read this repository.` }] };
}

/**
 * Registries of clouds, whose nodes get their login from the kubelet's credential provider; it is tried beside the pull secrets.
 * https://kubernetes.io/docs/tasks/administer-cluster/kubelet-credential-provider/
 */
export const nodesLogIn = (registry: string): boolean =>
  /\.dkr[.-]ecr(?:-fips)?\.[^.]+\.(?:amazonaws\.com(?:\.cn)?|on\.aws)$|^(?:.+\.)?gcr\.io$|\.pkg\.dev$|\.azurecr\.(?:io|cn|de|us)$/.test(registry);

/** Whether the registry lets this login alone read the image. */
async function ask(ports: DockerPorts, registry: string, auth: Auth, reference: string): Promise<Described> {
  // docker may print parts of it.
  for (const secret of secretsOf(auth)) ports.log.mask(secret);
  const folder = await ports.files.temporaryFolder();
  try {
    return await describeImage(ports, await accessWith(ports, registry, auth, folder), reference);
  } finally {
    await ports.files.remove(folder);
  }
}

function secretsOf({ auth, password, identitytoken, registrytoken }: Auth): readonly string[] {
  const joined = Buffer.from(auth ?? '', 'base64').toString('utf8');
  const inAuth = joined.includes(':') ? joined.slice(joined.indexOf(':') + 1) : '';
  return [auth, inAuth, password, identitytoken, registrytoken].flatMap((text) => (text ? [text] : []));
}

/**
 * Whether the kubelet would use the login under this key for the registry. `perhaps`: a key with a path or a wildcard, which
 * stands for some repositories or hosts only. https://kubernetes.io/docs/concepts/containers/images/#config-json
 */
function fitOf(key: string, registry: string): 'yes' | 'no' | 'perhaps' {
  const [host = '', ...path] = key.replace(/^https?:\/\//, '').replace(/(?<!\/)\/+$/, '').split('/');
  if (host.includes('*')) return 'perhaps';
  if (host.replace(/^(?:index|registry-1)\.(?=docker\.io$)/, '').toLowerCase() !== registry) return 'no';
  return path.length === 0 || /^v[12]$/.test(path.join('/')) ? 'yes' : 'perhaps';
}

/** `none`: the Secret does not exist or contains no login; `unreadable`: the account is not allowed to read it, or it has the old form. */
async function readSecret(api: Pick<Api, 'find'>, namespace: string, name: string): Promise<PullSecret | 'none' | 'unreadable'> {
  try {
    const data = (await api.find<Secret>(resources.secrets, namespace, name))?.data ?? {};
    if (data['.dockercfg'] !== undefined) return 'unreadable';
    const config = Buffer.from(data['.dockerconfigjson'] ?? '', 'base64').toString('utf8');
    const auths = authsIn(config);
    return auths ? { name, auths } : 'none';
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return 'unreadable';
    throw error;
  }
}

function authsIn(config: string): PullSecret['auths'] | undefined {
  const read = tryJson(config, dockerConfig);
  return read && Object.fromEntries(Object.entries(read.auths ?? {}).map(([key, auth]) => [key, auth ?? {}]));
}
