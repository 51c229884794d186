import { dirname, isAbsolute, join } from 'node:path';
import type { ClusterConfig } from '../../config/config.js';
import { suggestion } from '../../config/kit/did-you-mean.js';
import { isContentForPaths } from '../../config/values/kubeconfig.js';
import { ClusterError } from '../../outcome/errors.js';
import { messageOf } from '../../outcome/wording.js';
import type { Ports } from '../../ports/ports.js';
import { workspaceOf } from './access.js';
import { onPath } from './on-path.js';
import { pathsOf } from './kubeconfig-paths.js';
import { hideSecrets } from './kubeconfig-secrets.js';
import { contextName, readKubeconfigs, type Env, type KubeconfigCluster, type KubeconfigUser, type ReadKubeconfig } from './kubeconfig.js';
import { placeWords, settingText } from '../../outcome/place-words.js';

/** What to do, and why a secret may be empty where the place knows a reason. */
const orEmptySecret = (hint: string): string => `${hint} ${placeWords().emptySecret}`.trim();
const flatten = 'On a machine where it works, `kubectl config view --raw --minify --flatten` prints a complete kubeconfig.';

type World = Pick<Ports, 'files' | 'env' | 'log'>;

/** The current context, as far as a kubeconfig determines it. */
export interface Used {
  readonly user: KubeconfigUser | undefined;
  readonly namespace?: string;
}

/**
 * Finds what kubectl reports late or not at all: without a kubeconfig it connects to port 8080 of this machine, and without
 * credentials it prompts for a user name on a terminal that does not exist. Masks the secrets of the kubeconfig.
 * @param env with which kubectl is started
 * @throws ClusterError config-invalid with what is wrong with the kubeconfig, or tool-missing, before anything is started
 */
export async function checkKubeconfig(world: World, config: ClusterConfig, env: Env): Promise<Used> {
  if (config.kubeconfig === undefined && isContentForPaths(env.KUBECONFIG)) {
    throw new ClusterError('config-invalid', 'The environment variable KUBECONFIG does not contain the path of a kubeconfig: it looks like the content of one.', {
      hint: `${placeWords().giveSecret('kubeconfig')} Or set the variable to the path of a file that contains it.`,
    });
  }
  const read = await readKubeconfigs(world.files, env);
  await hideSecrets(world, read);
  // kubectl reports a kubeconfig that does not parse, with the line.
  if (read.some(({ text, file }) => text !== undefined && file === undefined)) return { user: undefined };
  const inPod = config.kubeconfig === undefined && await isInPod(world);
  const holding = read.filter(({ file }) => file?.contexts?.length || file?.clusters?.length);
  if (holding.length === 0) {
    if (inPod) return { user: undefined };
    throw notGiven(config, env, read);
  }
  const name = contextName(read, config.context);
  if (name === undefined && inPod) return { user: undefined };
  const what = config.kubeconfig && 'content' in config.kubeconfig ? 'The kubeconfig' : `The kubeconfig ${holding.map(({ path }) => path).join(':')}`;
  const used = usedBy(what, read, name);
  await checkFiles(world, config, what, used.sources);
  await checkCredentials(world, what, used);
  return { user: used.user, namespace: used.namespace };
}

/** The same conditions as in client-go. */
async function isInPod({ env, files }: World): Promise<boolean> {
  if (!env.KUBERNETES_SERVICE_HOST || !env.KUBERNETES_SERVICE_PORT) return false;
  return (await files.readText('/var/run/secrets/kubernetes.io/serviceaccount/token').catch(() => undefined)) !== undefined;
}

/** Nothing says which cluster to use. A check that can do without one leaves it out. */
export class NoKubeconfigError extends ClusterError {}

function notGiven(config: ClusterConfig, env: Env, read: readonly ReadKubeconfig[]): ClusterError {
  const places = read.map(({ path, text }) => `${path} ${text === undefined ? 'does not exist' : text.trim() === '' ? 'is empty' : 'contains no cluster'}`).join(', and ');
  if (config.kubeconfig) return new ClusterError('config-invalid', `The kubeconfig contains no cluster: ${places}.`, { hint: orEmptySecret('Give the kubeconfig of a cluster.') });
  return new NoKubeconfigError('config-invalid', `No kubeconfig was given: ${settingText('kubeconfig')} is empty or missing, and ${env.KUBECONFIG ? `of KUBECONFIG, ${places}` : `KUBECONFIG is not set, and ${places}`}.`, {
    hint: orEmptySecret(`Set ${settingText('kubeconfig')}, or create this file.`),
  });
}

