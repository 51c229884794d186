import type { DeployError } from '../outcome/errors.js';
import type { Span } from '../outcome/outcome.js';
import type { StageName } from '../outcome/verdict.js';
import type { Clock } from '../ports/clock.js';
import { asDeployError } from './failure.js';

/** One part of a run. `S` is what the stages hand on; the pipeline does not look into it. */
export interface Stage<S> {
  readonly name: StageName;
  /** For the timeline: `test gate`. */
  readonly label: string;
  run(state: S): Promise<S>;
  /**
   * Takes back what `run` may have done, however far it came. Called, last stage first, for every stage that was begun
   * when one fails, with the state as that stage's successors left it. It reports in the state. One that throws all the
   * same does not keep the others from being undone.
   */
  undo?(state: S, failure: DeployError): Promise<S>;
}

export interface StagesResult<S> {
  readonly state: S;
  readonly spans: readonly Span[];
  readonly failure?: { readonly stage: StageName; readonly error: DeployError };
  /** The undos that threw: what their stages did may still be in place. */
  readonly failedUndos?: readonly FailedUndo[];
}

export interface FailedUndo {
  readonly stage: StageName;
  readonly error: DeployError;
}

/** Runs the stages in order until one fails; then undoes those that were begun, last first. Never rejects. */
export async function runStages<S>(stages: readonly Stage<S>[], initial: S, clock: Clock, startedAt: number): Promise<StagesResult<S>> {
  const spans: Span[] = [];
  const since = (): number => Math.round(clock.monotonic() - startedAt);
  let state = initial;
  const begun: Stage<S>[] = [];
  for (const stage of stages) {
    const startMs = since();
    begun.unshift(stage);
    try {
      state = await stage.run(state);
      spans.push({ stage: stage.name, label: stage.label, startMs, endMs: since(), result: 'ok' });
    } catch (thrown) {
      const error = asDeployError(thrown);
      spans.push({ stage: stage.name, label: stage.label, startMs, endMs: since(), result: 'failed' });
      const undone = await undoAll(begun, state, error);
      return { ...undone, spans, failure: { stage: error.stage ?? stage.name, error } };
    }
  }
  return { state, spans };
}

async function undoAll<S>(begun: readonly Stage<S>[], initial: S, failure: DeployError): Promise<Pick<StagesResult<S>, 'state' | 'failedUndos'>> {
  let state = initial;
  const failedUndos: FailedUndo[] = [];
  for (const stage of begun) {
    try {
      state = (await stage.undo?.(state, failure)) ?? state;
    } catch (thrown) {
      failedUndos.push({ stage: stage.name, error: asDeployError(thrown) });
    }
  }
  return failedUndos.length > 0 ? { state, failedUndos } : { state };
}
