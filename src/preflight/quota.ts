import { ApiError, type Api } from '../cluster/api.js';
import type { KubeObject, List, PodTemplate, Workload } from '../cluster/objects.js';
import { apiPath, resources } from '../cluster/resources.js';
import { firstWaveSize } from '../rollout/hold.js';
import { nothingFound, type Checked, type Finding } from './finding.js';
import { parseQuantity } from './quantity.js';

interface ResourceQuota extends KubeObject {
  readonly spec?: { readonly scopes?: readonly string[]; readonly scopeSelector?: unknown };
  readonly status?: { readonly hard?: Readonly<Record<string, string>>; readonly used?: Readonly<Record<string, string>> };
}

/** Whether one more pod of each Deployment that needs one fits into the quotas. Not checked where quotas may not be read. */
export async function checkQuota(
  api: Api, namespace: string, workloads: readonly { readonly ref: string; readonly workload: Workload }[], signal: AbortSignal,
): Promise<Checked> {
  const needing = workloads.filter(({ workload }) => needsSurge(workload));
  if (needing.length === 0) return nothingFound;
  try {
    const quotas = await api.get<List<ResourceQuota>>(apiPath(resources.resourcequotas, namespace), { signal });
    return { warnings: [], problems: needing.flatMap(({ ref, workload }) => overQuota(ref, workload.spec?.template, quotas.items ?? [])) };
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return nothingFound;
    throw error;
  }
}

/** A Deployment that may not go below its replicas can only begin with a pod more than it has. */
const needsSurge = (workload: Workload): boolean =>
  workload.kind === 'Deployment' && workload.spec?.strategy?.type !== 'Recreate' && (workload.spec?.replicas ?? 1) > 0 && firstWaveSize(workload).oldPodsGone === 0;

/** The quotas that have no room for one more pod of this template. Quotas with scopes hold for some pods only, and are left out. */
export function overQuota(ref: string, template: PodTemplate | undefined, quotas: readonly ResourceQuota[]): Finding[] {
  const demand = demandOf(template);
  return quotas.filter(({ spec }) => !spec?.scopes?.length && spec?.scopeSelector === undefined).flatMap(({ metadata, status }) =>
    Object.entries(status?.hard ?? {}).flatMap(([name, hard]): Finding[] => {
      const room = (parseQuantity(hard) ?? Infinity) - (parseQuantity(status?.used?.[name]) ?? 0);
      const wanted = demand.get(name) ?? 0;
      if (wanted === 0 || wanted <= room) return [];
      return [{
        cause: 'quota-exceeded',
        message: `The ResourceQuota ${metadata?.name} has no room for the first new pod of ${ref}: ${name} is at ${status?.used?.[name] ?? 0} of ${hard}, and the pod needs ${wanted}.`,
        hint: `Raise ${name} in the quota, or set maxUnavailable of ${ref} to 1 so that an old pod may go first.`,
      }];
    }));
}

/** What one pod counts in a quota, by the quota's own names. https://kubernetes.io/docs/concepts/policy/resource-quotas/ */
function demandOf(template: PodTemplate | undefined): Map<string, number> {
  const demand = new Map<string, number>([['pods', 1], ['count/pods', 1]]);
  const containers = template?.spec?.containers ?? [];
  for (const kind of ['requests', 'limits'] as const) {
    for (const resource of ['cpu', 'memory']) {
      const sum = containers.reduce((total, container) => total + (parseQuantity(container.resources?.[kind]?.[resource]) ?? 0), 0);
      demand.set(`${kind}.${resource}`, sum);
      if (kind === 'requests') demand.set(resource, sum);
    }
  }
  return demand;
}
