import type { Evidence } from '../../outcome/errors.js';
import { OneOffError } from '../../outcome/one-off.js';
import { messageOf } from '../../outcome/wording.js';
import { ApiError } from '../client/api.js';
import { meaningOf } from '../client/meaning.js';
import { isLeaving, uidOf, nameOf, type Job } from '../client/objects.js';
import { persistently } from '../client/persist.js';
import { apiPath, resources } from '../client/resources.js';
import { blankMemory, remember, type Memory } from '../judge/memory.js';
import { untilDeadline, type Symptom } from '../judge/symptom.js';
import { watchObjects, type Watched } from '../observe/watching.js';
import { endJob, runningPods, watchedOf, type JobScope } from './end-job.js';
import { commandContainer, jobOf, refusedSidecar, type JobWish } from './job-object.js';
import { endOf, hasStarted, isOver, limitHint, progressOf, symptomsOfJob, viewOf, type JobEnd, type JobView } from './job-state.js';
import { followLog } from './log-stream.js';
import { LogTail } from './log-tail.js';
import { removeJob } from './open-job.js';
import { SidecarRun } from './sidecar-run.js';

/** A command that has succeeded. */
export interface JobDone {
  /** Of its Job. */
  readonly name: string;
  readonly tookMs: number;
  /** The end of its log. */
  readonly log: readonly Evidence[];
}

/** How long the end of a log is waited for once the command has ended. */
const logForMs = 10_000;
/** Kubernetes ends the Job at its time limit. If nothing is heard of that for so long, nothing is known. */
const overtimeMs = 60_000;
/** GitHub kills a step 10 s after it asked it to stop. */
const endForWhenCancelledMs = 7000;
/** Longer than a usual grace period. */
const endForMs = 60_000;
/** How long other containers of the pod may go on after the command. */
const sidecarsForMs = 10_000;

/**
 * Runs a command once, to its end, and passes its log on line by line. Whatever happens, it says for certain whether the command
 * still runs: a Job that is given up is deleted, and its pod is waited for. If the Job exists already, this run has created it, and
 * its result counts.
 * @param signal deletes the Job
 * @throws OneOffError; ClusterError, ApiError when the cluster refuses or does not answer; what `signal` aborts with
 */
export async function runJob(scope: JobScope, wish: JobWish, signal: AbortSignal): Promise<JobDone> {
  const [job, container] = [jobOf(wish), commandContainer(wish)];
  if (!job || container === undefined) throw new OneOffError('config-invalid', `No container of ${wish.kind}/${nameOf(wish.workload)} runs the image.`, { hasStarted: false });
  const refused = wish.sidecar && refusedSidecar(wish);
  if (refused !== undefined) throw new OneOffError('config-invalid', refused, { hasStarted: false });
  signal.throwIfAborted();
  const watched = await watchObjects(scope.cluster, scope.ports.clock, watchedOf(nameOf(job)));
  const run = new JobRun(scope, { wish, job, container }, watched);
  try {
    return await run.toEnd(signal);
  } finally {
    run.close();
    watched.close();
  }
}

interface Started {
  readonly wish: JobWish;
  readonly job: Job;
  readonly container: string;
}

class JobRun {
  private readonly name: string;
  private readonly tail: LogTail;
  private readonly closed = new AbortController();
  private log: Promise<void> | undefined;
  private memory: Memory = blankMemory;
  private startedAt = 0;
  /** The Job was deleted without its pod. */
  private isOrphan = false;
  private readonly sidecar: SidecarRun;

  constructor(private readonly scope: JobScope, private readonly started: Started, private readonly watched: Watched) {
    this.name = nameOf(started.job);
    this.tail = new LogTail(scope.ports.log);
    this.sidecar = new SidecarRun(started.wish.sidecar, scope.ports.clock);
  }

  close(): void {
    this.closed.abort();
  }

