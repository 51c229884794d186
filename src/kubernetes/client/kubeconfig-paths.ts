import type { KubeconfigFile } from './kubeconfig.js';

/** A file that a kubeconfig names. */
export interface NamedPath {
  /** As written in the kubeconfig. */
  readonly path: string;
  /** The key, e.g. `client-key`. */
  readonly key: string;
  /** Where it is, for a change of the document. */
  readonly at: readonly (string | number)[];
}

/** Keys that name a file, each with the key that holds the content and wins; `token` counts where its file cannot be read. */
const clusterKeys = [['certificate-authority', 'certificate-authority-data']] as const;
const userKeys = [['client-certificate', 'client-certificate-data'], ['client-key', 'client-key-data'], ['tokenFile', 'token']] as const;

/** Every file that a kubeconfig names; a credential plugin only if it is named by a path. */
export function pathsOf(file: KubeconfigFile): NamedPath[] {
  const listed = <T>(list: readonly T[] | null | undefined): readonly T[] => (Array.isArray(list) ? list : []);
  return [
    ...listed(file.clusters).flatMap((entry, index) => keysIn(entry?.cluster, clusterKeys, ['clusters', index, 'cluster'])),
    ...listed(file.users).flatMap((entry, index) => {
      const at = ['users', index, 'user'];
      const command = entry?.user?.exec?.command;
      const program = typeof command === 'string' && command.includes('/') ? [{ path: command, key: 'exec.command', at: [...at, 'exec', 'command'] }] : [];
      return [...keysIn(entry?.user, userKeys, at), ...program];
    }),
  ];
}

function keysIn(of: object | null | undefined, keys: readonly (readonly [string, string])[], at: readonly (string | number)[]): NamedPath[] {
  const values = (of ?? {}) as Readonly<Record<string, unknown>>;
  return keys.flatMap(([key, data]) => {
    const path = values[key];
    return typeof path === 'string' && path !== '' && !values[data] ? [{ path, key, at: [...at, key] }] : [];
  });
}
