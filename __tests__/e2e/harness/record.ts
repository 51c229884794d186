import { writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { call, pathOf, watch, type Any } from './api.js';
import type { Space } from './namespace.js';

/** The collections from which a rollout is judged. */
const watched = [
  'Pod', 'ReplicaSet', 'ControllerRevision', 'Deployment', 'StatefulSet', 'DaemonSet', 'Event', 'EndpointSlice', 'Service',
] as const;

/** One line of a recording. Lists come first, then a `mark` where the change was made, then watch events. */
export type Recorded =
  | { readonly atMs: number; readonly type: 'RECORDING'; readonly name: string; readonly description: string; readonly kubernetes: string; readonly recordedAt: string }
  | { readonly atMs: number; readonly type: 'LIST'; readonly kind: string; readonly items: readonly Any[] }
  | { readonly atMs: number; readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: Any }
  | { readonly atMs: number; readonly type: 'MARK'; readonly mark: string };

export interface Recorder {
  /** Notes a moment: `changed`, `restored`. */
  mark(what: string): void;
  stop(): void;
  /** Writes one JSON value a line. */
  write(path: string): void;
}

/** Lists what is there, and follows it from that moment on. Times are ms since the lists. */
export async function startRecording(space: Space, name: string, description: string): Promise<Recorder> {
  const { gitVersion } = await call('GET', '/version');
  const begun = performance.now();
  const at = (): number => Math.round(performance.now() - begun);
  const entries: Recorded[] = [{ atMs: 0, type: 'RECORDING', name, description, kubernetes: gitVersion, recordedAt: new Date().toISOString() }];
  const stops: (() => void)[] = [];
  for (const kind of watched) {
    const path = pathOf(kind, space.name);
    const list = await call('GET', path);
    entries.push({ atMs: at(), type: 'LIST', kind, items: list.items.map((item: Any) => trimmed({ kind, ...item })) });
    stops.push(watch(`${path}?resourceVersion=${list.metadata.resourceVersion}`, (type, object) => {
      if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') entries.push({ atMs: at(), type, object: trimmed(object) });
    }));
  }
  return {
    mark: (mark) => entries.push({ atMs: at(), type: 'MARK', mark }),
    stop: () => {
      stops.forEach((stop) => stop());
      entries.push({ atMs: at(), type: 'MARK', mark: 'end' });
    },
    write: (path) => writeFileSync(path, entries.map((entry) => JSON.stringify(entry)).join('\n') + '\n'),
  };
}

/** Without what no rule reads and what fills most of an object. */
function trimmed(object: Any): Any {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
