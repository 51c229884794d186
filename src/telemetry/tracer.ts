import type { RunEvent } from '../outcome/events.js';
import type { Outcome, Span as StageSpan } from '../outcome/outcome.js';
import type { StageName } from '../outcome/verdict.js';
import type { Clock } from '../ports/clock.js';
import type { Command } from '../ports/process.js';
import type { SpanContext } from '../ports/trace.js';
import { commandName } from './command-name.js';
import type { Observation, ProgramEnd } from './observed-process.js';
import { codeOf, commandAttributes, runAttributes, runError, stageAttributes, stageError } from './attributes.js';
import type { Span } from './span.js';

/** What the trace of a run is made from. */
export interface Tracing {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** The trace, and the id of the span of the whole run. */
  readonly root: SpanContext;
  /** The span around the run, which another process records. */
  readonly parentId?: string;
  /** A new random id of a span: 16 hex digits. */
  readonly newId: () => string;
  /** The environment of a program that runs as a part of this span. */
  readonly envOf: (span: SpanContext) => Readonly<Record<string, string>>;
  readonly runId: string;
  /** Name of the pipeline that the run is one of. */
  readonly pipeline: string;
}

/** Commands that are kept. A run has some dozens, and ten for each minute that it waits for a platform. */
const mostCommands = 2000;

/** A part of the run: a stage, or the rollback after one. */
interface Part {
  readonly id: string;
  readonly startMs: number;
  readonly stage: StageName;
  ended?: { readonly atMs: number; readonly span: StageSpan };
}

interface CommandRun {
  readonly id: string;
  readonly parentId: string;
  readonly startMs: number;
  readonly program: string;
  readonly name: string;
  end?: { readonly atMs: number; readonly how: ProgramEnd };
}

/** Records the stages and the programs of one run as spans. It keeps names, times and results, and no argument of a program. */
export class Tracer {
  private readonly parts: Part[] = [];
  private readonly commands: CommandRun[] = [];
  private readonly startMs: number;
  /** Monotonic ms at `startMs`. */
  private readonly startedAt: number;
  /** The stage that runs now, or the rollback. */
  private current?: Part;
  private rollback?: Part;

  constructor(private readonly tracing: Tracing) {
    this.startMs = tracing.clock.now();
    this.startedAt = tracing.clock.monotonic();
  }

  /** What the run is doing now, for whoever continues the trace. */
  get now(): SpanContext {
    return { ...this.tracing.root, spanId: this.current?.id ?? this.tracing.root.spanId };
  }

  hear(event: RunEvent): void {
    if (event.kind === 'stage-started') this.current = this.begin(event.stage);
    else if (event.kind === 'stage-ended' && this.current) {
      this.current.ended = { atMs: this.clockMs(), span: event.span };
      this.current = undefined;
    } else if (event.kind === 'undo-started') this.current = this.rollback = this.begin('rollback');
  }

  observe({ program, args }: Pick<Command, 'program' | 'args'>): Observation {
    const { full, program: name } = commandName(program, args);
    const span = { ...this.now, spanId: this.tracing.newId() };
    const run: CommandRun = { id: span.spanId, parentId: this.now.spanId, startMs: this.clockMs(), program: name, name: full };
    if (this.commands.length < mostCommands) this.commands.push(run);
    return { env: this.tracing.envOf(span), ended: (how) => { run.end ??= { atMs: this.clockMs(), how }; } };
  }

  /** Every span of the run, the one of the whole run first. @param outcome without secrets */
  spans(outcome: Outcome): readonly Span[] {
    const { root, parentId, pipeline } = this.tracing;
    const endMs = this.clockMs();
    const parts = [...this.parts.flatMap((part) => this.spanOf(part, outcome) ?? []), ...this.unheard(outcome)];
    const error = runError(outcome);
    const whole: Span = {
      id: root.spanId, ...(parentId !== undefined && { parentId, hasRemoteParent: true }), name: `RUN ${pipeline}`, kind: 'server', startMs: this.startMs, endMs,
      attributes: runAttributes(outcome, this.tracing.runId), ...(error !== undefined && { error }),
    };
    const failed = new Set([whole, ...parts].filter((span) => span.error !== undefined).map(({ id }) => id));
    const known = new Set([whole, ...parts].map(({ id }) => id));
    return [whole, ...parts, ...this.commands.map((command) => commandSpan(command, {
      endMs, parentId: known.has(command.parentId) ? command.parentId : root.spanId, isInFailure: failed.has(command.parentId),
    }))];
  }

