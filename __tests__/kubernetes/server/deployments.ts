import { uidOf, type Container, type ContainerStatus, type Pod, type PodTemplate, type ReplicaSet, type Workload } from '../../../src/kubernetes/client/objects.js';
import { apiPath, resources } from '../../../src/kubernetes/client/resources.js';
import { sameTemplate } from '../../../src/kubernetes/observe/template.js';
import type { Clock } from '../../../src/ports/clock.js';
import { deployment, ended, pod, replicaSet, restarted, running, service, slice, waiting } from '../judge/build.js';
import type { MemoryServer, Reply } from './memory-server.js';

/** How an image behaves once it runs: `wrong` answers with 500, `crash` exits again and again, `unready` is never ready. */
export type Behaviour = 'good' | 'wrong' | 'crash' | 'unready';

export interface DeploymentOptions {
  readonly image: string;
  readonly replicas?: number;
  /** What its container has besides. */
  readonly container?: Container;
}

/** ms that each step of a controller, a kubelet or the endpoints takes. */
const stepMs = 100;

const startup: Readonly<Record<Behaviour, readonly ContainerStatus[]>> = (() => {
  const creating = waiting('ContainerCreating');
  return {
    good: [creating, running()], wrong: [creating, running()], unready: [creating, running({ ready: false })],
    crash: [creating, ended(), restarted(1), ended({}, { restartCount: 1 })],
  };
})();

interface Instance {
  readonly name: string;
  readonly owner: string;
  readonly image: string;
  stage: number;
  readyAt: number;
}

/**
 * The Deployments of a server with what makes them live: their controller, the kubelet, and the endpoints of the Service
 * beside each. Whenever something is left to do they do one small thing, and then time passes.
 */
export class Deployments {
  private readonly instances = new Map<string, Instance[]>();
  private readonly stopped = new AbortController();
  private count = 0;

  constructor(private readonly server: MemoryServer, private readonly clock: Clock, private readonly behaviourOf: (image: string) => Behaviour) {
    server.app = (kind, name) => this.answer(kind, name);
    void this.live();
  }

  /** A Deployment and a Service of the same name, as they are when everything has been ready for long. */
  add(name: string, { image, replicas = 2, container }: DeploymentOptions): void {
    const made = deployment({ uid: `uid-${name}`, generation: 1, image, spec: { replicas, selector: { matchLabels: { app: name } }, template: templateOf(name, image, container) }, status: { observedGeneration: 1 } });
    this.server.put(deploymentPath(this.server, name), { ...made, metadata: { ...made.metadata, name } });
    this.server.put(apiPath(resources.services, this.server.namespace, name), service(name, { selector: { app: name } }));
    while (this.step());
    for (const each of this.instances.get(name) ?? []) each.readyAt = Number.NEGATIVE_INFINITY;
    while (this.step());
  }

  /** The image that a Deployment is set to. */
  imageOf(name: string): string | undefined {
    return this.server.get<Workload>(deploymentPath(this.server, name))?.spec?.template?.spec?.containers?.[0]?.image;
  }

  /** Somebody sets the image of a Deployment, and it is rolled out before anything else happens. */
  set(name: string, image: string): void {
    const path = deploymentPath(this.server, name);
    const known = this.server.get<Workload>(path);
    this.server.put(path, { ...known, spec: { ...known?.spec, template: templateOf(name, image) } } as Workload, 'somebody');
    while (this.step());
  }

  /** Images of the pods of a Deployment. */
  images(name: string): string[] {
    return (this.instances.get(name) ?? []).map(({ image }) => image);
  }

  stop(): void {
    this.stopped.abort();
  }

  private async live(): Promise<void> {
    const { signal } = this.stopped;
    while (!signal.aborted) {
      if (this.step()) await this.clock.sleep(stepMs, signal).catch(() => undefined);
      else await this.idle(signal);
    }
  }

  /** Until something is changed, or a pod has been ready for long enough. */
  private async idle(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const leftMs = Math.min(...this.all().map((workload) => this.untilAvailable(workload)));
    const waits = Number.isFinite(leftMs) ? [this.clock.sleep(leftMs, either).catch(() => undefined)] : [];
    await Promise.race([this.server.changed(either), ...waits]);
    over.abort();
  }

  private all(): Workload[] {
    return this.server.below<Workload>(apiPath(resources.deployments, this.server.namespace));
  }