  async toEnd(signal: AbortSignal): Promise<JobDone> {
    const { ports: { clock } } = this.scope;
    this.startedAt = clock.monotonic();
    await this.create(signal);
    try {
      const end = await this.ended(AbortSignal.any([signal, this.sidecar.failed]));
      await this.sidecar.conclude();
      await this.logRead();
      if (!end.succeeded) throw await this.failure(end).finally(() => this.removeWithSidecar());
      await this.endSidecars();
      await this.removeWithSidecar();
      return { name: this.name, tookMs: Math.round(clock.monotonic() - this.startedAt), log: this.tail.evidence(`log of job/${this.name}`) };
    } catch (error) {
      if (!endOf(this.view())) await this.giveUp(signal);
      throw error;
    }
  }

  private view(): JobView {
    return viewOf(this.watched.world, this.name, this.started.container);
  }

  /** A request without an answer may have been done, so each attempt looks first. */
  private async create(signal: AbortSignal): Promise<void> {
    const { cluster: { api, namespace }, ports: { clock, log } } = this.scope;
    const attempt = async (): Promise<Job | undefined> => {
      const known = await api.find<Job>(resources.jobs, namespace, this.name, { signal });
      if (known) return known;
      try {
        return await api.send<Job>('POST', apiPath(resources.jobs, namespace), this.started.job, { signal });
      } catch (error) {
        if (error instanceof ApiError && error.reason === 'AlreadyExists') return api.get<Job>(apiPath(resources.jobs, namespace, this.name), { signal });
        throw error;
      }
    };
    try {
      const created = await persistently(clock, attempt, { signal });
      if (created && isLeaving(created)) {
        await this.untilGone(uidOf(created), signal);
        await persistently(clock, attempt, { signal });
      }
    } catch (error) {
      // It may have been created all the same.
      if (signal.aborted) await this.giveUp(signal);
      if (!(error instanceof ApiError)) throw error;
      const { cause, hint } = meaningOf(error);
      throw new OneOffError(cause, `job/${this.name} could not be created: ${error.message}.`, { hint, cause: error, hasStarted: error.passing });
    }
    log.info(`job/${this.name} runs \`${this.started.wish.text}\``);
  }

  /** Of an earlier attempt of the same run, which was stopped. */
  private async untilGone(uid: string, signal: AbortSignal): Promise<void> {
    const until = this.scope.ports.clock.monotonic() + endForMs;
    for (;;) {
      const job = this.watched.world.byName<Job>(resources.jobs, this.name);
      if ((job === undefined || uidOf(job) !== uid) && runningPods(this.watched, this.name).length === 0) return;
      const leftMs = until - this.scope.ports.clock.monotonic();
      if (leftMs <= 0) throw new OneOffError('deadline', `job/${this.name} of an earlier attempt is being deleted, and is not gone.`, { hint: 'Check its pod and its node.', hasStarted: true });
      await this.watched.news(leftMs, signal);
    }
  }

  /** How the command ended. @throws OneOffError when it cannot start, or nothing is known of it any more */
  private async ended(signal: AbortSignal): Promise<JobEnd> {
    const { ports: { clock, log } } = this.scope;
    const { wish: { purpose } } = this.started;
    let wasSeen = false;
    for (;;) {
      signal.throwIfAborted();
      const [view, at, overAt] = [this.view(), clock.monotonic(), this.overAt];
      wasSeen ||= view.job !== undefined;
      this.sidecar.look(view.pod, signal);
      if (hasStarted(view)) this.readLog(view);
      const end = endOf(view);
      if (end) return end;
      if (wasSeen && isAbandoned(view)) throw await this.deleted();
      if (wasSeen && !view.job) this.warnOfOrphan();
      if (at >= overAt) throw this.started.wish.sidecar ? this.tooLong() : this.unknown();
      const recheckAt = this.watched.sees() && !this.sidecar.isPreparing ? this.judge(view, at) : Infinity;
      const doing = this.sidecar.isPreparing ? 'preparing its sidecar' : progressOf(view);
      log.progress(purpose, `job/${this.name}`, this.watched.sees() ? doing : 'the API server does not answer');
      await this.watched.news(Math.min(overAt, recheckAt) - at, signal);
    }
  }

