import { qualifiedName, resources, workloadResource, type Resource } from '../client/resources.js';
import type { ObjectChange } from '../client/watch.js';
import {
  controllerOf, isLeaving, revisionOf, uidOf, type ControllerRevision, type EndpointSlice, type KubeEvent, type KubeObject, type Pod, type ReplicaSet,
  type Workload,
} from '../client/objects.js';
import { staysByPartition, type ObservedWorkload } from './workload.js';
import { isRevisionOf, sameTemplate } from './template.js';

/** One workload and its objects, at one moment. */
export interface WorkloadView {
  readonly of: ObservedWorkload;
  /** Undefined: it was deleted. */
  readonly workload: Workload | undefined;
  /** The ReplicaSet of the current template of the Deployment. */
  readonly replicaSet: ReplicaSet | undefined;
  /** Pods of the current template that have not ended and are not terminating. */
  readonly newPods: readonly Pod[];
  /** Pods of earlier templates that have not ended and are not terminating. */
  readonly oldPods: readonly Pod[];
  /** Pods of earlier templates that a partition keeps as they are. */
  readonly keptPods: readonly Pod[];
  /** Terminating pods, of any template. */
  readonly leavingPods: readonly Pod[];
  /** Pods of the current template that ended as Failed or Succeeded without being deleted, also those that were removed since. */
  readonly endedPods: readonly Pod[];
  /** When a pod was first seen terminating, monotonic ms; undefined when the time was not recorded. */
  readonly leavingSince: (uid: string) => number | undefined;
  readonly eventsOf: (uid: string) => readonly KubeEvent[];
  readonly slicesOf: (service: string) => readonly EndpointSlice[];
}

/** Evicted, preempted or rejected by the node: it is replaced and does not serve, although the object may remain for days. */
const hasEnded = (pod: Pod): boolean => pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';

const eventsKeptPerObject = 40;
const objectsWithEventsKept = 5000;
const endedPodsKept = 200;
const generationsKept = 20;
const workloadNames = new Set(Object.values(workloadResource).map(qualifiedName));

/**
 * The latest state of every object, fed by the watches. Changes may come in any order, twice or with gaps: an older version
 * of an object never replaces a newer one.
 */
export class World {
  /** By the qualified names of their resources. */
  private readonly objects = new Map<string, Map<string, KubeObject>>();
  private readonly departed = new Map<string, bigint>();
  private readonly events = new Map<string, KubeEvent[]>();
  private readonly leaving = new Map<string, number>();
  /** Kept after their removal: the controllers of StatefulSets and DaemonSets remove a pod that has ended before they create the next one. */
  private readonly ended = new Map<string, Pod>();
  /** Of workloads: each generation that was seen, oldest first. */
  private readonly generations = new Map<string, Workload[]>();
  private byController: Map<string, KubeObject[]> | undefined;

  /** @param at monotonic ms at which the change was seen */
  apply(change: ObjectChange, at?: number): void {
    const resource = qualifiedName(change.resource);
    if (resource === qualifiedName(resources.events)) {
      if (change.type === 'set') this.keepEvent(change.object as KubeEvent);
      return;
    }
    const uid = uidOf(change.object);
    const kept = this.collection(resource);
    const version = versionOf(change.object);
    const known = kept.get(uid);
    if (known && version < versionOf(known)) return;
    if ((this.departed.get(uid) ?? -1n) >= 0n) return;
    this.byController = undefined;
    if (at !== undefined && isLeaving(change.object) && !this.leaving.has(uid)) this.leaving.set(uid, at);
    if (resource === qualifiedName(resources.pods)) this.noteEnd(change.object);
    if (workloadNames.has(resource)) this.keepGeneration(change.object as Workload);
    if (change.type === 'set') kept.set(uid, change.object);
    else {
      kept.delete(uid);
      this.leaving.delete(uid);
      this.departed.set(uid, version);
    }
  }

  all<T extends KubeObject>(resource: Resource): T[] {
    return [...this.collection(qualifiedName(resource)).values()] as T[];
  }

  byName<T extends KubeObject>(resource: Resource, name: string): T | undefined {
    return this.all<T>(resource).find((object) => object.metadata?.name === name);
  }

  /** The generations of a workload that were seen, oldest first. */
  formerly({ uid }: ObservedWorkload): readonly Workload[] {
    return this.generations.get(uid) ?? [];
  }

  private keepGeneration(object: Workload): void {
    const { uid, generation } = object.metadata ?? {};
    if (uid === undefined || generation === undefined) return;
    const known = this.generations.get(uid) ?? [];
    if (known.some(({ metadata }) => metadata?.generation === generation)) return;
    this.generations.set(uid, [...known, object].slice(-generationsKept));
  }

  /** About the object of this uid, oldest first. */
  eventsOf(uid: string): readonly KubeEvent[] {
    return this.events.get(uid) ?? [];
  }

