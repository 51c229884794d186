import { readKubeconfigDocuments } from '../../config/kubeconfig-documents.js';
import type { Files } from '../../ports/files.js';

/** The parts of a kubeconfig that determine the cluster and the account. https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ */
export interface KubeconfigFile {
  readonly 'current-context'?: string;
  readonly contexts?: Named<'context', { readonly cluster?: string; readonly user?: string; readonly namespace?: string }>;
  readonly clusters?: Named<'cluster', KubeconfigCluster>;
  readonly users?: Named<'user', KubeconfigUser>;
}

type Named<Key extends string, T> = readonly ({ readonly name?: string } & { readonly [key in Key]?: T | null } | null)[] | null;

export interface KubeconfigCluster {
  readonly server?: string;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
}

export interface KubeconfigUser {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly exec?: { readonly command?: string } | null;
  readonly 'auth-provider'?: object | null;
}

/** One file that kubectl would read. */
export interface ReadKubeconfig {
  readonly path: string;
  /** Undefined when there is no such file, or it cannot be read. */
  readonly text: string | undefined;
  /** Undefined when it does not parse: kubectl itself reports the error and its line. Without any keys for an empty file. */
  readonly file: KubeconfigFile | undefined;
}

export type Env = Readonly<Record<string, string | undefined>>;

/** The files that kubectl reads, in its order: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/ */
export async function readKubeconfigs(files: Pick<Files, 'readText'>, env: Env): Promise<ReadKubeconfig[]> {
  const paths = (env.KUBECONFIG || `${env.HOME ?? ''}/.kube/config`).split(':').filter((path) => path !== '');
  return Promise.all(paths.map(async (path) => {
    const text = await files.readText(path).catch(() => undefined);
    return { path, text, file: parseFile(text) };
  }));
}

function parseFile(text: string | undefined): KubeconfigFile | undefined {
  const { value } = readKubeconfigDocuments(text ?? '');
  if (value === null) return {};
  return typeof value === 'object' ? { ...value, ...Object.fromEntries(lists.map((key) => [key, entriesOf((value as KubeconfigFile)[key])])) } : undefined;
}

const lists = ['contexts', 'clusters', 'users'] as const;
const entriesOf = (list: unknown): readonly object[] => (Array.isArray(list) ? list.filter((entry): entry is object => typeof entry === 'object' && entry !== null) : []);

/** The name of the current context. The first file that names one wins, as kubectl merges files. */
export const contextName = (read: readonly ReadKubeconfig[], wanted: string | undefined): string | undefined =>
  wanted ?? read.map(({ file }) => file?.['current-context']).find((current) => current);

const inClusterNamespace = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/**
 * The namespace that kubectl would use: that of the context, of the pod it runs in when there is no kubeconfig, or
 * `default`. Not read by `kubectl config view`, which takes a tenth of a second.
 * @param ask what kubectl says, for a kubeconfig that cannot be read here: undefined when it cannot either
 */
export async function currentNamespace(
  files: Pick<Files, 'readText'>, env: Env, context: string | undefined, ask: () => Promise<string | undefined> = () => Promise.resolve(undefined),
): Promise<string> {
  const read = await readKubeconfigs(files, env);
  if (read.some(({ text, file }) => text !== undefined && file === undefined)) return await ask() || 'default';
  const name = contextName(read, context);
  const found = read.flatMap(({ file }) => file?.contexts ?? []).find((each) => each?.name === name);
  if (found || env.KUBERNETES_SERVICE_HOST === undefined) return found?.context?.namespace || 'default';
  return (await files.readText(inClusterNamespace).catch(() => undefined))?.trim() || 'default';
}
