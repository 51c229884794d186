import { isDeepStrictEqual } from 'node:util';
import type { ControllerRevision, PodTemplate } from '../client/objects.js';

const hashLabel = 'pod-template-hash';

/**
 * Whether two pod templates are the same but for the hash that the Deployment controller adds, which is how the
 * controller itself finds the ReplicaSet of a Deployment (EqualIgnoreHash in k8s.io/kubernetes/pkg/controller/deployment/util).
 */
export function sameTemplate(a: PodTemplate | undefined, b: PodTemplate | undefined): boolean {
  // `null` may stand where the type says that nothing can: objects come from outside.
  return Boolean(a) && Boolean(b) && isDeepStrictEqual(withoutHash(a ?? {}), withoutHash(b ?? {}));
}

function withoutHash(template: PodTemplate): PodTemplate {
  const labels = template.metadata?.labels;
  if (!labels || !(hashLabel in labels)) return template;
  const { [hashLabel]: _hash, ...rest } = labels;
  return { ...template, metadata: { ...template.metadata, labels: rest } };
}

/**
 * Whether a ControllerRevision of a DaemonSet was made from this template, as the controller itself finds the one that
 * it has already (Match in k8s.io/kubernetes/pkg/controller/daemon/update.go). The controller wrote it and the API
 * server tells the template: whether a field that nobody has set is left out, `null` or `{}` differs between versions.
 */
export function isRevisionOf({ data }: ControllerRevision, template: PodTemplate | undefined): boolean {
  const kept = data?.spec?.template;
  return Boolean(kept) && Boolean(template) && isDeepStrictEqual(withoutUnset({ ...kept, $patch: undefined }), withoutUnset(template));
}

function withoutUnset(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUnset);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutUnset(each)] as const).filter(([, each]) => !isUnset(each)));
}

const isUnset = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
