import { call, pathOf, type Any } from './api.js';
import { eventually, pause } from './environment.js';
import { pushImage, type PushedImage, type Variant } from './images.js';
import { startLoad } from './load.js';
import { namespace, type Space } from './namespace.js';
import { cronjob, daemonset, deployment, service, statefulset, type WorkloadOptions } from './workloads.js';

/** What serves on after SIGTERM for as long as the load balancing needs. */
export const calm = 'serve-after-term=2s';

/** Pushes the fault app; the tag is derived from the mode unless given. */
export function variant(version: string, mode = calm, more: Partial<Variant> = {}): Promise<PushedImage> {
  return pushImage({ version, mode, tag: `${version}-${mode}`.replaceAll(/[^\w.-]+/g, '-').slice(0, 120), ...more });
}

export interface HealthyOptions extends Partial<WorkloadOptions> {
  readonly kind?: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'CronJob';
  readonly name?: string;
  readonly withoutService?: boolean;
}

const builders = { Deployment: deployment, StatefulSet: statefulset, DaemonSet: daemonset, CronJob: cronjob };

/** A workload `web` on v1 with a Service of its name, rolled out, with the Service leading to it. */
export async function startHealthy(space: Space, options: HealthyOptions = {}): Promise<PushedImage> {
  const { kind = 'Deployment', name = 'web', withoutService, ...workload } = options;
  const v1 = await variant('v1');
  const hasService = kind !== 'CronJob' && !withoutService;
  await space.apply(...(hasService ? [service(name)] : []), builders[kind](name, { image: v1.reference, ...workload }));
  if (kind === 'CronJob') return v1;
  const { spec, status } = await space.rolledOut(kind, name, 120_000);
  const wanted = kind === 'DaemonSet' ? status.desiredNumberScheduled : spec.replicas;
  if (hasService) {
    await eventually(`${name} has ${wanted} endpoints`, async () => (await readyEndpoints(space, name)) === wanted);
    await eventually(`Service ${name} answers`, () => answersAlways(space, name));
  }
  return v1;
}

/** The node's routes follow the endpoints at some distance. */
async function answersAlways(space: Space, name: string): Promise<boolean> {
  const load = startLoad({ host: (await space.get('Service', name)).spec.clusterIP, perSecond: 50, maxRequests: 10, timeoutMs: 1000 });
  await pause(200);
  return (await load.stop()).errors.length === 0;
}

async function readyEndpoints(space: Space, name: string): Promise<number> {
  const slices = await call('GET', `${pathOf('EndpointSlice', space.name)}?labelSelector=kubernetes.io/service-name=${name}`);
  return slices.items.flatMap((slice: Any) => slice.endpoints ?? []).filter((endpoint: Any) => endpoint.conditions.ready).length;
}

/** Inputs that put this image on `deployment/web` of the space, and ask it for `v2`. */
export function rolloutInputs(space: Space, image: PushedImage, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    kubeconfig: space.kubeconfig, namespace: space.name, image: image.name, digest: image.digest,
    workloads: 'deployment/web', smoke: 'service/web/ -> 200 contains v2', ...more,
  };
}

/** Runs a test in a namespace of its own. */
export function inSpace(label: string, body: (space: Space) => Promise<void>): () => Promise<void> {
  return async () => {
    const space = await namespace(label);
    try {
      await body(space);
    } finally {
      await space.dispose();
    }
  };
}

/** The image of a container of a workload now. */
export async function imageOf(space: Space, kind: string, name: string, container = name): Promise<string> {
  const { spec } = await space.get(kind, name);
  const { containers } = (spec.jobTemplate?.spec ?? spec).template.spec;
  return containers.find((c: Any) => c.name === container).image;
}
