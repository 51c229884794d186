import { ApiError, type Api } from '../cluster/api.js';
import type { Finding } from './finding.js';

/** `unknown` where the account is not allowed to see it. */
export type NamespaceState = 'there' | 'absent' | 'unknown';

export async function namespaceState(api: Api, namespace: string, signal: AbortSignal): Promise<NamespaceState> {
  try {
    await api.get(`/api/v1/namespaces/${encodeURIComponent(namespace)}`, { signal });
    return 'there';
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.status === 404 && error.reason === 'NotFound' ? 'absent' : 'unknown';
  }
}

/** Where nothing is allowed, a namespace that was not meant is more likely than a Role that was forgotten. */
export function askForNamespace(namespace: string, username: string | undefined): string {
  const own = /^system:serviceaccount:([^:]+):/.exec(username ?? '')?.[1];
  return `Check first whether \`namespace\` is right: it is ${namespace}${own !== undefined && own !== namespace ? `, and the account belongs to the namespace ${own}` : ''}.`;
}

export const noSuchNamespace = (namespace: string, username: string | undefined): Finding => ({
  cause: 'config-invalid', message: `The namespace ${namespace} does not exist.`, hint: askForNamespace(namespace, username),
});
