import type { Namespace } from 'kubernetes-types/core/v1';
import { ApiError, type Api } from '../client/api.js';
import type { ObjectOf } from '../client/objects.js';
import type { Finding } from '../../outcome/finding.js';

/** `leaving`: it is being deleted. `unknown` where the account is not allowed to see it. */
export type NamespaceState = 'there' | 'leaving' | 'absent' | 'unknown';

export async function namespaceState(api: Api, namespace: string, signal: AbortSignal): Promise<NamespaceState> {
  try {
    const found = await api.get<ObjectOf<Namespace>>(`/api/v1/namespaces/${encodeURIComponent(namespace)}`, { signal });
    return found.status?.phase === 'Terminating' ? 'leaving' : 'there';
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.status === 404 && error.reason === 'NotFound' ? 'absent' : 'unknown';
  }
}

/** If the account has no permissions at all, a wrong namespace is more likely than a missing Role. */
export function askForNamespace(namespace: string, username: string | undefined): string {
  const own = /^system:serviceaccount:([^:]+):/.exec(username ?? '')?.[1];
  return `Check \`namespace\` first: it is ${namespace}${own !== undefined && own !== namespace ? `, but the account belongs to the namespace ${own}` : ''}.`;
}

export const noSuchNamespace = (namespace: string, username: string | undefined): Finding => ({
  cause: 'config-invalid', message: `The namespace ${namespace} does not exist.`, hint: askForNamespace(namespace, username),
});

export const beingDeleted = (namespace: string): Finding => ({
  cause: 'not-deployable', message: `The namespace ${namespace} is being deleted.`,
  hint: 'Check `namespace`, or recreate the namespace and its workloads once it is gone.',
});
