import type { WorkloadRef } from '../config/config.js';
import { smoke } from '../check/smoke/smoke.js';
import { checkFence } from '../kubernetes/fence/check.js';
import { findFenced, lowerFence, raiseFence, type Fenced, type FenceScope } from '../kubernetes/fence/fence.js';
import { untilReady } from '../kubernetes/fence/ready.js';
import type { HorizontalPodAutoscaler, List, Service } from '../kubernetes/client/objects.js';
import { apiPath, resources } from '../kubernetes/client/resources.js';
import { acquireLock, appLease } from '../kubernetes/store/lease.js';
import { PreflightError } from '../outcome/finding.js';
import type { DataSession } from './data-session.js';
import type { Run } from './run.js';

/** How long the app may take to stop, and to become ready again, ms. */
const limitMs = 600_000;

/** Stops the app while its data is exchanged, and starts it again. Without workloads it does nothing. */
export class AppFence {
  constructor(private readonly run: Run, private readonly session: DataSession, private readonly refs: readonly WorkloadRef[]) {}

  get steps(): readonly string[] {
    return this.refs.length === 0 ? [] : [`stop ${this.names}`];
  }

  get stepsAfter(): readonly string[] {
    return this.refs.length === 0 ? [] : [`start ${this.names} again, and wait until it is ready`];
  }

  private get names(): string {
    return this.refs.map(({ kind, name }) => `\`${kind}/${name}\``).join(', ');
  }

  private async scope(): Promise<FenceScope> {
    return { cluster: await this.session.cluster(), ports: this.run.ports };
  }

  /** What an interrupted run has left stopped is started again. One that is in progress has the lock of the app, and is waited for. */
  async finishEarlier(): Promise<void> {
    const { ports, id, facts, config } = this.run;
    if (this.refs.length === 0) return;
    const scope = await this.scope();
    const left = async (): Promise<readonly Fenced[]> => (await findFenced(scope, this.refs, ports.cancelled)).filter(({ mark }) => mark.run !== id);
    if ((await left()).length === 0) return;
    const lock = await acquireLock(ports, scope.cluster, appLease(config.app, 'restored'), { holder: { id, url: facts.runUrl }, timeoutMs: config.lockTimeoutMs });
    try {
      for (const { message, ref } of await lowerFence(scope, (await left()).map(({ ref }) => ref))) {
        ports.log.warning(message ?? `${ref}, which an interrupted run had stopped, is started again.`);
      }
    } finally {
      await lock.release();
    }
  }

  /** @throws PreflightError when a workload cannot be stopped and started again exactly */
  async check(): Promise<void> {
    if (this.refs.length === 0) return;
    const { cluster: { api, namespace } } = await this.scope();
    // An account that is not allowed to read them gets no warning about them.
    const scalers = await api.get<List<HorizontalPodAutoscaler>>(apiPath(resources.horizontalpodautoscalers, namespace))
      .then(({ items = [] }) => items, () => []);
    const { problems, warnings } = checkFence(this.refs, scalers);
    for (const warning of warnings) this.run.ports.log.warning(warning);
    if (problems.length > 0) throw new PreflightError(problems);
  }

  /** @throws as raiseFence */
  async raise(signal: AbortSignal): Promise<void> {
    if (this.refs.length === 0) return;
    await raiseFence(await this.scope(), this.refs, { run: this.run.id, forMs: limitMs, signal });
  }

  /** Does not reject. @returns what could not be started again, in sentences with the commands to do it */
  async lower(): Promise<readonly string[]> {
    if (this.refs.length === 0) return [];
    const lowered = await lowerFence(await this.scope(), this.refs, this.run.id);
    const notes = lowered.flatMap(({ message, commands = [] }) => (message === undefined ? [] : [[message, ...commands].join('\n')]));
    for (const note of notes) this.run.ports.log.warning(note);
    return notes;
  }

  async untilReady(signal: AbortSignal): Promise<void> {
    if (this.refs.length > 0) await untilReady(await this.scope(), this.refs, limitMs, signal);
  }

  /** The smoke checks of the app, through its Services and URLs. @throws RolloutError smoke-failed */
  async smoke(cancelled: AbortSignal): Promise<void> {
    const { ports, config } = this.run;
    const isInCluster = config.smoke.some(({ target }) => target.type !== 'url');
    const cluster = isInCluster ? await this.session.cluster() : undefined;
    const services = cluster ? (await cluster.api.get<List<Service>>(apiPath(resources.services, cluster.namespace))).items ?? [] : [];
    await smoke(ports, {
      ...cluster && { api: cluster.api }, namespace: cluster?.namespace ?? '', services, podsBehind: () => [], isServed: () => false,
      news: async (signal) => { await ports.clock.sleep(1000, signal); },
    }, config.smoke, cancelled);
  }
}
