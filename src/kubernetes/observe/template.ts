import type { ControllerRevision, PodTemplate } from '../client/objects.js';

const hashLabel = 'pod-template-hash';

/**
 * Whether two pod templates are equal except for the hash that the Deployment controller adds. The controller finds the
 * ReplicaSet of a Deployment in the same way (EqualIgnoreHash in k8s.io/kubernetes/pkg/controller/deployment/util).
 */
export function sameTemplate(a: PodTemplate | undefined, b: PodTemplate | undefined): boolean {
  // `null` is possible despite the type: objects come from outside.
  return Boolean(a) && Boolean(b) && textWithoutHash(a ?? {}) === textWithoutHash(b ?? {});
}

const textWithoutHash = rememberedFor((template) => sortedText(withoutHash(template)));

function withoutHash(template: PodTemplate): PodTemplate {
  const labels = template.metadata?.labels;
  if (!labels || !(hashLabel in labels)) return template;
  const { [hashLabel]: _hash, ...rest } = labels;
  return { ...template, metadata: { ...template.metadata, labels: rest } };
}

/**
 * Whether a ControllerRevision of a DaemonSet was created from this template, by the comparison of the controller itself
 * (Match in k8s.io/kubernetes/pkg/controller/daemon/update.go). Unset fields are ignored: between the revision, which the
 * controller wrote, and the template from the API server they can be missing, `null` or `{}`, depending on versions.
 */
export function isRevisionOf({ data }: ControllerRevision, template: PodTemplate | undefined): boolean {
  const kept = data?.spec?.template;
  return Boolean(kept) && Boolean(template) && textWithoutUnset(kept ?? {}) === textWithoutUnset(template ?? {});
}

const textWithoutUnset = rememberedFor((template) => sortedText(withoutUnset({ ...template, $patch: undefined })));

function withoutUnset(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUnset);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutUnset(each)] as const).filter(([, each]) => !isUnset(each)));
}

const isUnset = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);

/** JSON that is equal for equal values, whatever the order of their keys. */
const sortedText = (value: unknown): string => JSON.stringify(value, (_key, each: unknown) =>
  (typeof each === 'object' && each !== null && !Array.isArray(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each));

/**
 * Computes the text of a template once. Templates are compared for every change of any object while a rollout is watched,
 * but an observed object is only replaced, never changed.
 */
function rememberedFor(textOf: (template: PodTemplate) => string): (template: PodTemplate) => string {
  const known = new WeakMap<PodTemplate, string>();
  return (template) => {
    const text = known.get(template) ?? textOf(template);
    known.set(template, text);
    return text;
  };
}
