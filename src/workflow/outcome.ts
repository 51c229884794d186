import type { Change, Failure, LastRun, Outcome, Recovery, RollbackReport, Span, TargetWords, Unverified, Verified } from '../outcome/outcome.js';
import type { DataReport } from '../outcome/data.js';
import type { Figures } from '../outcome/figures.js';
import type { Plan } from '../outcome/plan.js';
import type { PolicyReport } from '../outcome/policy.js';
import type { DeployError, Evidence } from '../outcome/errors.js';
import type { StageName, Verdict } from '../outcome/verdict.js';
import { formatReference, parseReference } from '../image/reference.js';
import { msSince, type Run } from './run.js';
import type { FailedUndo } from './stage.js';
import type { Undone } from '../target/target.js';

/** What is known at the end of a run, however far it got. */
export interface Ending {
  readonly failure?: { readonly stage: StageName; readonly error: DeployError };
  readonly spans: readonly Span[];
  /** The kind of target. */
  readonly target?: string;
  readonly words?: TargetWords;
  readonly namespace?: string;
  readonly reference?: string;
  readonly digest?: string;
  readonly tags?: readonly string[];
  readonly imageExisted?: boolean;
  /** What the run deploys to. */
  readonly subjects?: readonly string[];
  /** The versions at the end: those in the plan may have changed before the first change. */
  readonly rows?: readonly Change[];
  /** Commands that roll back by hand. */
  readonly undoCommands?: readonly string[];
  readonly unchanged?: boolean;
  readonly undone?: Undone;
  /** Stages whose undo threw: what they did may still be in place. */
  readonly failedUndos?: readonly FailedUndo[];
  readonly rolledOutMs?: number;
  /** What was verified of the new version. */
  readonly verified?: readonly Verified[];
  readonly unverified?: readonly Unverified[];
  readonly recovery?: Recovery;
  readonly lastRun?: LastRun;
  readonly figures?: Figures;
  readonly policy?: PolicyReport;
  readonly data?: DataReport;
  readonly plan?: Plan;
  readonly warnings: readonly string[];
}

/** `image@digest`, without the tag that the workloads name beside it; undefined while the digest is not known. */
function exact(reference: string | undefined): string | undefined {
  const parts = reference === undefined ? undefined : parseReference(reference);
  return parts && formatReference(parts.digest === undefined ? parts : { name: parts.name, digest: parts.digest });
}

export function outcomeOf(run: Run, given: Ending): Outcome {
  const ending = { ...given, undone: wholeUndo(given) };
  const verdict = verdictOf(run, ending);
  const { rows = [], undoCommands = [] } = ending;
  // A run that only tested did nothing with the image that the settings may name.
  const image = verdict === 'tested' ? {} : { reference: exact(ending.reference), digest: ending.digest, image: run.config.image };
  return {
    verdict,
    failure: ending.failure && describeFailure(ending.failure, ending.undone),
    app: run.config.app, environment: run.config.environment, environmentUrl: run.config.environmentUrl, target: ending.target, namespace: ending.namespace,
    commit: run.facts.commit, runUrl: run.facts.runUrl, actor: run.facts.actor, lastRun: ending.lastRun,
    startedAt: run.startedAtWall, durationMs: msSince(run),
    ...image, tags: ending.tags ?? [], imageExisted: ending.imageExisted,
    changes: wrote.has(verdict) ? rows : [], previous: previousOf(verdict, ending), targetWords: ending.words,
    timeline: [...ending.spans, ...rollbackSpan(ending)],
    rollback: ending.undone && ending.undone.result !== 'untouched' ? rollbackReport(ending.undone) : undefined,
    wentBack: run.action === 'rollback', ...unverifiedAtEnd(ending), verified: ending.failure ? [] : ending.verified ?? [], rolledOutMs: ending.rolledOutMs, recovery: ending.recovery,
    undoCommands: verdict === 'deployed' || verdict === 'rollback-failed' ? undoCommands : [],
    warnings: ending.warnings, policy: ending.policy, data: ending.data, figures: ending.figures,
    plan: verdict === 'planned' ? ending.plan : undefined,
  };
}

