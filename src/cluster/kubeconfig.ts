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
