import { call, pathOf } from '../e2e/harness/api.js';
import type { FaultProxy, Fault as ApiFault } from '../e2e/harness/api-fault-proxy.js';
import { pause } from '../e2e/harness/environment.js';
import type { RegistryProxy } from '../e2e/harness/registry-proxy.js';
import type { ApiTrouble, Moment, OtherChange, RegistryTrouble } from './fault.js';
import type { OthersChange } from './oracle.js';
import { imageOf } from './release.js';
import { refOf, type WorkloadShape } from './shape.js';
import { here, type Stand } from './stand.js';

/** Something that is done once, at its moment. */
export interface Trigger {
  onLine(line: string): void;
  /** No more of it; waits for what is being done. @returns whether it was done */
  end(): Promise<boolean>;
}

export function trigger({ line: looked, afterMs }: Pick<Moment, 'line' | 'afterMs'>, act: () => Promise<unknown>): Trigger {
  let timer: NodeJS.Timeout | undefined;
  let done: Promise<unknown> | undefined;
  return {
    onLine: (line) => {
      if (timer || !looked.test(line)) return;
      timer = setTimeout(() => (done = act()), afterMs);
    },
    end: async () => {
      clearTimeout(timer);
      await done;
      return done !== undefined;
    },
  };
}

/**
 * As `kubectl rollout pause`, which refuses what is paused already: that would be no change, which nobody could see.
 * @returns whether it was paused by this
 */
async function pauseByOthers(path: string, merge: (body: unknown) => Promise<unknown>): Promise<boolean> {
  for (let tries = 0; tries < 5; tries += 1) {
    const { metadata, spec } = await call('GET', path);
    if (spec.paused) return false;
    const done = await merge({ metadata: { resourceVersion: metadata.resourceVersion }, spec: { paused: true } }).then(() => true, () => false);
    if (done) return true;
  }
  return false;
}

/** Makes the change as somebody else would. @returns what it was */
export async function changeByOthers(stand: Stand, change: OtherChange, workload: WorkloadShape, version: string): Promise<OthersChange | undefined> {
  const { space } = stand;
  const { kind, name } = workload;
  const ref = refOf(workload);
  const path = pathOf(kind, space.name, name);
  const merge = (body: unknown, at = path): Promise<unknown> => call('PATCH', `${at}?fieldManager=somebody-else`, body, 'application/merge-patch+json');
  switch (change) {
    case 'other image': {
      const image = here(stand, await imageOf('good', version, 'all'));
      await call('PATCH', `${path}?fieldManager=somebody-else`, [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: image.reference }], 'application/json-patch+json');
      return { ref, change: 'image', value: image.reference, version };
    }
    case 'scale': {
      if (kind === 'DaemonSet') return undefined;
      const value = workload.replicas === 1 ? 2 : workload.replicas - 1;
      await merge({ spec: { replicas: value } }, `${path}/scale`);
      return { ref, change: 'replicas', value };
    }
    case 'annotation':
      await merge({ metadata: { annotations: { 'example.com/note': version } } });
      return { ref, change: 'annotation', value: version };
    case 'restart':
      await merge({ spec: { template: { metadata: { annotations: { 'example.com/restarted': version } } } } });
      return { ref, change: 'template annotation', value: version };
    case 'pause':
      return kind === 'Deployment' && (await pauseByOthers(path, merge)) ? { ref, change: 'paused', value: true } : undefined;
    case 'delete':
      await call('DELETE', path);
      return { ref, change: 'deleted', value: true };
    case 'Service turned away':
      await space.patch('Service', 'web', { spec: { selector: { app: 'nobody' } } });
      return { ref: 'service/web', change: 'service', value: 'nobody' };
    case 'pod deleted': {
      const pods = (await space.list('Pod', `app=${name}`)).filter((pod) => !pod.metadata.deletionTimestamp);
      const pod = pods[version.length % Math.max(1, pods.length)];
      if (pod) await space.remove('Pod', pod.metadata.name).catch(() => undefined);
      return undefined;
    }
  }
}

const isWatch = ({ path }: { path: string }): boolean => path.includes('watch=true');
const isRead = ({ method, path }: { method: string; path: string }): boolean => method === 'GET' && !isWatch({ path });

/** Makes the API server misbehave for a while. */
export async function troubleApi(proxy: FaultProxy, trouble: ApiTrouble, ms: number, times: number): Promise<void> {
  const faults: Readonly<Partial<Record<ApiTrouble, ApiFault>>> = {
    '500': { status: 500, times: times * 3 }, '503': { status: 503, times }, '429': { status: 429, times },
    // As one that has just started: watches are opened again, and refused at first.
    '401': { status: 401, times }, '403': { status: 403, times: times * 2 }, 'web page': { html: true, times },
    '410 for watches': { when: isWatch, status: 410, times: times * 2 }, 'watches cut': { when: isWatch, cutAfterBytes: 2000, times: times * 3 },
    'answers cut': { when: isRead, cutAfterBytes: 200, times },
  };
  const fault = faults[trouble];
  if (fault) proxy.set(fault);
  if (trouble === 'outage') await proxy.outage(ms);
  if (trouble === 'slow' || trouble === 'no answers') {
    proxy.set(trouble === 'slow' ? { latencyMs: 1500 } : { hang: true });
    await pause(ms);
    proxy.set();
  }
  if (trouble === 'all cut') {
    for (let time = 0; time < times; time += 1) {
      proxy.cutAll();
      await pause(700);
    }
  }
  // Watches that are open already have to be opened again to be hit.
  if (['watches cut', '410 for watches', '401', '403', '500'].includes(trouble)) proxy.cutAll();
}

/** Makes the registry misbehave for a while. */
export async function troubleRegistry(registry: RegistryProxy, trouble: RegistryTrouble, ms: number): Promise<void> {
  if (trouble === 'slow') registry.delay(1000);
  else registry.refuse(Number(trouble));
  await pause(ms);
  registry.refuse(undefined);
  registry.delay(0);
}