/** Verdicts of runs that changed something. What a dry run would change is in its plan. */
const wrote: ReadonlySet<Verdict> = new Set(['deployed', 'rolled-back', 'rollback-failed']);

/** A run that changes nothing has read the versions for its plan. */
function previousOf(verdict: Verdict, { rows = [], plan }: Ending): string[] {
  const known = wrote.has(verdict) ? rows : verdict === 'unchanged' || verdict === 'planned' ? plan?.changes ?? [] : [];
  return [...new Set(known.map(({ before }) => before))];
}

function verdictOf(run: Run, ending: Ending): Verdict {
  if (!ending.failure) return ending.unchanged ? 'unchanged' : run.config.dryRun ? 'planned' : doneBy(run, ending);
  if (!ending.undone || ending.undone.result === 'untouched') return 'failed';
  return ending.undone.result === 'restored' ? 'rolled-back' : 'rollback-failed';
}

/** The verdict of a run in which nothing failed: without workloads nothing was deployed. */
function doneBy({ action, config }: Run, { subjects = [] }: Ending): Verdict {
  if (action === 'backup') return 'backed-up';
  if (action === 'restore') return 'restored';
  return subjects.length > 0 ? 'deployed' : config.build ? 'built' : 'tested';
}

/** The result of all undos together: after an undo that threw, nothing is known of what its stage did. */
function wholeUndo({ undone, failedUndos = [] }: Ending): Undone | undefined {
  if (failedUndos.length === 0) return undone;
  const others = undone ?? { notes: [], evidence: [], untouched: [] };
  return {
    ...others, result: 'failed',
    notes: [...others.notes, ...failedUndos.map(({ stage, error }) => `Undoing the stage ${stage} failed: ${error.message}`)],
    evidence: [...others.evidence, ...failedUndos.flatMap(({ error }) => error.evidence)],
  };
}

/** Where nothing runs with the version at the end: after a rollback, with the restored one. */
function unverifiedAtEnd({ undone, unverified: released, subjects = [] }: Ending): Pick<Outcome, 'unverified' | 'nothingRuns'> {
  const unverified = (undone ? undone.unverified : released) ?? [];
  return { unverified, nothingRuns: subjects.length > 0 && subjects.every((each) => unverified.some(({ subject }) => subject === each)) };
}

/** The rollback is not a stage: on the timeline it follows the stage that failed. */
function rollbackSpan({ spans, undone }: Ending): Span[] {
  const tookMs = undone?.tookMs ?? undone?.restoredAfterMs;
  if (!undone || undone.result === 'untouched' || tookMs === undefined || spans.some(({ stage }) => stage === 'rollback')) return [];
  const startMs = spans.at(-1)?.endMs ?? 0;
  const endMs = Math.round(startMs + tookMs);
  return [{ stage: 'rollback', label: 'rollback', startMs, endMs, result: undone.result === 'restored' ? 'ok' : 'failed' }];
}

function describeFailure({ stage, error }: NonNullable<Ending['failure']>, undone: Undone | undefined): Failure {
  const { code, message, hint, place } = error;
  const evidence = [...error.evidence, ...(undone?.evidence ?? [])];
  return { cause: code, stage, message: withReason(message, evidence), hint, evidence, ...(place && { place }) };
}

/** The message with the line of the log that says why, as whoever reads it must not have to look for it. */
function withReason(message: string, evidence: readonly Evidence[]): string {
  const decisive = evidence.find((piece) => piece.decisive !== undefined)?.decisive;
  return decisive === undefined || message.includes(decisive) ? message : `${message} Its log says: \`${decisive}\``;
}

const rollbackReport = (undone: Undone): RollbackReport => ({
  restoredAfterMs: undone.restoredAfterMs, verifiedAfterMs: undone.verifiedAfterMs, notes: undone.notes,
  ...(undone.nothingGood && { nothingGood: true }), ...(undone.continued && { continued: true }),
});
