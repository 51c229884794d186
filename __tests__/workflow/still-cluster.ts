import type { RawAnswer } from '../../src/kubernetes/client/api.js';
import type { Cluster } from '../../src/kubernetes/client/cluster.js';
import type { KubeObject, Pod, Workload } from '../../src/kubernetes/client/objects.js';
import { deployment, oldImage, pod, replicaSet, service, slice } from '../kubernetes/judge/build.js';
import { deploymentPath, fakeCluster, type FakeCluster, type FakeOptions } from '../target/set-image/fake-cluster.js';

export interface StillOptions {
  /** Image of the Deployment and of both of its pods. */
  readonly image?: string;
  readonly pods?: readonly Pod[];
  /** That the Deployment wants; two unless given. */
  readonly replicas?: number;
  /** What is answered to a smoke check of a pod, by its name, or of the Service (undefined). */
  readonly answer?: (pod: string | undefined) => Partial<RawAnswer>;
  readonly kubectl?: FakeOptions['kubectl'];
  readonly now?: () => number;
}

/** A cluster with one Deployment of two pods and its Service, in which nothing happens by itself. */
export function stillCluster({ image = oldImage, pods, replicas = 2, answer, kubectl, now }: StillOptions = {}): Cluster & Pick<FakeCluster, 'objects' | 'done'> {
  const cluster = fakeCluster({ objects: { [deploymentPath]: deployment({ image, spec: { replicas } }) }, kubectl, now });
  const lists: Readonly<Record<string, readonly KubeObject[]>> = {
    replicasets: [replicaSet('rs', image)],
    pods: pods ?? ['a', 'b'].map((name) => pod(name, { owner: 'uid-rs', image })),
    endpointslices: [slice('api', { a: {}, b: {} })],
    services: [service('api')],
  };
  const get = async <T>(path: string): Promise<T> => {
    const plural = /namespaces\/web\/(\w+)(\?.*)?$/.exec(path)?.[1];
    if (plural === undefined) return cluster.api.get<T>(path);
    const items = plural === 'deployments' ? [cluster.objects.get(deploymentPath) as Workload] : (lists[plural] ?? []);
    return { metadata: { resourceVersion: '100' }, items } as T;
  };
  const raw: Cluster['api']['raw'] = async (path, options) => {
    const name = /\/pods\/(\w+)/.exec(path)?.[1];
    if (path.includes('/log?')) return { status: 200, headers: {}, body: `log of ${name}` };
    return path.includes('/proxy/') ? { status: 200, headers: {}, body: '', ...answer?.(name) } : cluster.api.raw(path, options);
  };
  return { ...cluster, api: { ...cluster.api, get, raw } };
}
