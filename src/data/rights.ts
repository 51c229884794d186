/** What a backup, or a drill, does in a cluster. */
export interface BackupRights {
  /** Whether a database is in a pod. */
  readonly usesPods: boolean;
  /** Whether a dump is restored into a scratch server beside such a database. */
  readonly usesScratch: boolean;
  /** Secrets of the namespace that have passwords. */
  readonly secrets: readonly string[];
  /** The claim of the volume that keeps the backups; undefined if they are elsewhere. */
  readonly claim?: string;
}

/** A rule of a Role. https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources */
export interface RoleRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** The least rules for a backup. `docs/rbac-backup.yaml` has them with their reasons. */
export function rulesForBackups({ usesPods, usesScratch, secrets, claim }: BackupRights): readonly RoleRule[] {
  if (!usesPods && claim === undefined) return [];
  const usesJobs = usesScratch || claim !== undefined;
  return [
    // kubectl reads the pod before it starts a program in it.
    { apiGroups: [''], resources: ['pods'], verbs: usesJobs ? ['get', 'list', 'watch'] : ['get', 'list'] },
    { apiGroups: [''], resources: ['pods/exec'], verbs: ['create', 'get'] },
    ...secrets.length === 0 ? [] : [{ apiGroups: [''], resources: ['secrets'], resourceNames: [...secrets], verbs: ['get'] }],
    ...usesJobs ? [
      { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'list', 'watch', 'create', 'delete'] },
      { apiGroups: [''], resources: ['events'], verbs: ['list', 'watch'] },
    ] : [],
    ...claim === undefined ? [] : [{ apiGroups: [''], resources: ['persistentvolumeclaims'], resourceNames: [claim], verbs: ['get'] }],
  ];
}
