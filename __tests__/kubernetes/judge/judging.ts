import type { KubeObject } from '../../../src/kubernetes/client/objects.js';
import type { Expectation } from '../../../src/kubernetes/judge/expectation.js';
import { judge, type Decision, type Patience } from '../../../src/kubernetes/judge/judge.js';
import { blankMemory, type Memory } from '../../../src/kubernetes/judge/memory.js';
import type { ImageChange } from '../../../src/target/set-image/image-change.js';
import { runOf } from '../../../src/kubernetes/judge/follow.js';
import { World } from '../../../src/kubernetes/observe/world.js';
import { deployment, newImage, oldImage, replicaSet, set, target } from './build.js';

export const steadyMs = 2000;
export const deadlineMs = 600_000;

export const expectation = (changes: Partial<Expectation> = {}): Expectation => ({
  generation: 2, images: new Map([['app', newImage]]), restartsBefore: new Map(), eventsBefore: new Set(), endedBefore: new Set(), progressBefore: undefined, goal: 'whole', services: [], ...changes,
});

/** Two ReplicaSets of the Deployment `api`: what was there, and what this run made. */
export const replicaSets = (): KubeObject[] => [replicaSet('rs-old', oldImage, { revision: 1 }), replicaSet('rs-new', newImage, { revision: 2 })];

export function worldOf(objects: readonly KubeObject[]): World {
  const world = new World();
  for (const object of objects) world.apply(set(object));
  return world;
}

export interface JudgeOptions {
  readonly target?: ImageChange;
  readonly expected?: Partial<Expectation>;
  readonly patience?: Partial<Patience>;
  readonly newPodsOfRun?: ReadonlySet<string>;
  /** Whether the other workloads of the run are; true unless told otherwise. */
  readonly othersRolledOut?: () => boolean;
}

/** A judge that is asked again and again, and remembers. */
export function judgeOf(world: World, options: JudgeOptions = {}): { at(ms: number): Decision } {
  const of = options.target ?? target();
  const expected = expectation(options.expected);
  const patience: Patience = { deadlineAt: deadlineMs, steadyMs, ...options.patience };
  let memory: Memory = blankMemory;
  return {
    at: (ms) => {
      const own = runOf(world, [{ workload: of, expected }]);
      const run = { newPods: options.newPodsOfRun ?? own.newPods, rolledOut: own.rolledOut && (options.othersRolledOut?.() ?? true) };
      const answer = judge(world.view(of), expected, memory, ms, patience, run);
      memory = answer.memory;
      return answer.decision;
    },
  };
}

/** A Deployment in the middle of its rollout: one of two new pods is made. */
export const midway = (...objects: readonly KubeObject[]): World => worldOf([
  deployment({ status: { updatedReplicas: 1, replicas: 3, availableReplicas: 2 } }), ...replicaSets(), ...objects,
]);

/** In one word or two what was decided: `wait`, `done`, or the cause. */
export const word = (decision: Decision): string => (decision.state === 'failed' ? decision.cause : decision.state);
export const messageOf = (decision: Decision): string => (decision.state === 'failed' ? decision.message : `(${decision.state})`);

/**
 * Looks whenever the judge asks for it, and every second as in a cluster where something always happens, until it no longer waits.
 * @returns the decision and its time in ms after the first look
 */
export function settle(asked: { at(ms: number): Decision }, newsEveryMs = 1000): { decision: Decision; atMs: number } {
  for (let at = 0, looks = 0; ; looks += 1) {
    const decision = asked.at(at);
    if (decision.state !== 'wait') return { decision, atMs: at };
    if (!(decision.recheckAt > at) || looks > 10_000) throw new Error(`asks to be looked at ${decision.recheckAt} at ${at}`);
    at = Math.min(decision.recheckAt, at + newsEveryMs);
  }
}
