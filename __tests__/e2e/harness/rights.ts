import { call, type Any } from './api.js';
import type { Space } from './namespace.js';

const rbac = 'rbac.authorization.k8s.io';

/** Lets the account of the space do more than docs/rbac.yaml says: rights that make a check of the preflight possible. */
export async function grant(space: Space, ...rules: readonly Any[]): Promise<void> {
  await space.apply(
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: { name: 'deployer-more' }, rules },
    {
      apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata: { name: 'deployer-more' },
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'deployer-more' }, subjects: [{ kind: 'ServiceAccount', name: 'deployer' }],
    },
  );
}

/** The same for what belongs to no namespace. The objects are removed after `body`. */
export async function withClusterRights<T>(space: Space, rules: readonly Any[], body: () => Promise<T>): Promise<T> {
  const path = (plural: string, name = ''): string => `/apis/${rbac}/v1/${plural}${name}`;
  const metadata = { name: space.name };
  await call('POST', path('clusterroles'), { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata, rules });
  await call('POST', path('clusterrolebindings'), {
    apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata, roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: space.name },
    subjects: [{ kind: 'ServiceAccount', name: 'deployer', namespace: space.name }],
  });
  try {
    return await body();
  } finally {
    await call('DELETE', path('clusterrolebindings', `/${space.name}`)).catch(() => undefined);
    await call('DELETE', path('clusterroles', `/${space.name}`)).catch(() => undefined);
  }
}