  /** One step of whoever has something to do. @returns false when nobody has */
  private step(): boolean {
    return this.all().some((workload) => this.stepOf(workload));
  }

  private stepOf(workload: Workload): boolean {
    if (workload.status?.observedGeneration !== workload.metadata?.generation) return this.tellStatus(workload);
    const set = this.setOf(workload);
    if (!set) return this.create(workload);
    const all = this.instancesOf(workload);
    const moving = all.find((each) => each.stage < startup[this.behaviourOf(each.image)].length - 1);
    if (moving) return this.move(workload, moving);
    const mine = all.filter(({ owner }) => owner === uidOf(set));
    if (mine.length < (set.spec?.replicas ?? 0)) return this.start(workload, set);
    const isMoving = workload.spec?.paused ? this.saturate(workload, mine) : this.roll(workload, set, mine);
    return isMoving || this.tellEndpoints(workload) || this.tellStatus(workload);
  }

  private instancesOf(workload: Workload): Instance[] {
    const name = workload.metadata?.name ?? '';
    const known = this.instances.get(name) ?? [];
    this.instances.set(name, known);
    return known;
  }

  private setsOf(workload: Workload): ReplicaSet[] {
    return this.server.below<ReplicaSet>(apiPath(resources.replicasets, this.server.namespace))
      .filter(({ metadata }) => metadata?.ownerReferences?.some(({ uid }) => uid === uidOf(workload)));
  }

  private setOf(workload: Workload): ReplicaSet | undefined {
    return this.setsOf(workload).find(({ spec }) => sameTemplate(spec?.template, workload.spec?.template));
  }

  private create(workload: Workload): true {
    const revision = this.setsOf(workload).length + 1;
    const name = `${workload.metadata?.name}-${revision}`;
    const made = replicaSet(name, '', { revision });
    const template = withHash(workload.spec?.template, name);
    const metadata = { ...made.metadata, ownerReferences: [{ uid: uidOf(workload), controller: true }] };
    this.server.put(this.pathOf('replicasets', name), { ...made, metadata, spec: { ...made.spec, template, replicas: 0 } } as ReplicaSet);
    return true;
  }

  private scale(set: ReplicaSet, replicas: number): true {
    this.server.put(this.pathOf('replicasets', set.metadata?.name ?? ''), { ...set, spec: { ...set.spec, replicas } } as ReplicaSet);
    return true;
  }

  private start(workload: Workload, set: ReplicaSet): true {
    const image = set.spec?.template?.spec?.containers?.[0]?.image ?? '';
    const instance = { name: `${workload.metadata?.name}-pod-${(this.count += 1)}`, owner: uidOf(set), image, stage: 0, readyAt: this.clock.monotonic() };
    this.instancesOf(workload).push(instance);
    return this.tellPod(workload, instance);
  }

  private move(workload: Workload, instance: Instance): true {
    instance.stage += 1;
    instance.readyAt = this.clock.monotonic();
    return this.tellPod(workload, instance);
  }

  private end(workload: Workload, instance: Instance): true {
    const all = this.instancesOf(workload);
    all.splice(all.indexOf(instance), 1);
    this.server.remove(this.pathOf('pods', instance.name));
    const set = this.setsOf(workload).find((each) => uidOf(each) === instance.owner);
    return set === undefined || this.scale(set, Math.min(set.spec?.replicas ?? 0, all.filter(({ owner }) => owner === instance.owner).length));
  }

  /** A paused Deployment only takes old pods away, once the new ones are all available. */
  private saturate(workload: Workload, mine: readonly Instance[]): boolean {
    const [old] = this.oldOf(workload, mine);
    return old !== undefined && mine.filter((each) => this.isAvailable(workload, each)).length >= (workload.spec?.replicas ?? 1) && this.end(workload, old);
  }

  private roll(workload: Workload, set: ReplicaSet, mine: readonly Instance[]): boolean {
    const desired = workload.spec?.replicas ?? 1;
    const all = this.instancesOf(workload);
    const old = this.oldOf(workload, mine);
    const broken = old.find((each) => !this.isReady(each));
    if (broken) return this.end(workload, broken);
    const size = set.spec?.replicas ?? 0;
    if (size > desired && mine[0]) return this.end(workload, mine[0]);
    if (size < desired && all.length < desired + 1) return this.scale(set, size + 1);
    return old[0] !== undefined && all.filter((each) => this.isAvailable(workload, each)).length > desired && this.end(workload, old[0]);
  }

