import { uidOf, type Container, type ContainerStatus, type Job, type Pod } from '../../../src/kubernetes/client/objects.js';
import { apiPath, resources } from '../../../src/kubernetes/client/resources.js';
import { jobLabels } from '../../../src/kubernetes/job/job-labels.js';
import type { Clock } from '../../../src/ports/clock.js';
import type { MemoryServer } from './memory-server.js';

/** What the program of a Job does. */
export interface Program {
  /** It prints each after `lineMs`. */
  readonly lines?: readonly string[];
  readonly lineMs?: number;
  /** It runs so long after its last line. */
  readonly afterMs?: number;
  readonly code?: number;
  readonly reason?: string;
  /** Keeps it from starting. */
  readonly stuck?: 'pull' | 'unschedulable' | 'config' | 'quota';
  /** What it does at its end, unless it was stopped before. */
  readonly effect?: () => void;
  /** ms that it takes to end when it is asked to. */
  readonly stopMs?: number;
  /** How long its sidecar takes to be prepared. */
  readonly sidecarMs?: number;
  /** Another container of the pod that never ends. */
  readonly injected?: boolean;
}

const stepMs = 100;
const sidecarOf = (job: Job): string | undefined => job.spec?.template?.spec?.initContainers?.find(({ restartPolicy }) => restartPolicy === 'Always')?.name;

/** Its sidecar runs from before its other containers are created. */
const sidecarStatus = (job: Job, state: ContainerStatus['state']): Pick<NonNullable<Pod['status']>, 'initContainerStatuses'> =>
  (sidecarOf(job) === undefined || state?.waiting?.reason === 'ContainerCreating' ? {}
    : { initContainerStatuses: [{ name: sidecarOf(job), ready: true, restartCount: 0, state: { running: {} } }] });

/** The Jobs of a server with what makes them live: their controller and the kubelet. */
export class Jobs {
  /** Of each Job that was created, oldest first. */
  readonly started: Job[] = [];
  /** Programs that run at this moment, and how many ever did at once. */
  running = 0;
  mostRunning = 0;
  private readonly logs = new Map<string, { readonly lines: string[]; done: boolean }>();
  private readonly stopped = new AbortController();
  private readonly known = new Set<string>();
  private readonly orphans = new Set<string>();

  constructor(private readonly server: MemoryServer, private readonly clock: Clock, private readonly programOf: (job: Job) => Program) {
    server.lingers = (path) => path.startsWith(`${this.jobsPath}/`);
    server.log = (pod, query) => (this.logs.has(pod) ? this.logPieces(pod, query) : undefined);
    void this.live();
  }

  stop(): void {
    this.stopped.abort();
  }

  /** Deletes a Job without its pod. */
  orphan(name: string): void {
    this.orphans.add(name);
    this.server.remove(this.pathOf(name));
  }

  private get jobsPath(): string {
    return apiPath(resources.jobs, this.server.namespace);
  }

  private async live(): Promise<void> {
    const { signal } = this.stopped;
    while (!signal.aborted) {
      for (const job of this.server.below<Job>(this.jobsPath)) {
        if (this.known.has(uidOf(job))) continue;
        this.known.add(uidOf(job));
        this.started.push(job);
        void this.perform(job).catch(() => undefined);
      }
      await this.server.changed(signal);
    }
  }

  private pathOf(name: string): string {
    return `${this.jobsPath}/${name}`;
  }

  private async perform(job: Job): Promise<void> {
    const { signal } = this.stopped;
    const name = job.metadata?.name ?? '';
    const program = this.programOf(job);
    const over = new AbortController();
    const until = AbortSignal.any([signal, over.signal]);
    const pod = `${name}-abcde`;
    this.tellJob(name, { startTime: new Date(this.clock.now()).toISOString(), active: 1 });
    const told = { by: '' };
    const deleted = this.untilDeleted(name, until).then((isDeleted) => { if (isDeleted) told.by ||= 'deletion'; });
    const deadline = this.clock.sleep(1000 * (job.spec?.activeDeadlineSeconds ?? 600), until).then(() => { told.by ||= 'deadline'; }, () => undefined);
    const asked = Promise.race([deleted, deadline]);
    const exit = await this.runPod(job, pod, program, asked);
    if (told.by === 'deadline') this.tellJob(name, { conditions: [{ type: 'FailureTarget', status: 'True', reason: 'DeadlineExceeded' }] });
    if (exit === 'stopped') {
      this.tellLeaving(pod);
      await this.clock.sleep(program.stopMs ?? stepMs, signal);
      this.running -= this.logs.has(pod) ? 1 : 0;
      this.end(pod);
      this.server.remove(apiPath(resources.pods, this.server.namespace, pod));
      if (told.by === 'deadline') this.tellJob(name, { conditions: [{ type: 'Failed', status: 'True', reason: 'DeadlineExceeded' }] });
    } else {
      await this.clock.sleep(stepMs, signal);
      if (!program.injected) this.tellJob(name, { active: 0, conditions: [exit === 0 ? { type: 'Complete', status: 'True' } : { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }] });
      over.abort();
    }
    await this.untilDeleted(name, signal);
    await this.clock.sleep(stepMs, signal);
    this.server.remove(apiPath(resources.pods, this.server.namespace, pod));
    this.server.remove(this.pathOf(name));
  }

