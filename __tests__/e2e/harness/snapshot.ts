import type { Any } from './api.js';
import type { Space } from './namespace.js';

/** Every object that a run could change, by `Kind/name`, without what the cluster itself counts up. */
export type Snapshot = Readonly<Record<string, unknown>>;

const kinds = ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'Service', 'ReplicaSet'];
const countedUp = /^deployment\.kubernetes\.io\/|^deprecated\.daemonset\.template\.generation$/;

/**
 * The objects of a namespace in a form that can be compared: after an exact rollback it equals the one from before.
 * Of ReplicaSets only those that hold pods are in it: a failed version leaves an empty one behind, as any rollout does.
 */
export async function snapshotOf(space: Space): Promise<Snapshot> {
  const lists = await Promise.all(kinds.map((kind) => space.list(kind)));
  const objects = lists.flat().filter((object) => object.kind !== 'ReplicaSet' || object.spec.replicas > 0);
  return Object.fromEntries(objects.map((object) => [`${object.kind}/${object.metadata.name}`, normal(object)]).sort());
}

function normal(object: Any): unknown {
  const annotations = Object.fromEntries(Object.entries(object.metadata.annotations ?? {}).filter(([name]) => !countedUp.test(name)));
  return { uid: object.metadata.uid, labels: object.metadata.labels ?? {}, annotations, spec: object.spec };
}

/** The images that the running, ready pods of an app were started from, sorted and without repetition. */
export async function runningImages(space: Space, app: string): Promise<string[]> {
  const pods = await space.list('Pod', `app=${app}`);
  const running = pods.filter((pod) => !pod.metadata.deletionTimestamp && pod.status.phase === 'Running' && pod.status.containerStatuses?.every((c: Any) => c.ready));
  return [...new Set(running.flatMap((pod) => pod.spec.containers.map((c: Any) => c.image as string)))].sort();
}
