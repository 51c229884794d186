import type { Cluster } from '../../kubernetes/client/cluster.js';
import { nameOf, type List, type Pod, type Service } from '../../kubernetes/client/objects.js';
import { apiPath, resources } from '../../kubernetes/client/resources.js';
import { within } from '../../ports/within.js';
import { DataError } from '../error.js';
import type { DataContext } from '../engine.js';
import type { CopyPlace, CopyUse, CopyWish, Place, ScratchPlace } from '../place.js';
import { refusal, type FoundContainer } from './find-pod.js';
import { copyNames } from './copy-names.js';
import { copyContainer, copyReady, copySidecar, ownAddresses } from './copy-object.js';
import { hold, holdScript } from './hold.js';
import { ownerOf } from './owner.js';
import { podPlace } from './pod-place.js';
import { nodesHaveDisk } from './scratch-job.js';
import { scratchPlace } from './scratch.js';
import { scratchFolder, waitFor } from './scratch-object.js';

/** The pod of a copy may have to wait for a node and for images. */
const startMs = 300_000;

/** A copy of the database of a pod, in the pod of the command that uses it. @throws DataError, ClusterError */
export async function besideCommand(
  context: DataContext, cluster: Cluster, source: FoundContainer & { readonly place: Place }, wish: CopyWish, signal: AbortSignal,
): Promise<CopyPlace> {
  refuseOldCluster(cluster);
  const { image } = source.place;
  if (image === undefined) throw new DataError('config-invalid', `The image of ${source.place.words} is not known, so no copy of the database can run with it.`, { hint: without });
  const path = apiPath(resources.services, cluster.namespace);
  const { items: services = [] } = await cluster.api.get<List<Service>>(path, { signal }).catch((error: unknown) => { throw refusal(error, 'The Services of the namespace cannot be listed'); });
  const names = copyNames({ source, namespace: cluster.namespace, services }, wish);
  const [owner, requestsDisk] = await Promise.all([ownerOf(context, source.place, signal), nodesHaveDisk(cluster, source.pod, signal)]);
  const addresses = ownAddresses(source.pod);
  return {
    port: names.port, addresses, hosts: names.hosts,
    sidecar: (use) => {
      const timeoutMs = use.timeoutMs + startMs;
      const held = new HeldCopy(context, cluster, use);
      return {
        ...copySidecar({ source, image, owner, bytes: wish.bytes, requestsDisk, names, addresses, timeoutMs }), timeoutMs,
        prepare: (pod, over) => held.prepare(pod, over), conclude: (over) => use.conclude(over), end: () => held.end(),
      };
    },
  };
}

const without = 'Set `migrate.rehearse` to false.';

/** Sidecars among init containers are on by default since 1.29: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/ */
function refuseOldCluster({ version = '' }: Cluster): void {
  const [, major = '1', minor = '29'] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (Number(major) > 1 || Number(minor) >= 29) return;
  throw new DataError('config-invalid', `A rehearsal of the migration needs Kubernetes 1.29 or later, and the cluster has ${version}: the copy of the database runs as a sidecar.`, { hint: without });
}

/** What is open of a copy. When this process ends, so does the copy. */
class HeldCopy {
  private place: ScratchPlace | undefined;

  constructor(private readonly context: DataContext, private readonly cluster: Cluster, private readonly use: CopyUse) {}

  async prepare(pod: Pod, signal: AbortSignal): Promise<void> {
    const { context, cluster, use } = this;
    const own = { ...podPlace(cluster, { pod, container: copyContainer }), words: `the copy in pod ${nameOf(pod)}` };
    const held = await hold(context.ports.clock, own.start(holdScript, { args: [scratchFolder, waitFor], signal }), `The copy in pod ${nameOf(pod)}`, context.failure, signal);
    const place = scratchPlace(own, held.folder, () => held.release());
    this.place = place;
    await use.prepare(place, signal);
    await this.declareReady(place, nameOf(pod), signal);
  }

  async end(): Promise<void> {
    const { place } = this;
    this.place = undefined;
    await place?.close().catch(() => undefined);
  }

  /** Lets Kubernetes start the command. */
  private async declareReady(place: ScratchPlace, pod: string, signal: AbortSignal): Promise<void> {
    const { context: { ports: { clock }, failure } } = this;
    const late = (): Error => new DataError(failure, `The copy in pod ${pod} did not answer within 30 s.`);
    await within(clock, { ms: 30_000, late, signal }, async (over) => {
      const pipe = place.start(readyScript, { args: [copyReady], signal: over });
      let printed = '';
      for await (const piece of pipe.output) printed += Buffer.from(piece).toString();
      over.throwIfAborted();
      pipe.end();
      await pipe.stop();
      if (!printed.includes('ready')) throw new DataError(failure, `The copy in pod ${pod} could not be declared ready: its connection broke.`);
    });
  }
}

const readyScript = ': >"$1" && echo ready';
