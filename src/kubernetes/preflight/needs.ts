import { resources, workloadResource, type Resource } from '../client/resources.js';
import type { Config } from '../../config/config.js';
import { migratedDatabase } from '../../config/migrate-config.js';
import { ledgerName } from '../store/config-map.js';
import { databaseLockName, lockName } from '../store/lease.js';

/** One permission that the account needs, in the form of a Role. */
export interface Need {
  readonly group: string;
  /** `pods`, or `pods/log`. */
  readonly resource: string;
  readonly verb: string;
  /** Undefined: for any name. */
  readonly name?: string;
}

const need = (resource: Resource, verbs: readonly string[], options: { subresource?: string; name?: string } = {}): Need[] =>
  verbs.map((verb) => ({ group: resource.group, resource: options.subresource ? `${resource.plural}/${options.subresource}` : resource.plural, verb, name: options.name }));

type NeedingConfig = Pick<Config, 'workloads' | 'smoke' | 'app'> & Partial<Pick<Config, 'migrate' | 'databases'>>;

/**
 * The permissions that a run with these settings needs. docs/rbac.yaml covers all settings at once but migrations, which
 * docs/rbac-migrations.yaml is for.
 */
export function needsOf(config: NeedingConfig): Need[] {
  const kinds = new Set(config.workloads.map((workload) => workload.kind));
  const read = ['list', 'watch'];
  const asks = config.smoke.some((check) => check.target.type === 'service');
  return [
    ...[...kinds].flatMap((kind) => need(workloadResource[kind], read)),
    ...config.workloads.flatMap(({ kind, name }) => need(workloadResource[kind], ['get', 'patch'], { name })),
    ...need(resources.pods, read), ...need(resources.pods, ['get'], { subresource: 'log' }), ...need(resources.events, read),
    ...(kinds.has('deployment') ? need(resources.replicasets, read) : []),
    ...(kinds.has('daemonset') ? need(resources.controllerrevisions, read) : []),
    ...(kinds.has('statefulset') ? need(resources.pods, ['delete']) : []),
    ...need(resources.services, ['list']), ...need(resources.endpointslices, read),
    ...(asks ? [...need(resources.services, ['get'], { subresource: 'proxy' }), ...need(resources.pods, ['get'], { subresource: 'proxy' })] : []),
    // A rule cannot restrict `create` to a name. Everything else is restricted to these two objects, the watch too.
    ...need(resources.configmaps, ['create']), ...need(resources.configmaps, ['get', 'update'], { name: ledgerName(config.app) }),
    ...need(resources.leases, ['create']), ...need(resources.leases, ['get', 'watch', 'update', 'patch'], { name: lockName(config.app) }),
    ...migrationNeeds(config),
  ].filter((each, index, all) => all.findIndex((other) => sameNeed(other, each)) === index);
}

/** To run a command as a Job, to follow it and to end it, under a lock of its own. */
function migrationNeeds(config: NeedingConfig): Need[] {
  if (!config.migrate) return [];
  const lock = databaseLockName(config.app, migratedDatabase(config));
  return [...need(resources.jobs, ['create', 'get', 'list', 'watch', 'delete']), ...need(resources.leases, ['get', 'watch', 'update', 'patch'], { name: lock })];
}

/**
 * Those of them with which a run can be planned: what the ClusterRole `view` allows. The lock is not taken, no log is read, and
 * a smoke check that needs more is left out.
 */
export const needsToRead = (config: NeedingConfig): Need[] => needsOf({ ...config, migrate: undefined })
  .filter(({ group, resource, verb }) => ['get', 'list', 'watch'].includes(verb) && !resource.includes('/') && group !== resources.leases.group);

/** For a smoke check of a Service, through the API server. */
export const needToAsk: Need = { group: '', resource: 'services/proxy', verb: 'get' };

/** For smoke checks that run without a rollout. */
export const needsToAsk = (checks: NeedingConfig['smoke']): readonly Need[] =>
  (checks.some(({ target }) => target.type !== 'url') ? [...need(resources.services, ['list']), needToAsk] : []);

const sameNeed = (a: Need, b: Need): boolean => a.group === b.group && a.resource === b.resource && a.verb === b.verb && a.name === b.name;

/** A permission that the API server reports. Not the ResourceRule of kubernetes-types 1.30, which lacks `resources` and `verbs`. */
export interface AllowedRule {
  readonly verbs?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** Whether one of the rules covers the need. https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources */
export function covered(wanted: Need, rules: readonly AllowedRule[]): boolean {
  const [, subresource] = wanted.resource.split('/');
  const names = ['*', wanted.resource, ...(subresource === undefined ? [] : [`*/${subresource}`])];
  return rules.some((rule) =>
    (rule.verbs ?? []).some((verb) => verb === '*' || verb === wanted.verb) &&
    (rule.apiGroups ?? []).some((group) => group === '*' || group === wanted.group) &&
    (rule.resources ?? []).some((resource) => names.includes(resource)) &&
    (!rule.resourceNames?.length || (wanted.name !== undefined && rule.resourceNames.includes(wanted.name))));
}
