import type { PodSpec } from '../../kubernetes/client/objects.js';
import type { Unverified } from '../../outcome/outcome.js';
import { isReady } from '../../kubernetes/judge/symptom.js';
import type { OpenRelease } from './open-release.js';
import { desiredReplicas, wantsNoPods } from '../../kubernetes/observe/workload.js';
import type { WorkloadView } from '../../kubernetes/observe/world.js';

/** The workloads that have no ready pod with the current image, and why: that image could not be verified. */
export const unverifiedOf = ({ changes, watched }: Pick<OpenRelease, 'changes' | 'watched'>): Unverified[] => changes.flatMap((change) => {
  const view = watched.world.view(change);
  return view.newPods.some(isReady) ? [] : [{ subject: change.ref, reason: whyNothingRuns(view) }];
});

function whyNothingRuns({ of: change, workload }: WorkloadView): string {
  if (change.kind === 'cronjob') return workload?.spec?.suspend ? 'it is suspended' : 'its next Job uses the image';
  if (!workload) return 'it does not exist';
  if (wantsNoPods(change.kind, workload)) return change.kind === 'daemonset' ? `no node matches its pods${selectorOf(workload.spec?.template?.spec)}` : 'it is scaled to 0 replicas';
  const partition = workload.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  return change.kind === 'statefulset' && partition >= desiredReplicas(workload) ? `its partition of ${partition} keeps every pod unchanged` : 'none of its pods is ready';
}

/** The node selector and affinity of a DaemonSet: ` (node selector gpu=yes)`. */
export function selectorOf(spec: PodSpec | undefined): string {
  const labels = Object.entries(spec?.nodeSelector ?? {}).map(([key, value]) => `${key}=${value}`);
  const asked = [...(labels.length > 0 ? [`node selector ${labels.join(', ')}`] : []), ...(spec?.affinity?.nodeAffinity ? ['node affinity'] : [])];
  return asked.length > 0 ? ` (${asked.join(' and ')})` : '';
}