  private oldOf(workload: Workload, mine: readonly Instance[]): Instance[] {
    return this.instancesOf(workload).filter((each) => !mine.includes(each));
  }

  private isReady({ stage, image }: Instance): boolean {
    const behaviour = this.behaviourOf(image);
    return stage === startup[behaviour].length - 1 && (behaviour === 'good' || behaviour === 'wrong');
  }

  /** Of the old pods only their own ReplicaSet knows, which is given no new minReadySeconds. */
  private isAvailable(workload: Workload, instance: Instance): boolean {
    const isNew = this.setsOf(workload).some((set) => uidOf(set) === instance.owner && sameTemplate(set.spec?.template, workload.spec?.template));
    return this.isReady(instance) && (!isNew || this.clock.monotonic() - instance.readyAt >= 1000 * (workload.spec?.minReadySeconds ?? 0));
  }

  private untilAvailable(workload: Workload): number {
    return Math.min(...this.instancesOf(workload).filter((each) => this.isReady(each) && !this.isAvailable(workload, each))
      .map(({ readyAt }) => readyAt + 1000 * (workload.spec?.minReadySeconds ?? 0) - this.clock.monotonic()));
  }

  private tellPod(workload: Workload, { name, owner, image, stage }: Instance): true {
    const status = startup[this.behaviourOf(image)][stage];
    const made = pod(name, { owner, image, labels: workload.spec?.template?.metadata?.labels ?? {}, statuses: status ? [{ ...status, imageID: image }] : [] });
    this.server.put(this.pathOf('pods', name), made);
    return true;
  }

  private tellStatus(workload: Workload): boolean {
    const all = this.instancesOf(workload);
    const set = this.setOf(workload);
    const available = all.filter((each) => this.isAvailable(workload, each)).length;
    const status = {
      observedGeneration: workload.metadata?.generation, replicas: all.length, updatedReplicas: all.filter(({ owner }) => set && owner === uidOf(set)).length,
      readyReplicas: all.filter((each) => this.isReady(each)).length, availableReplicas: available,
    };
    if (JSON.stringify(status) === JSON.stringify(workload.status)) return false;
    this.server.put(this.pathOf('deployments', workload.metadata?.name ?? ''), { ...workload, status } as Workload);
    return true;
  }

  private tellEndpoints(workload: Workload): boolean {
    const name = workload.metadata?.name ?? '';
    const path = this.pathOf('endpointslices', `${name}-abcde`);
    const ready = this.instancesOf(workload).filter((each) => this.isReady(each)).map((each) => each.name);
    const made = slice(name, Object.fromEntries(ready.map((each) => [each, {}])));
    const known = this.server.get(path);
    if (known && 'endpoints' in known && JSON.stringify(known.endpoints) === JSON.stringify(made.endpoints)) return false;
    this.server.put(path, made);
    return true;
  }

  private pathOf(plural: 'pods' | 'replicasets' | 'deployments' | 'endpointslices', name: string): string {
    return apiPath(resources[plural], this.server.namespace, name);
  }

  private answer(kind: 'pods' | 'services', name: string): Reply {
    const all = [...this.instances.values()].flat().filter((each) => this.isReady(each));
    const behind = kind === 'pods' ? all.filter((each) => each.name === name) : all.filter((each) => each.name.startsWith(`${name}-pod-`));
    const asked = behind[Math.floor(this.clock.monotonic() / 100) % Math.max(1, behind.length)];
    if (!asked) return { status: 503, body: JSON.stringify({ kind: 'Status', message: `no endpoints available for service "${name}"` }) };
    return { status: this.behaviourOf(asked.image) === 'wrong' ? 500 : 200, body: asked.image };
  }
}

export const deploymentPath = ({ namespace }: Pick<MemoryServer, 'namespace'>, name: string): string => apiPath(resources.deployments, namespace, name);

const templateOf = (name: string, image: string, container: Container = {}): PodTemplate => ({ metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image, ...container }] } });

const withHash = (template: PodTemplate | undefined, hash: string): PodTemplate =>
  ({ ...template, metadata: { ...template?.metadata, labels: { ...template?.metadata?.labels, 'pod-template-hash': hash } } });

/** The pod as the API has it now. */
export const podsOf = (server: MemoryServer): Pod[] => server.below<Pod>(apiPath(resources.pods, server.namespace));
