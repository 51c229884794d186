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
  /** Called each time the server accepts the watch. */
  readonly onBegun?: () => void;
  /** Called each time the watch breaks; it is then opened again. */
  readonly onTrouble?: (error: ApiError) => void;
  /** Called when the watch ends for good: what was read could not be handled several times in a row. */
  readonly onEnd?: (error: unknown) => void;
  /** Without the objects that exist already: for events. */
  readonly fromNow?: boolean;
}

export interface Watching {
  /** Resolves when the first list has been delivered; rejects when it cannot be read (403, 404, bad kubeconfig). */
  readonly synced: Promise<void>;
}

/** A line of a watch: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes. Of the object only the fields that are read here. */
const watchEvent = v.object({
  type: v.string(),
  object: v.looseObject({ code: v.optional(v.number()), metadata: v.optional(v.looseObject({ resourceVersion: v.optional(v.string()) })) }),
});

/**
 * Lists once, then watches from that point until `signal` aborts. A stream that ends is resumed at the last
 * resourceVersion; when that is too old (410) the collection is listed again and objects that went away meanwhile are
 * reported as gone. While the API server is away it keeps trying, at most every 2 s. An error that is not of the server
 * is retried a few times, and then ends the watch.
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
    // Existing objects are not needed: one is enough to read the resourceVersion of the collection.
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
    // The server ends the stream then, and it is resumed: a half-open connection would otherwise be waited on indefinitely.
    query.set('timeoutSeconds', '290');
    query.set('resourceVersion', from);
    await api.stream(`${path}?${query.toString()}`, (line) => {
      const event = tryJson(line, watchEvent);
      // A proxy in between may insert lines of its own.
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

/** A single one may be an answer that was cut. */
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
      // A server that ends each stream at once must not be requested in a tight loop.
      pauseMs = clock.monotonic() - startedAt < 1000 ? nextPause(pauseMs) : 0;
    } catch (error) {
      if (signal.aborted || (error instanceof ApiError && error.reason === closedReason)) return;
      if (error instanceof ApiError && error.status === 410) version = undefined;
      else if (error instanceof ApiError) onTrouble?.(error);
      else {
        // The objects are listed again: a change that could not be applied may be missing.
        version = undefined;
        onTrouble?.(new ApiError(0, 'NotUnderstood', `the watch of ${resource.plural} returned something that could not be handled: ${messageOf(error)}`, { cause: error }));
        if ((defects += 1) >= defectsInARow) return onEnd?.(error);
      }
      pauseMs = nextPause(pauseMs);
    }
  }
}

const nextPause = (pauseMs: number): number => Math.min(2000, Math.max(100, pauseMs * 2));
