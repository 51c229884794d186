import { isDeepStrictEqual } from 'node:util';
import type { PodTemplate } from '../cluster/objects.js';

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
