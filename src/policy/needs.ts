import type { ClusterConfig, PolicyConfig } from '../config/config.js';
import type { Note, PolicyReads } from './input.js';

/** What the rules that are on need to be read, and what they cannot get. */
export function readsOf(policy: PolicyConfig, cluster: ClusterConfig): { readonly reads: PolicyReads; readonly notes: readonly Note[] } {
  const isOn = (rule: keyof PolicyConfig['levels']): boolean => policy.levels[rule] !== 'off';
  const named = isOn('environments') ? policy.compareWith.map((name) => ({ name, other: policy.environments.find((each) => each.name === name) })) : [];
  const others = named.map(({ name, other }) => ({ name, namespace: other?.namespace, isSameCluster: other?.context === cluster.context }));
  return {
    reads: {
      optionalSources: (isOn('env') && Object.keys(policy.env).length > 0) || (isOn('connections') && policy.connections !== undefined),
      autoscalers: isOn('connections') && policy.connections !== undefined,
      ingresses: isOn('certificates') && policy.certificates.ingresses,
      others: others.flatMap(({ name, namespace, isSameCluster }) => (namespace === undefined || !isSameCluster ? [] : [{ name, namespace }])),
    },
    notes: others.filter(({ namespace, isSameCluster }) => namespace === undefined || !isSameCluster).map(({ name, namespace }) => ({
      rule: 'environments',
      text: `The policy rule \`environments\` does not compare the workloads with ${name}: the settings file ${namespace === undefined ? 'names no namespace for it' : 'names another context of the kubeconfig for it'}.`,
    })),
  };
}
