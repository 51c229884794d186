import { stringify } from 'yaml';
import type { Api } from '../cluster/api.js';
import { resources, workloadResource, type Resource } from '../cluster/resources.js';
import type { Config } from '../config/config.js';
import { nothingFound, type Checked } from './finding.js';

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
    ...need(resources.configmaps, ['get', 'create', 'update']),
    ...need(resources.leases, ['get', 'watch', 'create', 'update', 'patch']),
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

/** Asks what the account may do, once; what seems to be missing is asked for one by one, as only that is certain. */
export async function checkPermissions(api: Api, namespace: string, config: Pick<Config, 'workloads' | 'smoke' | 'app'>, signal: AbortSignal): Promise<Checked> {
  const review = await ask<{ status?: { resourceRules?: readonly AllowedRule[] } }>(api, 'selfsubjectrulesreviews', { namespace }, signal);
  if (!review) return { problems: [], warnings: ['The cluster does not tell what this account may do, so that permissions could not be checked beforehand.'] };
  const doubtful = needsOf(config).filter((wanted) => !covered(wanted, review.status?.resourceRules ?? []));
  const refused = await Promise.all(doubtful.map(async (wanted) => ((await isAllowed(api, namespace, wanted, signal)) ? [] : [wanted])));
  return missing(refused.flat(), namespace);
}

async function isAllowed(api: Api, namespace: string, { group, resource, verb, name }: Need, signal: AbortSignal): Promise<boolean> {
  const [plural, subresource] = resource.split('/');
  const review = await ask<{ status?: { allowed?: boolean } }>(api, 'selfsubjectaccessreviews', { resourceAttributes: { namespace, group, resource: plural, subresource, verb, name } }, signal);
  return review?.status?.allowed ?? true;
}

async function ask<T>(api: Api, kind: string, spec: unknown, signal: AbortSignal): Promise<T | undefined> {
  const answer = await api.raw(`/apis/authorization.k8s.io/v1/${kind}`, { method: 'POST', body: { spec }, signal });
  return answer.status === 201 || answer.status === 200 ? (JSON.parse(answer.body) as T) : undefined;
}

/** The missing permissions as one problem, with the Role that grants them, ready to be applied. */
export function missing(needs: readonly Need[], namespace: string): Checked {
  if (needs.length === 0) return nothingFound;
  const what = [...new Set(needs.map((each) => each.resource))].map((resource) => `${[...new Set(needs.filter((each) => each.resource === resource).map((each) => each.verb))].join(', ')} ${resource}`);
  return {
    warnings: [],
    problems: [{
      cause: 'permission-denied',
      message: `The account that deploys may not do everything that the run needs in namespace ${namespace}: ${what.join('; ')}.`,
      hint: 'Apply the Role below, bind it to the account, and run again. docs/rbac.yaml has the whole Role with the reason of each rule.',
      attachment: { title: 'Role with the missing permissions', text: roleFor(needs, namespace) },
    }],
  };
}

/** A Role that grants exactly these needs, as YAML. */
export function roleFor(needs: readonly Need[], namespace: string): string {
  const rules = new Map<string, { apiGroups: string[]; resources: string[]; verbs: string[] }>();
  for (const { group, resource, verb } of needs) {
    const rule = rules.get(`${group}/${resource}`) ?? { apiGroups: [group], resources: [resource], verbs: [] };
    if (!rule.verbs.includes(verb)) rule.verbs.push(verb);
    rules.set(`${group}/${resource}`, rule);
  }
  return stringify({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'deployer', namespace }, rules: [...rules.values()] }, { flowCollectionPadding: false });
}