interface UsedParts extends Used {
  readonly cluster: KubeconfigCluster;
  readonly userName: string;
  /** The files that define its cluster and its user, reduced to these entries. */
  readonly sources: readonly ReadKubeconfig[];
}

function usedBy(what: string, read: readonly ReadKubeconfig[], name: string | undefined): UsedParts {
  // Nothing of a kubeconfig was validated: anything can be where a text is expected.
  const names = [...new Set(read.flatMap(({ file }) => (file?.contexts ?? []).flatMap((each) => (typeof each?.name === 'string' ? each.name : []))))];
  const known = names.length === 0 ? 'It has no contexts.' : `Its contexts: ${names.slice(0, 10).join(', ')}.`;
  if (name === undefined) throw new ClusterError('config-invalid', `${what} has no \`current-context\`, so the cluster to use is not known.`, { hint: `Set ${settingText('kube-context')}. ${known}` });
  const context = first(read, ({ file }) => file?.contexts, name)?.entry.context;
  if (!context) throw new ClusterError('config-invalid', `${what} has no context "${name}".`, { hint: `${suggestion(String(name), names, `Set ${settingText('kube-context')} to one of its contexts.`)} ${known}` });
  const cluster = context.cluster ? first(read, ({ file }) => file?.clusters, context.cluster) : undefined;
  if (!cluster?.entry.cluster?.server) {
    const lack = !context.cluster ? 'names no cluster' : cluster ? `names the cluster "${context.cluster}", which has no \`server\`` : `names the cluster "${context.cluster}", which it does not contain`;
    throw new ClusterError('config-invalid', `${what} cannot be used: its context "${name}" ${lack}.`, { hint: flatten });
  }
  const user = context.user ? first(read, ({ file }) => file?.users, context.user) : undefined;
  if (context.user && !user) throw new ClusterError('config-invalid', `${what} cannot be used: its context "${name}" names the user "${context.user}", which it does not contain.`, { hint: flatten });
  return {
    cluster: cluster.entry.cluster, user: user?.entry.user ?? undefined, userName: context.user ?? '', namespace: typeof context.namespace === 'string' && context.namespace !== '' ? context.namespace : undefined,
    sources: [
      { ...cluster.source, file: { clusters: [cluster.entry] } },
      ...(user ? [{ ...user.source, file: { users: [user.entry] } }] : []),
    ],
  };
}

function first<T extends { readonly name?: string } | null>(
  read: readonly ReadKubeconfig[], list: (read: ReadKubeconfig) => readonly T[] | null | undefined, name: string,
): { source: ReadKubeconfig; entry: NonNullable<T> } | undefined {
  for (const source of read) {
    const entry = (list(source) ?? []).find((each) => each?.name === name);
    if (entry) return { source, entry };
  }
  return undefined;
}

async function checkFiles({ files, env }: World, config: ClusterConfig, what: string, sources: readonly ReadKubeconfig[]): Promise<void> {
  const isContent = config.kubeconfig !== undefined && 'content' in config.kubeconfig;
  const missing: string[] = [];
  for (const { path: of, file } of sources) {
    for (const { path, key } of pathsOf(file ?? {})) {
      const place = isAbsolute(path) ? path : join(isContent ? workspaceOf(env) : dirname(of), path);
      const reason = await files.readText(place).then((text) => (text === undefined ? '' : undefined), (error: unknown) => ` (${messageOf(error)})`);
      if (reason !== undefined) missing.push(`\`${key}: ${path}\`${reason}`);
    }
  }
  if (missing.length === 0) return;
  const looked = isContent ? ' Relative paths were looked up in the workspace.' : '';
  throw new ClusterError('config-invalid', `${what} names files that cannot be read on this machine: ${missing.join(', ')}.`, { hint: `${flatten}${looked}` });
}

async function checkCredentials(world: World, what: string, { cluster, user, userName }: UsedParts): Promise<void> {
  const command = user?.exec?.command;
  if (command && !command.includes('/') && (await onPath(command, world)) === undefined) {
    throw new ClusterError('tool-missing', `${what} gets its credentials from ${command}, which is not on PATH.`, { hint: placeWords().install(command) });
  }
  // Without TLS kubectl neither sends nor needs credentials.
  if (!/^https:/i.test(cluster.server ?? '')) return;
  const identifies = [user?.token, user?.tokenFile, user?.username, user?.['client-certificate'], user?.['client-certificate-data'], user?.exec, user?.['auth-provider']];
  if (identifies.some(Boolean)) return;
  throw new ClusterError('config-invalid', `${what} has no credentials: ${userName ? `the user "${userName}"` : 'its context names no user, which'} has no token, client certificate or credential plugin.`, {
    hint: orEmptySecret('Add a token or a client certificate to it.'),
  });
}
