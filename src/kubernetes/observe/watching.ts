import type { ApiError } from '../client/api.js';
import type { Cluster } from '../client/cluster.js';
import type { KubeObject, List, Workload } from '../client/objects.js';
import { isRefusal } from '../client/meaning.js';
import { persistently, refusalLastsMs } from '../client/persist.js';
import { apiPath, resources, workloadResource, type Resource } from '../client/resources.js';
import { watch, type WatchOptions } from '../client/watch.js';
import type { WorkloadKind } from '../../config/config.js';
import { ClusterError } from '../../outcome/errors.js';
import type { Clock } from '../../ports/clock.js';
import { podSelector } from './selector.js';
import { World } from './world.js';

/** A world that keeps itself up to date until it is closed. */
export interface Watched {
  readonly world: World;
  /** Whether the API server answers all watches: without them the world is outdated. */
  sees(): boolean;
  /** Resolves at the next change, or after `ms`; rejects when `signal` aborts. */
  news(ms: number, signal?: AbortSignal): Promise<void>;
  close(): void;
}

/** Why a wait for news ends that has had them. */
const isOver = Symbol('over');

/**
 * One watch per kind, whatever the number of workloads: requests to the API server grow with what changes, not with
 * time and not with the number of workloads.
 */
export const watchWorkloads = (cluster: Cluster, clock: Clock, kinds: ReadonlySet<WorkloadKind>, workloads: readonly Workload[]): Promise<Watched> =>
  watchObjects(cluster, clock, wantedWatches(kinds, workloads));

/** Resources with what is watched of each. */
export type Wanted = readonly (readonly [Resource, WatchOptions])[];

/** One watch for each of these. Rejects when one of them cannot be listed. */
export async function watchObjects(cluster: Cluster, clock: Clock, wanted: Wanted): Promise<Watched> {
  const world = new World();
  const end = new AbortController();
  const waiting = new Set<() => void>();
  const wakeAll = (): void => {
    for (const wake of waiting) wake();
  };
  const sight = new Sight(clock);
  const watches = wanted.map(([resource, options]) => watch(cluster.api, clock, resource, cluster.namespace, {
    ...options,
    onBegun: () => {
      if (sight.back(resource)) wakeAll();
    },
    onTrouble: (error) => {
      sight.lost(resource, error);
      wakeAll();
    },
    onEnd: (error) => {
      sight.ended(error);
      wakeAll();
    },
  }, (change) => {
    world.apply(change, clock.monotonic());
    wakeAll();
  }, end.signal));
  try {
    await Promise.all(watches.map((each) => each.synced));
  } catch (error) {
    end.abort();
    throw error;
  }
  return {
    world,
    sees: () => sight.isWhole,
    news: async (ms, signal) => {
      // One signal for both: of AbortSignal.any and of an error for each news there would be thousands in a long rollout.
      const stop = new AbortController();
      const giveUp = (): void => stop.abort(signal?.reason);
      if (signal?.aborted) giveUp();
      else signal?.addEventListener('abort', giveUp, { once: true });
      let wake: (() => void) | undefined;
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
        waiting.add(resolve);
      });
      const slept = clock.sleep(Math.max(0, ms), stop.signal).catch((error: unknown) => {
        if (error !== isOver) throw error;
      });
      try {
        await Promise.race([woken, slept]);
        if (sight.over) throw sight.over;
      } finally {
        if (wake) waiting.delete(wake);
        signal?.removeEventListener('abort', giveUp);
        stop.abort(isOver);
      }
    },
    close: () => end.abort(),
  };
}

/** The workloads of a run and their objects, read once. */
export async function lookOnce(
  { api, namespace }: Cluster, clock: Clock, kinds: ReadonlySet<WorkloadKind>, workloads: readonly Workload[], signal: AbortSignal,
): Promise<World> {
  const world = new World();
  const wanted = wantedWatches(kinds, workloads).filter(([resource]) => resource !== resources.events && resource !== resources.endpointslices);
  await Promise.all(wanted.map(async ([resource, { labelSelector }]) => {
    const query = labelSelector ? `?${new URLSearchParams({ labelSelector }).toString()}` : '';
    const found = await persistently(clock, () => api.get<List<KubeObject>>(`${apiPath(resource, namespace)}${query}`, { signal }), { signal });
    for (const object of found.items ?? []) world.apply({ resource, type: 'set', object: { ...object, kind: object.kind ?? resource.kind } });
  }));
  return world;
}

function wantedWatches(kinds: ReadonlySet<WorkloadKind>, workloads: readonly Workload[]): Wanted {
  const pods = { labelSelector: podSelector(workloads.filter((workload) => workload.spec?.selector)) };
  return [
    ...[...kinds].map((kind) => [workloadResource[kind], {}] as const),
    [resources.pods, pods],
    ...(kinds.has('deployment') ? [[resources.replicasets, pods] as const] : []),
    ...(kinds.has('daemonset') ? [[resources.controllerrevisions, pods] as const] : []),
    [resources.endpointslices, {}],
    [resources.events, { fromNow: true }],
  ];
}

/** Which watches are broken, and whether for good. */
class Sight {
  /** By plural: since when the server denies the watch, monotonic ms; undefined while it does not answer at all. */
  private readonly broken = new Map<string, number | undefined>();
  /**
   * Why the watches cannot recover: the credentials expired, or a watch has ended for good. Without this error the run would
   * go on with outdated objects.
   */
  over: Error | undefined;

  constructor(private readonly clock: Clock) {}

  /** Events only add explanations: the other objects are up to date without them. */
  get isWhole(): boolean {
    return [...this.broken.keys()].every((plural) => plural === resources.events.plural);
  }

  /** @returns whether it had been lost */
  back(resource: Resource): boolean {
    return this.broken.delete(resource.plural);
  }

  ended(error: unknown): void {
    this.over ??= error instanceof Error ? error : new Error(String(error));
  }

  lost(resource: Resource, error: ApiError): void {
    const now = this.clock.monotonic();
    const since = isRefusal(error) ? (this.broken.get(resource.plural) ?? now) : undefined;
    this.broken.set(resource.plural, since);
    if (since === undefined || now - since < refusalLastsMs) return;
    this.over = new ClusterError('permission-denied', `The account is no longer allowed to watch the cluster: ${error.message}.`, {
      hint: 'The credentials in the kubeconfig have probably expired during the rollout: use some that last longer.', cause: error,
    });
  }
}
