import { ApiError, type Api } from '../cluster/api.js';
import { resources, workloadResource, type Resource } from '../cluster/resources.js';
import type { Config } from '../config/config.js';
import { ledgerName } from '../rollout/ledger.js';
import { lockName } from '../rollout/lock.js';
import { nothingFound, type Checked } from './finding.js';
import { askForNamespace, beingDeleted, namespaceState, noSuchNamespace, type NamespaceState } from './namespace.js';
import { accountToFillIn, roleFor } from './role.js';

/** One thing that the account has to be allowed, as a Role says it. */
export interface Need {
  readonly group: string;
  /** `pods`, or `pods/log`. */
  readonly resource: string;
  readonly verb: string;
  /** Undefined: whatever its name. */
  readonly name?: string;
}

const need = (resource: Resource, verbs: readonly string[], options: { subresource?: string; name?: string } = {}): Need[] =>
  verbs.map((verb) => ({ group: resource.group, resource: options.subresource ? `${resource.plural}/${options.subresource}` : resource.plural, verb, name: options.name }));

/** What a run with these settings will ask of the API server. docs/rbac.yaml is the same for every setting at once. */
export function needsOf(config: Pick<Config, 'workloads' | 'smoke' | 'app'>): Need[] {
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
    // A rule cannot name what is yet to be created; all else is asked of these two objects alone, the watch by their name too.
    ...need(resources.configmaps, ['create']), ...need(resources.configmaps, ['get', 'update'], { name: ledgerName(config.app) }),
    ...need(resources.leases, ['create']), ...need(resources.leases, ['get', 'watch', 'update', 'patch'], { name: lockName(config.app) }),
  ].filter((each, index, all) => all.findIndex((other) => sameNeed(other, each)) === index);
}

const sameNeed = (a: Need, b: Need): boolean => a.group === b.group && a.resource === b.resource && a.verb === b.verb && a.name === b.name;

/** What the API server says an account may do. */
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

/**
 * Asks what the account may do, once; what seems to be missing is asked for one by one, as only that is certain.
 * @param needs what the run needs, which may depend on what is being read meanwhile
 */
export async function checkPermissions(api: Api, namespace: string, needs: readonly Need[] | Promise<readonly Need[]>, signal: AbortSignal): Promise<Checked> {
  const [review, wanted] = await Promise.all([
    ask<{ status?: { resourceRules?: readonly AllowedRule[] } }>(api, 'authorization.k8s.io/v1/selfsubjectrulesreviews', { spec: { namespace } }, signal), needs,
  ]);
  if (!review) return { problems: [], warnings: ['The cluster does not tell what this account may do, so that permissions could not be checked beforehand.'] };
  const doubtful = wanted.filter((each) => !covered(each, review.status?.resourceRules ?? []));
  const refused = (await Promise.all(doubtful.map(async (each) => ((await isAllowed(api, namespace, each, signal)) ? [] : [each])))).flat();
  if (refused.length === 0) return nothingFound;
  const [username, state] = await Promise.all([usernameOf(api, signal), namespaceState(api, namespace, signal)]);
  if (state === 'absent') return { warnings: [], problems: [noSuchNamespace(namespace, username)] };
  // The Role and its binding go with it, and none can be created there.
  if (state === 'leaving') return { warnings: [], problems: [beingDeleted(namespace)] };
  return missing(refused, { namespace, username, isAll: refused.length === wanted.length, state });
}

async function isAllowed(api: Api, namespace: string, { group, resource, verb, name }: Need, signal: AbortSignal): Promise<boolean> {
  const [plural, subresource] = resource.split('/');
  const spec = { resourceAttributes: { namespace, group, resource: plural, subresource, verb, name } };
  const review = await ask<{ status?: { allowed?: boolean } }>(api, 'authorization.k8s.io/v1/selfsubjectaccessreviews', { spec }, signal);
  return review?.status?.allowed ?? true;
}

/** As whom the API server knows this account; undefined where it does not say, as before Kubernetes 1.28. */
export async function usernameOf(api: Api, signal: AbortSignal): Promise<string | undefined> {
  const review = await ask<{ status?: { userInfo?: { username?: string } } }>(api, 'authentication.k8s.io/v1/selfsubjectreviews', {}, signal);
  return review?.status?.userInfo?.username;
}

/** Undefined when the API server gives no such answer: it may be too old, or not want to. */
async function ask<T>(api: Api, review: string, body: object, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await api.send<T>('POST', `/apis/${review}`, body, { signal });
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

interface Lacking {
  readonly namespace: string;
  readonly username: string | undefined;
  /** Not one of the permissions is there. */
  readonly isAll: boolean;
  readonly state: Exclude<NamespaceState, 'absent' | 'leaving'>;
}

/** The missing permissions as one problem, with the Role and the binding that grant them, ready to be applied. */
function missing(needs: readonly Need[], { namespace, username, isAll, state }: Lacking): Checked {
  const verbsOf = (resource: string): string[] => [...new Set(needs.filter((each) => each.resource === resource).map((each) => each.verb))];
  const what = [...new Set(needs.map((each) => each.resource))].map((resource) => `${verbsOf(resource).join(', ')} ${resource}`);
  const fillIn = username ? '' : `, with the account in place of ${accountToFillIn}`;
  const account = `The account that deploys${username ? ` (${username})` : ''}`;
  const unseen = state === 'unknown' ? ', and is not allowed to see whether that namespace exists (get namespaces)' : '';
  const apply = `pply the Role and the RoleBinding below${fillIn}, which leave what the account has already as it is, and run again. ` +
    'docs/rbac.yaml has the whole Role with the reason of each rule.';
  return {
    warnings: [],
    problems: [{
      cause: 'permission-denied',
      message: isAll ? `${account} has none of the permissions that the run needs in namespace ${namespace}${unseen}: ${what.join('; ')}.`
        : `${account} may not do everything that the run needs in namespace ${namespace}: ${what.join('; ')}.`,
      hint: isAll ? `${askForNamespace(namespace, username)} If it is, a${apply}` : `A${apply}`,
      attachment: { title: 'Role with the missing permissions, and its binding', text: roleFor(needs, namespace, username), ours: true },
    }],
  };
}