  /** @returns its exit code, or that it was stopped */
  private async runPod(job: Job, pod: string, program: Program, asked: Promise<void>): Promise<number | 'stopped'> {
    const stopped = asked.then(() => 'stopped' as const);
    const wait = (ms: number): Promise<'stopped' | undefined> => Promise.race([stopped, this.clock.sleep(ms, this.stopped.signal).then(() => undefined)]);
    if (await wait(stepMs)) return 'stopped';
    if (program.stuck === 'quota') {
      this.tellEvent(job, 'FailedCreate', 'Error creating: pods "x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2');
      return stopped;
    }
    this.tellPod(job, pod, program, { waiting: { reason: 'ContainerCreating' } });
    if (program.stuck === 'unschedulable') return stopped;
    if (await wait(stepMs)) return 'stopped';
    if (program.stuck === 'pull') {
      this.tellPod(job, pod, program, { waiting: { reason: 'ErrImagePull', message: 'failed to resolve reference: registry.example/acme/api: not found' } });
      return stopped;
    }
    if (program.stuck === 'config') {
      this.tellPod(job, pod, program, { waiting: { reason: 'CreateContainerConfigError', message: 'secret "database" not found' } });
      return stopped;
    }
    if (sidecarOf(job) !== undefined) {
      this.tellPod(job, pod, program, { waiting: { reason: 'PodInitializing' } });
      // What its startup probe sees is not simulated: its command starts a while later.
      if (await wait(program.sidecarMs ?? 5000)) return 'stopped';
    }
    const log = { lines: [] as string[], done: false };
    this.logs.set(pod, log);
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    this.tellPod(job, pod, program, { running: { startedAt: new Date(this.clock.now()).toISOString() } });
    for (const line of program.lines ?? []) {
      if (await wait(program.lineMs ?? stepMs)) return 'stopped';
      log.lines.push(`${new Date(this.clock.now()).toISOString()} ${line}`);
      this.server.wake();
    }
    if (await wait(program.afterMs ?? stepMs)) return 'stopped';
    program.effect?.();
    this.running -= 1;
    const { code = 0, reason = code === 0 ? 'Completed' : 'Error' } = program;
    this.end(pod);
    this.tellPod(job, pod, program, { terminated: { exitCode: code, reason, finishedAt: new Date(this.clock.now()).toISOString() } });
    return code;
  }

  private end(pod: string): void {
    const log = this.logs.get(pod);
    if (log) log.done = true;
    this.server.wake();
  }

  private async untilDeleted(name: string, signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      const job = this.server.get<Job>(this.pathOf(name));
      if ((!job && !this.orphans.has(name)) || job?.metadata?.deletionTimestamp !== undefined) return true;
      await this.server.changed(signal);
    }
    return false;
  }

  private tellJob(name: string, status: Job['status']): void {
    const known = this.server.get<Job>(this.pathOf(name));
    if (known) this.server.put(this.pathOf(name), { ...known, status: { ...known.status, ...status } } as Job);
  }

  private tellLeaving(name: string): void {
    const path = apiPath(resources.pods, this.server.namespace, name);
    const known = this.server.get<Pod>(path);
    if (known) this.server.put(path, { ...known, metadata: { ...known.metadata, deletionTimestamp: new Date(this.clock.now()).toISOString() } });
  }

  private tellEvent(job: Job, reason: string, message: string): void {
    const name = `${job.metadata?.name}.${reason}`;
    this.server.put(apiPath(resources.events, this.server.namespace, name), { kind: 'Event', metadata: { name }, reason, message, involvedObject: { uid: uidOf(job) } } as never);
  }

  private tellPod(job: Job, name: string, { stuck, injected }: Program, state: ContainerStatus['state']): void {
    const template = job.spec?.template;
    const [own] = template?.spec?.containers ?? [];
    const beside: Container[] = injected ? [{ name: 'mesh' }] : [];
    const { exitCode } = state?.terminated ?? {};
    this.server.put(apiPath(resources.pods, this.server.namespace, name), {
      kind: 'Pod', metadata: { name, labels: template?.metadata?.labels, uid: `uid-${uidOf(job)}`, ownerReferences: [{ uid: uidOf(job), controller: true }] },
      spec: { ...template?.spec, nodeName: stuck === 'unschedulable' ? undefined : 'node-1', containers: [...template?.spec?.containers ?? [], ...beside] },
      status: {
        ...sidecarStatus(job, state),
        phase: exitCode === undefined || injected ? 'Running' : exitCode === 0 ? 'Succeeded' : 'Failed',
        conditions: [stuck === 'unschedulable' ? { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes are available' } : { type: 'PodScheduled', status: 'True' }],
        containerStatuses: stuck === 'unschedulable' ? [] : [{ name: own?.name, ready: state?.running !== undefined, restartCount: 0, state }, ...beside.map((each) => ({ name: each.name, ready: true, state: { running: {} } }))],
      },
    } as Pod);
  }

  private async* logPieces(pod: string, query: URLSearchParams): AsyncGenerator<string> {
    const log = this.logs.get(pod);
    const since = (query.get('sinceTime') ?? '').slice(0, 19);
    let sent = 0;
    while (log) {
      const lines = log.lines.slice(sent).filter((line) => line >= since);
      sent = log.lines.length;
      if (lines.length > 0) yield `${lines.join('\n')}\n`;
      if (log.done || query.get('follow') !== 'true') return;
      await this.server.changed(this.stopped.signal);
    }
  }
}

/** The Jobs that the server has, by their purposes. */
export const jobsOf = (server: MemoryServer): Job[] => server.below<Job>(apiPath(resources.jobs, server.namespace));
export const purposeOf = ({ metadata }: Job): string => metadata?.labels?.[jobLabels.purpose] ?? '';
