import { RolloutError } from '../../outcome/errors.js';
import type { Cause } from '../../outcome/causes.js';
import { sentence } from '../../outcome/wording.js';
import type { Ports } from '../../ports/ports.js';
import type { Pod } from '../client/objects.js';
import type { Expectation } from './expectation.js';
import { judge, wholeRun, type Decision, type Patience, type Suspect, type WholeRun } from './judge.js';
import { blankMemory, type Memory } from './memory.js';
import type { Watched } from '../observe/watching.js';
import type { World } from '../observe/world.js';
import type { ObservedWorkload } from '../observe/workload.js';

/** @typeParam W what the caller knows about the workload beyond ObservedWorkload */
export interface Followed<W extends ObservedWorkload = ObservedWorkload> {
  readonly workload: W;
  readonly expected: Expectation;
}

/** A workload that failed, with the pod to gather evidence from. */
export interface FailedWorkload {
  readonly workload: ObservedWorkload;
  readonly cause: Cause;
  readonly message: string;
  readonly pod?: Pod;
  readonly container?: string;
  readonly hint?: string;
}

/** The judge found that the rollout failed. `failed` holds every workload that had failed at that moment, in the order of the settings. */
export class FailedRollout extends RolloutError {
  constructor(readonly failed: readonly FailedWorkload[]) {
    const [first] = failed;
    super(first?.cause ?? 'deadline', failed.map((each) => sentence(each.message)).join(' '), { hint: first?.hint });
  }
}

/**
 * Watches all workloads of a run until every one is done or the first has failed.
 * @param stage first word of the progress lines
 * @returns monotonic ms at which the controllers had finished, before the endpoints were verified
 * @throws FailedRollout; what `signal` aborts with
 */
export async function follow(
  ports: Ports, watched: Watched, followed: readonly Followed[], patience: Patience, stage: string, signal: AbortSignal | undefined,
): Promise<{ readonly rolledOutAt: number }> {
  let rolledOutAt: number | undefined;
  for await (const { at, judged } of looks(ports, watched, followed, patience, stage, signal)) {
    for (const { workload, decision } of judged) ports.log.progress(stage, workload.ref, decision.progress);
    if (judged.every(({ decision }) => decision.state === 'done' || decision.rolledOut)) rolledOutAt ??= at;
    else rolledOutAt = undefined;
    if (judged.every(({ decision }) => decision.state === 'done')) return { rolledOutAt: rolledOutAt ?? at };
  }
  throw new Error('the watches have ended');
}

/**
 * Keeps watching workloads that are rolled out while their smoke checks run. It never resolves.
 * @throws FailedRollout; what `signal` aborts with
 */
export async function guard(
  ports: Ports, watched: Watched, followed: readonly Followed[], patience: Patience, stage: string, signal: AbortSignal,
): Promise<never> {
  for await (const { at } of looks(ports, watched, followed, patience, stage, signal)) {
    if (at < patience.deadlineAt) continue;
    throw new FailedRollout(followed.slice(0, 1).map(({ workload }) => ({
      workload, cause: 'deadline', message: `the smoke checks of ${workload.ref} did not finish before the deadline`, pod: watched.world.view(workload).newPods[0],
    })));
  }
  throw new Error('the watches have ended');
}

interface Look {
  /** Monotonic ms. */
  readonly at: number;
  readonly judged: readonly { readonly workload: ObservedWorkload; readonly decision: Exclude<Decision, { readonly state: 'failed' }> }[];
}

/** One look at all workloads after each change of them, as long as the caller iterates. Throws FailedRollout. */
async function* looks(
  ports: Ports, watched: Watched, followed: readonly Followed[], patience: Patience, stage: string, signal: AbortSignal | undefined,
): AsyncGenerator<Look, void> {
  const waited = followed.filter(({ workload }) => workload.kind !== 'cronjob');
  const memories = new Map<string, Memory>();
  const warned = new Set<string>();
  const warnOnce = ({ key, message }: Suspect): void => {
    if (!warned.has(key)) ports.log.warning(sentence(message), { title: 'The rollout is delayed' });
    warned.add(key);
  };
  for (;;) {
    const at = ports.clock.monotonic();
    if (!watched.sees() && at < patience.deadlineAt) {
      // Without watches nothing is known, and controllers recover later than the API server: all times start over.
      for (const [ref, { wasHeld }] of memories) memories.set(ref, { ...blankMemory, wasHeld });
      yield { at, judged: waited.map(({ workload }) => ({ workload, decision: blind(patience) })) };
      await watched.news(Math.min(quietMs, patience.deadlineAt - at), signal);
      continue;
    }
    const run = runOf(watched.world, waited);
    const decisions = waited.map(({ workload, expected }) => {
      const { decision, memory } = judge(watched.world.view(workload), expected, memories.get(workload.ref) ?? blankMemory, at, patience, run);
      memories.set(workload.ref, memory);
      if (decision.state === 'wait') for (const suspect of decision.suspects) warnOnce(suspect);
      return { workload, decision };
    });
    const failed = decisions.flatMap(({ workload, decision }) => (decision.state === 'failed' ? [{ workload, ...decision }] : []));
    if (failed.length > 0) throw new FailedRollout(failed);
    const judged = decisions.flatMap(({ workload, decision }) => (decision.state === 'failed' ? [] : [{ workload, decision }]));
    yield { at, judged };
    const leftMs = patience.deadlineAt > at ? patience.deadlineAt - at : Infinity;
    await watched.news(Math.min(quietMs, leftMs, nextLook(judged.map(({ decision }) => decision)) - at), signal);
    // Changes of many workloads come in bursts: one look covers a burst.
    await ports.clock.sleep(Math.min(maxBurstMs, 2 * waited.length), signal);
  }
}

const blind = ({ deadlineAt }: Patience): Look['judged'][number]['decision'] =>
  ({ state: 'wait', progress: 'the API server does not answer', rolledOut: false, suspects: [], recheckAt: deadlineAt });

const maxBurstMs = 100;
/** Without any change it looks after that time. */
const quietMs = 60_000;

const nextLook = (decisions: readonly Decision[]): number => Math.min(...decisions.map((decision) => (decision.state === 'wait' ? decision.recheckAt : Infinity)));

export const runOf = (world: World, followed: readonly Followed[]): WholeRun =>
  wholeRun(followed.map(({ workload: target, expected }) => ({ view: world.view(target), expected })));
