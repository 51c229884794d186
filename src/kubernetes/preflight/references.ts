import type { ConfigMapKeySelector, ConfigMapProjection } from 'kubernetes-types/core/v1';
import { ApiError, type Api } from '../client/api.js';
import type { ConfigMap, DeepPartial, PodTemplate } from '../client/objects.js';
import { resources } from '../client/resources.js';
import type { Checked, Finding } from '../../outcome/finding.js';

/** A ConfigMap or Secret that a pod template refers to, with the keys that it requires. */
export interface Reference {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  readonly keys: readonly string[];
}

/** What became of reading one. */
type Referenced =
  /** Key → value; undefined for binary data, and for all of a Secret, of which only the names of the keys are kept. */
  | { readonly state: 'read'; readonly values: Readonly<Record<string, string | undefined>> }
  | { readonly state: 'missing' | 'denied' };

/** By `ConfigMap/settings`. */
export type ReferencedObjects = ReadonlyMap<string, Referenced>;

/** How a template refers to one: as a variable by its key, or as files, all of them or `items`. */
type Source = DeepPartial<ConfigMapKeySelector & ConfigMapProjection>;

/**
 * Everything that the containers and volumes of a template require.
 * @param optional whether what it can do without is among them
 */
export function referencesOf(template: PodTemplate | undefined, optional: 'left out' | 'included' = 'left out'): Reference[] {
  const found = new Map<string, { kind: Reference['kind']; name: string; keys: Set<string> }>();
  const add = (kind: Reference['kind'], source: Source | undefined): void => {
    if (!source?.name || (source.optional && optional === 'left out')) return;
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

const keyOf = ({ kind, name }: Pick<Reference, 'kind' | 'name'>): string => `${kind}/${name}`;

/**
 * The objects that these templates refer to, each read once. Secrets are skipped if the account is not allowed to read them,
 * which is recommended.
 * @param known those that were read before
 */
export async function readReferences(
  api: Api, namespace: string, references: readonly Reference[], signal: AbortSignal, known: ReferencedObjects = new Map(),
): Promise<ReferencedObjects> {
  const wanted = new Map(references.filter((each) => !known.has(keyOf(each))).map((each) => [keyOf(each), each]));
  const read = await Promise.all([...wanted].map(async ([key, { kind, name }]): Promise<readonly [string, Referenced]> => {
    try {
      const object = await api.find<ConfigMap>(kind === 'Secret' ? resources.secrets : resources.configmaps, namespace, name, { signal });
      return [key, object ? { state: 'read', values: valuesOf(kind, object) } : { state: 'missing' }];
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) return [key, { state: 'denied' }];
      throw error;
    }
  }));
  return new Map([...known, ...read]);
}

/** Whether everything that the template requires exists. */
export function checkReferences(namespace: string, ref: string, template: PodTemplate | undefined, objects: ReferencedObjects): Checked {
  const problems = referencesOf(template).flatMap((reference) => {
    const found = objects.get(keyOf(reference));
    if (found === undefined || found.state === 'denied') return [];
    return missingParts(ref, reference, found.state === 'read' ? new Set(Object.keys(found.values)) : undefined, namespace);
  });
  return { problems, warnings: [] };
}

const valuesOf = (kind: Reference['kind'], { data = {}, binaryData = {} }: ConfigMap): Record<string, string | undefined> => Object.fromEntries([
  ...Object.keys(binaryData).map((key) => [key, undefined] as const),
  ...Object.entries(data).map(([key, value]) => [key, kind === 'Secret' ? undefined : value] as const),
]);

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
