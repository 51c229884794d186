import type { ConfigMapKeySelector, ConfigMapProjection } from 'kubernetes-types/core/v1';
import { ApiError, type Api } from '../client/api.js';
import type { ConfigMap, DeepPartial, PodTemplate } from '../client/objects.js';
import { resources } from '../client/resources.js';
import { together, type Checked, type Finding } from '../../outcome/finding.js';

/** A ConfigMap or Secret that a pod template requires, with the keys that it names. */
export interface Reference {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  readonly keys: readonly string[];
}

/** How a template refers to one: as a variable by its key, or as files, all of them or `items`. */
type Source = DeepPartial<ConfigMapKeySelector & ConfigMapProjection>;

/** Everything that the containers and volumes of a template require; optional references are left out. */
export function referencesOf(template: PodTemplate | undefined): Reference[] {
  const found = new Map<string, { kind: Reference['kind']; name: string; keys: Set<string> }>();
  const add = (kind: Reference['kind'], source: Source | undefined): void => {
    if (!source?.name || source.optional) return;
    const known = found.get(`${kind}/${source.name}`) ?? { kind, name: source.name, keys: new Set<string>() };
    for (const key of [source.key, ...(source.items ?? []).map((item) => item.key)]) if (key !== undefined) known.keys.add(key);
    found.set(`${kind}/${source.name}`, known);
  };
  for (const container of [...(template?.spec?.containers ?? []), ...(template?.spec?.initContainers ?? [])]) {
    for (const { valueFrom } of container.env ?? []) {
      add('ConfigMap', valueFrom?.configMapKeyRef);
      add('Secret', valueFrom?.secretKeyRef);
    }
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      add('ConfigMap', configMapRef);
      add('Secret', secretRef);
    }
  }
  for (const { configMap, secret, projected } of template?.spec?.volumes ?? []) {
    add('ConfigMap', configMap);
    if (secret) add('Secret', { ...secret, name: secret.secretName });
    for (const source of projected?.sources ?? []) {
      add('ConfigMap', source.configMap);
      add('Secret', source.secret);
    }
  }
  return [...found.values()].map(({ keys, ...rest }) => ({ ...rest, keys: [...keys] }));
}

/**
 * Whether everything that the template refers to exists. Only the names of the keys of a Secret are used. Secrets are
 * skipped if the account is not allowed to read them, which is recommended.
 */
export async function checkReferences(api: Api, namespace: string, ref: string, template: PodTemplate | undefined, signal: AbortSignal): Promise<Checked> {
  return together(await Promise.all(referencesOf(template).map(async (reference) => {
    const resource = reference.kind === 'Secret' ? resources.secrets : resources.configmaps;
    try {
      const object = await api.find<ConfigMap>(resource, namespace, reference.name, { signal });
      const keys = object && new Set([...Object.keys(object.data ?? {}), ...Object.keys(object.binaryData ?? {})]);
      return { problems: missingParts(ref, reference, keys, namespace), warnings: [] };
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) return { problems: [], warnings: [] };
      throw error;
    }
  })));
}

/** @param keys those of the object; undefined when it does not exist */
export function missingParts(ref: string, { kind, name, keys: wanted }: Reference, keys: ReadonlySet<string> | undefined, namespace: string): Finding[] {
  if (!keys) {
    return [{ cause: 'container-config', message: `${ref} needs the ${kind} ${name}, which does not exist in namespace ${namespace}: its new pods could not start.`, hint: `Create the ${kind} ${name}, or mark it optional in the pod template.` }];
  }
  return wanted.filter((key) => !keys.has(key)).map((key) => ({
    cause: 'container-config', message: `${ref} needs the key ${key} of the ${kind} ${name}, which does not contain it: its new pods could not start.`,
    hint: `Add the key ${key} to the ${kind} ${name}, or mark it optional in the pod template.`,
  }));
}
