import type { Need } from '../kubernetes/preflight/needs.js';

/** What a backup, a drill or a restore does in a cluster, besides what it does with the workloads of the app. */
export interface DataRights {
  /** Whether a database is in a pod. */
  readonly usesPods: boolean;
  /** Whether a dump is restored into a scratch server beside such a database. */
  readonly usesScratch: boolean;
  /** Secrets of the namespace that have passwords. */
  readonly secrets: readonly string[];
  /** Names of the Leases that it takes as locks. */
  readonly locks: readonly string[];
  /** The claim of the volume that keeps the backups; undefined if they are elsewhere. */
  readonly claim?: string;
}

/** A rule of a Role. https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources */
export interface RoleRule {
  readonly apiGroups: readonly [string];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** The least rules. `docs/rbac-backup.yaml` has them with their reasons. */
export function rulesForData({ usesPods, usesScratch, secrets, locks, claim }: DataRights): readonly RoleRule[] {
  const usesJobs = usesScratch || claim !== undefined;
  return [
    // kubectl reads the pod before it starts a program in it.
    ...usesPods || usesJobs ? [
      { apiGroups: [''], resources: ['pods'], verbs: usesJobs ? ['get', 'list', 'watch'] : ['get', 'list'] },
      { apiGroups: [''], resources: ['pods/exec'], verbs: ['create', 'get'] },
    ] satisfies RoleRule[] : [],
    ...rule('', ['secrets'], ['get'], secrets),
    // A rule cannot restrict `create` to a name.
    ...locks.length === 0 ? [] : [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] }] satisfies RoleRule[],
    ...rule('coordination.k8s.io', ['leases'], ['get', 'watch', 'update', 'patch'], locks),
    ...usesJobs ? [
      { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'list', 'watch', 'create', 'delete'] },
      { apiGroups: [''], resources: ['events'], verbs: ['list', 'watch'] },
    ] satisfies RoleRule[] : [],
    ...rule('', ['persistentvolumeclaims'], ['get'], claim === undefined ? [] : [claim]),
  ];
}

const rule = (group: string, resources: readonly string[], verbs: readonly string[], resourceNames: readonly string[]): readonly RoleRule[] =>
  (resourceNames.length === 0 ? [] : [{ apiGroups: [group], resources, resourceNames, verbs }]);

/** The same, one by one. */
export const needsForData = (rights: DataRights): readonly Need[] => rulesForData(rights).flatMap(({ apiGroups: [group], resources, resourceNames, verbs }) =>
  (resourceNames ?? [undefined]).flatMap((name) => resources.flatMap((resource) => verbs.map((verb) => ({ group, resource, verb, name })))));
