import * as v from 'valibot';
import { messageOf } from '../../outcome/wording.js';
import type { Clock } from '../../ports/clock.js';
import { tryJson } from '../../ports/json.js';
import type { Api } from './api.js';
import { ApiError, closedReason } from './api-error.js';
import type { KubeObject, List } from './objects.js';
import { apiPath, type Resource } from './resources.js';

/** What happened to one object. `gone` carries its last known state. */
export interface ObjectChange {
  readonly resource: Resource;
  readonly type: 'set' | 'gone';
  readonly object: KubeObject;
}

export interface WatchOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Told each time that the server lets the watch begin. */
  readonly onBegun?: () => void;
  /** Told once for each time that the watch breaks; it goes on trying. */
  readonly onTrouble?: (error: ApiError) => void;
  /** Told when the watch ends for good: what was read cannot be understood, again and again, so that nothing is seen any more. */
  readonly onEnd?: (error: unknown) => void;
  /** Begin with what happens from now on, without the objects that exist: for events. */
  readonly fromNow?: boolean;
}

export interface Watching {
  /** Resolves when the first list has been delivered; rejects when it cannot be read (403, 404, bad kubeconfig). */
  readonly synced: Promise<void>;
}

/** A line of a watch: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes. Of the object, what is read here. */
const watchEvent = v.object({
  type: v.string(),
  object: v.looseObject({ code: v.optional(v.number()), metadata: v.optional(v.looseObject({ resourceVersion: v.optional(v.string()) })) }),
});

/**
 * Lists once, then watches from that point until `signal` aborts. A stream that ends is resumed at the last
 * resourceVersion; when that is too old (410) the collection is listed again and objects that went away meanwhile are
 * reported as gone. While the API server is away it keeps trying, at most every 2 s; what is no error of the server is
 * tried a few times more, and then ends the watch.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export function watch(
  api: Api, clock: Clock, resource: Resource, namespace: string, options: WatchOptions,
  onChange: (change: ObjectChange) => void, signal: AbortSignal,
): Watching {
  const known = new Map<string, KubeObject>();
  const path = apiPath(resource, namespace);
  const selectors = new URLSearchParams({
    ...(options.labelSelector ? { labelSelector: options.labelSelector } : {}),
    ...(options.fieldSelector ? { fieldSelector: options.fieldSelector } : {}),
  });

  const keyOf = (object: KubeObject): string => object.metadata?.uid ?? object.metadata?.name ?? '';
  const deliver = (type: 'set' | 'gone', object: KubeObject): void => {
    if (type === 'set') known.set(keyOf(object), object);
    else known.delete(keyOf(object));
    onChange({ resource, type, object });
  };

  const list = async (): Promise<string> => {
    const query = new URLSearchParams(selectors);
    // Objects that exist are of no interest: one is enough to learn where the collection stands.
    if (options.fromNow) query.set('limit', '1');
    const found = await api.get<List<KubeObject>>(`${path}?${query.toString()}`, { signal });
    if (options.fromNow) return found.metadata?.resourceVersion ?? '';
    const present = new Set<string>();
    for (const item of found.items ?? []) {
      present.add(keyOf(item));
      deliver('set', { ...item, kind: item.kind ?? resource.kind });
    }
    for (const [key, object] of [...known]) if (!present.has(key)) deliver('gone', object);
    return found.metadata?.resourceVersion ?? '';
  };

  const follow = async (from: string): Promise<string | undefined> => {
    let version: string | undefined = from;
    const query = new URLSearchParams(selectors);
    query.set('watch', 'true');
    query.set('allowWatchBookmarks', 'true');
    // The server ends the stream then and it is resumed: a half-open connection is not waited on for ever.
    query.set('timeoutSeconds', '290');
    query.set('resourceVersion', from);
    await api.stream(`${path}?${query.toString()}`, (line) => {
      const event = tryJson(line, watchEvent);
      // Something between here and the server has put in a line of its own.
      if (!event) return;
      const { type, object } = event;
      if (type === 'ERROR') {
        version = object.code === 410 ? undefined : version;
        return;
      }
      if (!object.metadata) return;
      version = object.metadata.resourceVersion ?? version;
      if (type === 'DELETED') deliver('gone', object);
      else if (type === 'ADDED' || type === 'MODIFIED') deliver('set', object);
    }, signal, options.onBegun);
    return version;
  };

  const synced = list();
  const following = { resource, list, follow, clock, signal, onTrouble: options.onTrouble, onEnd: options.onEnd };
  void synced.then((version) => keepFollowing(version, following), () => undefined);
  return { synced: synced.then(() => undefined) };
}

interface Following {
  readonly resource: Resource;
  readonly list: () => Promise<string>;
  readonly follow: (from: string) => Promise<string | undefined>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onTrouble: WatchOptions['onTrouble'];
  readonly onEnd: WatchOptions['onEnd'];
}

/** An answer that was cut in the middle may not be understood once. */
const defectsInARow = 5;

async function keepFollowing(from: string, { resource, list, follow, clock, signal, onTrouble, onEnd }: Following): Promise<void> {
  let version: string | undefined = from;
  let pauseMs = 0;
  let defects = 0;
  while (!signal.aborted) {
    try {
      if (pauseMs > 0) await clock.sleep(pauseMs, signal);
      version ??= await list();
      const startedAt = clock.monotonic();
      version = await follow(version);
      defects = 0;
      // A server that ends each stream at once must not be asked in a tight loop.
      pauseMs = clock.monotonic() - startedAt < 1000 ? nextPause(pauseMs) : 0;
    } catch (error) {
      if (signal.aborted || (error instanceof ApiError && error.reason === closedReason)) return;
      if (error instanceof ApiError && error.status === 410) version = undefined;
      else if (error instanceof ApiError) onTrouble?.(error);
      else {
        // The objects are read anew: what could not be applied may have been left out.
        version = undefined;
        onTrouble?.(new ApiError(0, 'NotUnderstood', `what was read of ${resource.plural} was not understood: ${messageOf(error)}`, { cause: error }));
        if ((defects += 1) >= defectsInARow) return onEnd?.(error);
      }
      pauseMs = nextPause(pauseMs);
    }
  }
}

const nextPause = (pauseMs: number): number => Math.min(2000, Math.max(100, pauseMs * 2));
