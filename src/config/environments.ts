import type { EnvironmentSettings } from './environment-settings.js';
import type { GivenValues } from './settings.js';
import { requirementText } from './values/requirement.js';

/** The environments of a settings file, each with the top of the file below it. Build secrets are left out. */
export const environmentsOf = (environments: ReadonlyMap<string, { readonly values: GivenValues }>): EnvironmentSettings[] =>
  [...environments].map(([name, { values }]) => ({ name, namespace: values.namespace, context: values['kube-context'], keys: keysOf(values) }));

/** What is meant to be the same everywhere. Namespaces, times and freezes differ on purpose. */
function keysOf(values: GivenValues): Record<string, string> {
  const below = (path: string, map: Readonly<Record<string, string>> = {}): (readonly [string, string])[] => Object.entries(map).map(([name, text]) => [`${path}.${name}`, text]);
  return Object.fromEntries([
    ...below('build-args', values['build-args']),
    ...below('policy.env', Object.fromEntries(Object.entries(values.policy?.env ?? {}).map(([name, requirement]) => [name, requirementText(requirement)]))),
    ...(values.workloads ?? []).map(({ kind, name }): readonly [string, string] => [`workloads.${kind}/${name}`, '']),
    ...(values.smoke ?? []).length > 0 ? [['smoke', ''] as const] : [],
    ...(values.test ?? []).length > 0 ? [['test', ''] as const] : [],
  ]);
}