  view(target: ObservedWorkload): WorkloadView {
    const workload = this.byName<Workload>(workloadResource[target.kind], target.name);
    const uid = workload ? uidOf(workload) : target.uid;
    const replicaSets = this.ownedBy<ReplicaSet>(uid, resources.replicasets);
    const replicaSet = workload && newestOf(replicaSets.filter((candidate) => sameTemplate(candidate.spec?.template, workload.spec?.template)));
    const owners = new Set(target.kind === 'deployment' ? replicaSets.map(uidOf) : [uid]);
    const pods = [...owners].flatMap((owner) => this.ownedBy<Pod>(owner, resources.pods));
    const isNew = this.newPodTest(target, workload, replicaSet);
    const staying = pods.filter((pod) => !isLeaving(pod) && !hasEnded(pod));
    const earlier = staying.filter((pod) => !isNew(pod));
    return {
      of: target, workload, replicaSet,
      newPods: staying.filter(isNew),
      oldPods: earlier.filter((pod) => !staysByPartition(workload, pod.metadata?.name)),
      keptPods: earlier.filter((pod) => staysByPartition(workload, pod.metadata?.name)),
      leavingPods: pods.filter(isLeaving),
      endedPods: [...this.ended.values()].filter((pod) => owners.has(controllerOf(pod) ?? '') && isNew(pod)),
      leavingSince: (pod) => this.leaving.get(pod),
      eventsOf: (object) => this.eventsOf(object),
      slicesOf: (service) => this.all<EndpointSlice>(resources.endpointslices).filter((slice) => slice.metadata?.labels?.['kubernetes.io/service-name'] === service),
    };
  }

  /** A pod that is deleted ends as well: only one that ended before its deletion counts. */
  private noteEnd(pod: Pod): void {
    if (!hasEnded(pod) || isLeaving(pod)) return;
    this.ended.set(uidOf(pod), pod);
    const oldest = this.ended.size > endedPodsKept ? this.ended.keys().next().value : undefined;
    if (oldest !== undefined) this.ended.delete(oldest);
  }

  private newPodTest(target: ObservedWorkload, workload: Workload | undefined, replicaSet: ReplicaSet | undefined): (pod: Pod) => boolean {
    const hashIs = (hash: string | undefined) => (pod: Pod): boolean =>
      hash !== undefined && pod.metadata?.labels?.['controller-revision-hash'] === hash;
    if (target.kind === 'deployment') return (pod) => replicaSet !== undefined && controllerOf(pod) === uidOf(replicaSet);
    // A StatefulSet names the revision that it updates to; the hash of its pods is the whole name of the revision.
    if (target.kind === 'statefulset') return hashIs(workload?.status?.updateRevision);
    // A DaemonSet names none. Its ControllerRevisions have their own watch, so the newest that was seen may be outdated.
    const revisions = this.ownedBy<ControllerRevision>(workload ? uidOf(workload) : target.uid, resources.controllerrevisions)
      .filter((revision) => isRevisionOf(revision, workload?.spec?.template));
    const newest = revisions.reduce<ControllerRevision | undefined>((best, next) => ((next.revision ?? 0) > (best?.revision ?? -1) ? next : best), undefined);
    return hashIs(newest?.metadata?.labels?.['controller-revision-hash']);
  }

  private ownedBy<T extends KubeObject>(uid: string, resource: Resource): T[] {
    this.byController ??= this.indexByController();
    return (this.byController.get(`${qualifiedName(resource)}/${uid}`) ?? []) as T[];
  }

  private indexByController(): Map<string, KubeObject[]> {
    const index = new Map<string, KubeObject[]>();
    for (const [resource, kept] of this.objects) {
      for (const object of kept.values()) {
        const owner = controllerOf(object);
        if (owner === undefined) continue;
        const key = `${resource}/${owner}`;
        const owned = index.get(key);
        if (owned) owned.push(object);
        else index.set(key, [object]);
      }
    }
    return index;
  }

  private keepEvent(event: KubeEvent): void {
    const about = event.involvedObject?.uid;
    if (about === undefined) return;
    const known = this.events.get(about) ?? [];
    const same = known.find((kept) => uidOf(kept) === uidOf(event));
    if (same && versionOf(event) < versionOf(same)) return;
    const inOrder = [...known.filter((kept) => kept !== same), event].sort((a, b) => (versionOf(a) < versionOf(b) ? -1 : 1));
    this.events.delete(about);
    this.events.set(about, inOrder.slice(-eventsKeptPerObject));
    // Thousands of events of other objects must not fill the memory: those of the object with the oldest news are dropped.
    const oldest = this.events.size > objectsWithEventsKept ? this.events.keys().next().value : undefined;
    if (oldest !== undefined) this.events.delete(oldest);
  }

  private collection(resource: string): Map<string, KubeObject> {
    let kept = this.objects.get(resource);
    if (!kept) this.objects.set(resource, (kept = new Map()));
    return kept;
  }
}

/**
 * resourceVersions of one resource increase in practice everywhere, and by contract since Kubernetes 1.35 (KEP-5504).
 * One that is not a number counts as the newest, so no change is dropped.
 */
function versionOf(object: KubeObject): bigint {
  const text = object.metadata?.resourceVersion ?? '';
  return /^\d{1,30}$/.test(text) ? BigInt(text) : 1n << 120n;
}

const newestOf = (replicaSets: readonly ReplicaSet[]): ReplicaSet | undefined =>
  [...replicaSets].sort((a, b) => revisionOf(b) - revisionOf(a))[0];
