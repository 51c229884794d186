import type { Pod, Service, Workload } from '../client/objects.js';

/**
 * One label selector that matches the pods of all these workloads and as few others as possible: a key that all of their
 * selectors contain, with their values. Undefined when they have no key in common.
 */
export function podSelector(workloads: readonly Workload[]): string | undefined {
  const selectors = workloads.map((workload) => workload.spec?.selector?.matchLabels ?? {});
  const [first, ...others] = selectors;
  const shared = Object.keys(first ?? {}).filter((key) => others.every((labels) => key in labels));
  const key = shared.sort((a, b) => valuesOf(selectors, b).length - valuesOf(selectors, a).length)[0];
  return key === undefined ? undefined : `${key} in (${valuesOf(selectors, key).sort().join(',')})`;
}

const valuesOf = (selectors: readonly Readonly<Record<string, string>>[], key: string): string[] => [...new Set(selectors.map((labels) => labels[key] ?? ''))];

/** Whether a Service selects pods with these labels. A Service without a selector selects none. */
export function selects(service: Service, labels: Readonly<Record<string, string>> | undefined): boolean {
  const wanted = Object.entries(service.spec?.selector ?? {});
  return service.spec?.type !== 'ExternalName' && wanted.length > 0 && wanted.every(([key, value]) => labels?.[key] === value);
}

type LabelSelector = NonNullable<NonNullable<Workload['spec']>['selector']>;

/** Whether a label selector matches a pod. https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
export function matches({ matchLabels = {}, matchExpressions = [] }: LabelSelector, { metadata }: Pod): boolean {
  const labels = metadata?.labels ?? {};
  return Object.entries(matchLabels).every(([key, value]) => labels[key] === value) && matchExpressions.every(({ key = '', operator, values = [] }) => {
    if (operator === 'Exists') return key in labels;
    if (operator === 'DoesNotExist') return !(key in labels);
    return values.includes(labels[key] ?? '') && key in labels ? operator === 'In' : operator === 'NotIn';
  });
}