  /** When nothing is waited for any more. Kubernetes knows one time limit of a Job: that of a command with a sidecar is watched here. */
  private get overAt(): number {
    const { wish: { timeoutMs, sidecar }, job } = this.started;
    if (!sidecar) return this.startedAt + timeoutMs + graceMsOf(job) + overtimeMs;
    return (this.sidecar.readyAt ?? this.startedAt + sidecar.timeoutMs) + timeoutMs;
  }

  private warnOfOrphan(): void {
    const { ports: { log } } = this.scope;
    if (!this.isOrphan) log.warning(`job/${this.name} was deleted by someone else, but its pod still runs: waiting for its end`);
    this.isOrphan = true;
  }

  /** @returns when to look again, monotonic ms. @throws OneOffError for what is certain to keep the command from starting */
  private judge(view: JobView, at: number): number {
    const symptoms = symptomsOfJob(view);
    this.memory = remember(this.memory, at, { symptoms, steady: false, doing: undefined, disturbances: [], wasHeld: false });
    const dueOf = ({ key, patienceMs }: Symptom): number => {
      const { first, followedMs } = this.memory.seen.get(key) ?? { first: at, followedMs: 0 };
      return patienceMs === untilDeadline ? Infinity : first + patienceMs + followedMs;
    };
    const certain = symptoms.find((each) => dueOf(each) <= at);
    if (certain) throw new OneOffError(certain.cause, `${this.subject} did not start: ${certain.message}.`, { hint: certain.hint, hasStarted: false });
    return Math.min(Infinity, ...symptoms.map(dueOf));
  }

  private get subject(): string {
    return `\`${this.started.wish.text}\` (job/${this.name})`;
  }

  private readLog({ pod }: JobView): void {
    const { cluster: { api, namespace }, ports: { clock, log } } = this.scope;
    if (this.log || !pod) return;
    const followed = { namespace, pod: nameOf(pod), container: this.started.container };
    const isDone = (): boolean => endOf(this.view()) !== undefined;
    this.log = followLog(api, clock, followed, isDone, (line) => {
      log.output(line);
      this.tail.add(line);
    }, this.closed.signal).then((why) => {
      if (why !== undefined) log.warning(`The log of job/${this.name} is incomplete: ${why}`);
    });
  }

  /** Its log is in that of the run, and nothing that was made to be tried out is kept. */
  private async removeWithSidecar(): Promise<void> {
    if (this.started.wish.sidecar) await removeJob(this.scope, this.name);
  }

  private async logRead(): Promise<void> {
    const { ports: { clock } } = this.scope;
    if (!this.log) return;
    const over = new AbortController();
    await Promise.race([this.log, clock.sleep(logForMs, over.signal).catch(() => undefined)]);
    over.abort();
  }

  private async failure({ cause, words, hint, exitCode, container }: JobEnd): Promise<OneOffError> {
    const view = this.view();
    const own = this.tail.evidence(`log of job/${this.name}`);
    const said = view.pod?.status?.containerStatuses?.find(({ name }) => name === this.started.container)?.state?.terminated?.message;
    const inStatus = own.length > 0 || said === undefined ? [] : this.tailOf(said);
    const evidence = [...own, ...inStatus, ...container === undefined ? [] : await this.logOf(container)];
    return new OneOffError(cause, `${this.subject} ${words}.`, { hint, evidence, hasStarted: exitCode !== undefined || hasStarted(view) || this.log !== undefined });
  }

  private tailOf(text: string, of = `end of the log of job/${this.name}`): Evidence[] {
    const tail = new LogTail(this.scope.ports.log);
    for (const line of text.trimEnd().split('\n')) tail.add(line);
    // It was not printed before.
    return tail.evidence(of).map(({ isPrinted: _, ...each }) => each);
  }

