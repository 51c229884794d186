import { ApiError, type Api } from '../client/api.js';
import type { List, PodTemplate, ResourceQuota, Workload } from '../client/objects.js';
import { apiPath, resources } from '../client/resources.js';
import { firstWaveSize } from '../observe/surge.js';
import { desiredReplicas } from '../observe/workload.js';
import { nothingFound, together, type Checked } from '../../outcome/finding.js';
import { checkRoom, type NewObjects } from './object-quota.js';
import { parseQuantity } from './quantity.js';

/** What a run needs in a namespace. */
export interface Planned extends NewObjects {
  readonly workloads: readonly { readonly ref: string; readonly workload: Workload }[];
}

/**
 * Whether the quotas have room for one more pod of each Deployment that needs one, and for every object that the run and
 * the controllers create. Not checked if the account is not allowed to read quotas.
 */
export async function checkQuota(api: Api, namespace: string, planned: Planned, signal: AbortSignal): Promise<Checked> {
  const read = await api.get<List<ResourceQuota>>(apiPath(resources.resourcequotas, namespace), { signal }).catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 403) return undefined;
    throw error;
  });
  // Quotas with scopes apply to some pods only.
  const quotas = (read?.items ?? []).filter(({ spec }) => !spec?.scopes?.length && spec?.scopeSelector === undefined);
  if (quotas.length === 0) return nothingFound;
  const needing = planned.workloads.filter(({ workload }) => needsSurge(workload));
  return together([
    ...needing.map(({ ref, workload }) => overQuota(ref, workload, quotas)),
    await checkRoom(api, namespace, planned, quotas, signal),
  ]);
}

/** A Deployment that must not go below its replicas can only start with one more pod. */
const needsSurge = (workload: Workload): boolean =>
  workload.kind === 'Deployment' && workload.spec?.strategy?.type !== 'Recreate' && (workload.spec?.replicas ?? 1) > 0 && firstWaveSize(workload).oldPodsGone === 0;

/**
 * The quotas that have no room for one more pod of this Deployment. A problem only if a quota could never hold all of its
 * pods and one more. Otherwise room may become free: the controller removes broken pods of the previous release, and
 * terminating pods go by themselves.
 */
export function overQuota(ref: string, workload: Workload, quotas: readonly ResourceQuota[]): Checked {
  const demand = demandOf(workload.spec?.template);
  const replicas = desiredReplicas(workload);
  return together(quotas.flatMap(({ metadata, status }) =>
    Object.entries(status?.hard ?? {}).map(([name, hard]): Checked => {
      const limit = parseQuantity(hard) ?? Infinity;
      // As a person would write it: sums of decimal fractions are not exact.
      const wanted = Number((demand.get(name) ?? 0).toPrecision(12));
      if (wanted === 0 || !exceeds((parseQuantity(status?.used?.[name]) ?? 0) + wanted, limit)) return nothingFound;
      const full = `${name} is at ${status?.used?.[name] ?? 0} of ${hard}`;
      if (!exceeds((replicas + 1) * wanted, limit)) {
        return {
          problems: [],
          warnings: [`The ResourceQuota ${metadata?.name} has no room now for the first new pod of ${ref}: ${full}, and the pod needs ${wanted}. The pod waits until there is room.`],
        };
      }
      return {
        warnings: [],
        problems: [{
          cause: 'quota-exceeded',
          message: `The ResourceQuota ${metadata?.name} is too small for a new pod of ${ref} beside its ${replicas} old ones: ${full}, and each pod needs ${wanted}.`,
          hint: `Raise ${name} in the quota, or set maxUnavailable of ${ref} to 1 so an old pod can terminate first.`,
        }],
      };
    })));
}

/** By more than rounding errors. */
const exceeds = (sum: number, limit: number): boolean => sum > limit * (1 + 1e-9);

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