  private begin(stage: StageName): Part {
    const part: Part = { id: this.tracing.newId(), startMs: this.clockMs(), stage };
    this.parts.push(part);
    return part;
  }

  private spanOf(part: Part, outcome: Outcome): Span | undefined {
    if (part === this.rollback) return this.rollbackSpan(part, outcome);
    const { ended } = part;
    // A stage that was not reported to have ended was interrupted by an error of the engine.
    const span = ended?.span ?? { stage: part.stage, label: part.stage, startMs: 0, endMs: 0, result: 'failed' as const };
    return this.stageSpan(part.id, span, [part.startMs, ended?.atMs ?? this.clockMs()], outcome);
  }

  /** Undefined where nothing had to be undone and no program ran for it. */
  private rollbackSpan(part: Part, outcome: Outcome): Span | undefined {
    const reported = outcome.timeline.find(({ stage }) => stage === 'rollback');
    const own = this.commands.filter(({ parentId }) => parentId === part.id);
    if (!reported && own.length === 0) return undefined;
    const endMs = reported ? part.startMs + (reported.endMs - reported.startMs) : Math.max(...own.map(({ end, startMs }) => end?.atMs ?? startMs));
    const span: StageSpan = reported ?? { stage: 'rollback', label: 'undo', startMs: 0, endMs: 0, result: 'ok' };
    return this.stageSpan(part.id, span, [part.startMs, Math.min(endMs, this.clockMs())], outcome);
  }

  /** Parts of the timeline that were not announced: what a post step does to finish a rollback. */
  private unheard(outcome: Outcome): readonly Span[] {
    if (this.parts.length > 0) return [];
    return outcome.timeline.map((span) => this.stageSpan(this.tracing.newId(), span, [this.startMs + span.startMs, this.startMs + span.endMs], outcome));
  }

  private stageSpan(id: string, span: StageSpan, [startMs, endMs]: readonly [number, number], outcome: Outcome): Span {
    const error = span.result === 'failed' ? stageError(span, outcome) : undefined;
    return {
      id, parentId: this.tracing.root.spanId, name: span.stage, kind: 'internal', startMs, endMs,
      attributes: stageAttributes(span, outcome, this.tracing.runId), ...(error !== undefined && { error }),
    };
  }

  /** Milliseconds since 1970. A jump of the wall clock does not touch it. */
  private clockMs(): number {
    return this.startMs + this.tracing.clock.monotonic() - this.startedAt;
  }
}

/** The exit code of a program that got SIGTERM: the run itself has stopped it. */
const terminated = 143;

interface CommandPlace {
  /** Of the run, for a program that has not ended. */
  readonly endMs: number;
  readonly parentId: string;
  /** Its stage failed. */
  readonly isInFailure: boolean;
}

/**
 * An exit code other than 0 counts as an error only in a stage that failed: `git config --get` exits with 1 for a value that is not
 * set, and a registry that does not have an image is why it is built.
 */
function commandSpan({ id, startMs, program, name, end }: CommandRun, { endMs, parentId, isInFailure }: CommandPlace): Span {
  const how = end?.how;
  const isError = how?.kind === 'failed' || (how?.kind === 'exited' && how.code !== 0 && how.code !== terminated && isInFailure);
  const error = how?.kind === 'failed' ? `${name} did not run to its end: ${codeOf(how.error)}` : `${name} exited with code ${how?.code}`;
  return {
    id, parentId, name, kind: 'client', startMs, endMs: end?.atMs ?? endMs, attributes: commandAttributes(program, name, how), ...(isError && { error }),
  };
}
