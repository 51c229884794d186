import { DeployError } from '../outcome/errors.js';
import type { Span } from '../outcome/outcome.js';
import type { PlanStep } from '../outcome/plan.js';
import type { StageName } from '../outcome/verdict.js';
import { asDeployError } from './failure.js';
import { msSince, type Run } from './run.js';

/** One part of a run. It passes its results on in slots. */
export interface Stage {
  readonly name: StageName;
  /** For the timeline: `test gate`. */
  readonly label: string;
  /** Names several stages that are of one thing, such as a database: when one fails, those of others still run. Others do not run after a failure. */
  readonly of?: string;
  /** What a dry run prints of it. */
  readonly steps: readonly PlanStep[];
  run(): Promise<void>;
  /**
   * Undoes what `run` may have done, however far it got. When a stage fails, it is called for every stage that was started,
   * last one first. It reports through its slot. If one throws, the others are still undone.
   */
  undo?(failure: DeployError): Promise<void>;
}

/** A result that one stage passes on to later ones, and to the end of the run. Empty until then. */
export class Slot<T> {
  private kept: T | undefined;

  get value(): T | undefined {
    return this.kept;
  }

  set(value: T): void {
    this.kept = value;
  }
}

export interface StagesResult {
  readonly spans: readonly Span[];
  readonly failure?: { readonly stage: StageName; readonly error: DeployError };
  /** The undos that threw: what their stages did may still be in place. */
  readonly failedUndos?: readonly FailedUndo[];
}

export interface FailedUndo {
  readonly stage: StageName;
  readonly error: DeployError;
}

/** Of several independent stages. The first one names the cause. */
class SeveralErrors extends DeployError {
  constructor(errors: readonly DeployError[]) {
    const hints = [...new Set(errors.map(({ hint }) => hint))];
    super(errors[0]?.code ?? 'unexpected', errors.map(({ message }) => message).join('\n'), { hint: hints.join('\n'), evidence: errors.flatMap(({ evidence }) => evidence) });
  }
}

/** Runs the stages in order until one fails, and of others what is independent of it; then undoes those that were started, last first. Never rejects. */
export async function runStages(stages: readonly Stage[], run: Pick<Run, 'ports' | 'startedAt' | 'announce'>): Promise<StagesResult> {
  const spans: Span[] = [];
  const started: Stage[] = [];
  const failures: { readonly of?: string; readonly stage: StageName; readonly error: DeployError }[] = [];
  for (const stage of stages) {
    const isIndependent = failures.every(({ of }) => of !== undefined && of !== stage.of) && stage.of !== undefined;
    if (failures.length > 0 && (run.ports.cancelled.aborted || !isIndependent)) continue;
    const [{ name, label }, startMs] = [stage, msSince(run)];
    const end = (result: Span['result']): void => {
      const span: Span = { stage: name, label, startMs, endMs: msSince(run), result };
      spans.push(span);
      run.announce({ kind: 'stage-ended', span });
    };
    run.announce({ kind: 'stage-started', stage: name, label, atMs: startMs });
    started.unshift(stage);
    try {
      await stage.run();
      end('ok');
    } catch (thrown) {
      const error = asDeployError(thrown);
      end('failed');
      failures.push({ of: stage.of, stage: error.stage ?? name, error });
    }
  }
  const [first, ...others] = failures;
  if (!first) return { spans };
  const { stage } = first;
  const error = others.length === 0 ? first.error : new SeveralErrors(failures.map((each) => each.error));
  if (started.some(({ undo }) => undo)) run.announce({ kind: 'undo-started', stage, cause: error.code, message: error.message, atMs: msSince(run) });
  return { ...await undoAll(started, error), spans, failure: { stage, error } };
}

async function undoAll(started: readonly Stage[], failure: DeployError): Promise<Pick<StagesResult, 'failedUndos'>> {
  const failedUndos: FailedUndo[] = [];
  for (const stage of started) {
    try {
      await stage.undo?.(failure);
    } catch (thrown) {
      failedUndos.push({ stage: stage.name, error: asDeployError(thrown) });
    }
  }
  return failedUndos.length > 0 ? { failedUndos } : {};
}