  private async logOf(container: string): Promise<Evidence[]> {
    const { cluster: { api, namespace } } = this.scope;
    const { pod } = this.view();
    if (!pod) return [];
    const query = new URLSearchParams({ container, tailLines: '60' }).toString();
    const answer = await api.raw(`${apiPath(resources.pods, namespace, nameOf(pod))}/log?${query}`, { timeoutMs: 5000, maxBytes: 1024 * 1024 }).catch(() => undefined);
    return answer?.status === 200 ? this.tailOf(answer.body, `log of container ${container} of job/${this.name}`) : [];
  }

  private async deleted(): Promise<OneOffError> {
    const isGone = await endJob(this.scope, this.watched, this.name, endForMs);
    return new OneOffError('superseded', `job/${this.name} was deleted by someone else while \`${this.started.wish.text}\` ran.${isGone ? '' : ' Its pod is still terminating.'}`, {
      hint: 'Find out who deleted it, and whether the command was complete. Then run again.', hasStarted: this.log !== undefined, evidence: this.tail.evidence(`log of job/${this.name}`),
    });
  }

  private tooLong(): OneOffError {
    return new OneOffError('deadline', `${this.subject} did not finish within ${Math.ceil(this.started.wish.timeoutMs / 1000)} s.`, {
      hint: limitHint, hasStarted: hasStarted(this.view()), evidence: this.tail.evidence(`log of job/${this.name}`),
    });
  }

  private unknown(): OneOffError {
    const limit = `its time limit of ${Math.ceil(this.started.wish.timeoutMs / 1000)} s`;
    return new OneOffError('deadline', `${this.subject} did not end at ${limit}, and Kubernetes did not end it.`, {
      hint: 'Check that kube-controller-manager and the node of its pod run. It may still be running.', hasStarted: true, evidence: this.tail.evidence(`log of job/${this.name}`),
    });
  }

  private async giveUp(signal: AbortSignal): Promise<void> {
    const { ports: { log } } = this.scope;
    log.info(`deleting job/${this.name} and waiting until its pod is gone`);
    // Beside the deletion: a sidecar that is still there keeps its pod for its whole grace period.
    const sidecarEnded = this.sidecar.end();
    const isGone = await endJob(this.scope, this.watched, this.name, signal.aborted ? endForWhenCancelledMs : endForMs).catch((error: unknown) => {
      log.warning(`job/${this.name} could not be deleted: ${messageOf(error)}`);
      return false;
    });
    if (!isGone) log.warning(`job/${this.name} was not seen to be gone: \`${this.started.wish.text}\` may still be running. The next run waits for it.`);
    await sidecarEnded;
  }

  /** A sidecar that was injected does not end by itself, and keeps the Job from being complete. */
  private async endSidecars(): Promise<void> {
    const { ports: { clock, log } } = this.scope;
    const until = clock.monotonic() + sidecarsForMs;
    for (let { pod } = this.view(); pod && !isOver(pod); { pod } = this.view()) {
      const leftMs = until - clock.monotonic();
      if (leftMs > 0) {
        await this.watched.news(leftMs);
        continue;
      }
      log.info(`The command of job/${this.name} has succeeded, but other containers of its pod still run: deleting it`);
      await endJob(this.scope, this.watched, this.name, 0).catch(() => undefined);
      return;
    }
  }
}

/** Time between SIGTERM and SIGKILL, ms. Kubernetes: 30 s unless the pod sets another. */
const graceMsOf = ({ spec }: Job): number => 1000 * (spec?.template?.spec?.terminationGracePeriodSeconds ?? 30);

/** The Job is being deleted, or is gone together with its pod. Whoever deletes it without its pod (`--cascade=orphan`) has not ended the command. */
function isAbandoned({ job, pod }: JobView): boolean {
  if (job) return isLeaving(job) && job.metadata?.finalizers?.includes('orphan') !== true;
  return pod === undefined || isLeaving(pod);
}
