import type { Cluster } from '../client/cluster.js';
import { nameOf, type List, type NetworkPolicy, type Pod } from '../client/objects.js';
import { apiPath, resources } from '../client/resources.js';
import { matches } from '../observe/selector.js';

type Labels = Readonly<Record<string, string>>;

interface Compared {
  /** Labels of the pods of the workload, and of the pod of its Job. */
  readonly workload: Labels;
  readonly job: Labels;
}

/** A label that all pods of Jobs of an app have. */
const allow = (app: string): string => `Allow pods with the label deploy-action/app: ${app} as well.`;

/**
 * What a NetworkPolicy allows the pods of a workload, and not the pod of its Job, in sentences. Empty where the account is not allowed to
 * list NetworkPolicies.
 */
export async function policiesWithoutJob({ api, namespace }: Cluster, app: string, compared: Compared, signal: AbortSignal): Promise<readonly string[]> {
  const path = apiPath(resources.networkpolicies, namespace);
  const { items = [] } = await api.get<List<NetworkPolicy>>(path, { signal, attempts: 1 }).catch((): List<NetworkPolicy> => ({}));
  return missedByJob(items, app, compared);
}

/** @param policies of the namespace: https://kubernetes.io/docs/concepts/services-networking/network-policies/ */
export function missedByJob(policies: readonly NetworkPolicy[], app: string, { workload, job }: Compared): readonly string[] {
  const selects = ({ spec }: NetworkPolicy, labels: Labels): boolean => matches(spec?.podSelector ?? {}, podWith(labels));
  const outgoing = policies.filter(({ spec }) => spec?.policyTypes?.includes('Egress') ?? spec?.egress !== undefined);
  // Without a policy that selects it, a pod is allowed to connect to everything.
  const isLimited = outgoing.some((policy) => selects(policy, job));
  const notOut = isLimited ? outgoing.filter((policy) => (policy.spec?.egress ?? []).length > 0 && selects(policy, workload) && !selects(policy, job)) : [];
  const notIn = policies.filter((policy) => admits(policy, workload) && !admits(policy, job));
  return [
    ...notOut.map((policy) => `NetworkPolicy ${nameOf(policy)} allows connections from the pods of the workload, but not from the pod of its migration, which has none of their selecting labels. ${allow(app)}`),
    ...notIn.map((policy) => `NetworkPolicy ${nameOf(policy)} admits connections from the pods of the workload, but not from the pod of its migration, which has none of their selecting labels. ${allow(app)}`),
  ];
}

const podWith = (labels: Labels): Pod => ({ metadata: { labels } });

/** Whether one of its rules admits pods of the same namespace with these labels. */
const admits = ({ spec }: NetworkPolicy, labels: Labels): boolean => (spec?.ingress ?? []).some(({ from = [] }) =>
  from.length === 0 || from.some(({ podSelector = {}, namespaceSelector, ipBlock }) =>
    ipBlock !== undefined || namespaceSelector !== undefined || matches(podSelector, podWith(labels))));
