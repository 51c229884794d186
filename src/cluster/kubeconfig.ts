import { parse } from 'yaml';
import type { ClusterConfig } from '../config/config.js';
import type { Files } from '../ports/files.js';

/** Arguments and environment that make every kubectl of a run speak to the same cluster. */
export interface Access {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Writes a kubeconfig that was given as content to a private file in `folder`; a path is used where it is. */
export async function writeAccess(config: ClusterConfig, files: Files, folder: string): Promise<Access> {
  const env: Record<string, string> = {};
  if (config.kubeconfig && 'path' in config.kubeconfig) env.KUBECONFIG = config.kubeconfig.path;
  if (config.kubeconfig && 'content' in config.kubeconfig) {
    env.KUBECONFIG = `${folder}/kubeconfig`;
    await files.writeText(env.KUBECONFIG, config.kubeconfig.content, 0o600);
  }
  return { args: config.context ? [`--context=${config.context}`] : [], env };
}

interface KubeconfigFile {
  readonly 'current-context'?: string;
  readonly contexts?: readonly ({ readonly name?: string; readonly context?: { readonly namespace?: string } } | null)[];
}

const inClusterNamespace = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/**
 * The namespace that kubectl would take: that of the context, of the pod it runs in when there is no kubeconfig, or
 * `default`. Read here and not by `kubectl config view`, which takes a tenth of a second to say it. Of several files the
 * first that names a thing wins: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */
export async function currentNamespace(files: Pick<Files, 'readText'>, env: Readonly<Record<string, string | undefined>>, context: string | undefined): Promise<string> {
  const paths = (env.KUBECONFIG || `${env.HOME ?? ''}/.kube/config`).split(':').filter((path) => path !== '');
  const texts = await Promise.all(paths.map((path) => files.readText(path).catch(() => undefined)));
  const configs = texts.flatMap((text) => readKubeconfig(text));
  const name = context ?? configs.map((config) => config['current-context']).find((current) => current);
  const found = configs.flatMap((config) => config.contexts ?? []).find((each) => each?.name === name);
  if (found || env.KUBERNETES_SERVICE_HOST === undefined) return found?.context?.namespace || 'default';
  return (await files.readText(inClusterNamespace).catch(() => undefined))?.trim() || 'default';
}

/** kubectl itself says what is wrong with a file that does not parse. */
function readKubeconfig(text: string | undefined): KubeconfigFile[] {
  try {
    const value: unknown = parse(text ?? '');
    return typeof value === 'object' && value !== null ? [value] : [];
  } catch {
    return [];
  }
}
