import { causes } from '../outcome/causes.js';
import type { Change, Outcome } from '../outcome/outcome.js';
import type { Plan } from '../outcome/plan.js';

type Redact = (text: string) => string;

/**
 * The outcome with every sentence and every text of others redacted. Done before anything is rendered: a secret that has been
 * escaped for markdown or JSON is no longer found. Verdict, cause, stages, references and names are the contract with later
 * steps: they are no secrets, and stay as they are even when a secret happens to be "test".
 */
export function redactOutcome(outcome: Outcome, redact: Redact): Outcome {
  const { failure, rollback, recovery, plan } = outcome;
  const all = (texts: readonly string[]): readonly string[] => texts.map(redact);
  return {
    ...outcome,
    timeline: outcome.timeline.map((span) => ({ ...span, label: redact(span.label) })),
    undoCommands: all(outcome.undoCommands),
    warnings: all(outcome.warnings),
    ...failure && {
      failure: {
        ...failure, message: redact(failure.message), hint: redact(failure.hint),
        evidence: failure.evidence.map((piece) => (piece.ours ? piece : { ...piece, title: redact(piece.title), text: redact(piece.text) })),
      },
    },
    ...rollback && { rollback: { ...rollback, notes: all(rollback.notes) } },
    ...recovery && { recovery: { ...recovery, notes: all(recovery.notes) } },
    ...plan && { plan: redactPlan(plan, redact) },
  };
}

function redactPlan(plan: Plan, redact: Redact): Plan {
  return {
    ...plan,
    steps: plan.steps.map((step) => ({ ...step, title: redact(step.title), commands: step.commands.map(redact) })),
    warnings: plan.warnings.map(redact),
    ...plan.rollback && { rollback: { ...plan.rollback, reason: redact(plan.rollback.reason) } },
  };
}

/** The outcome without any text: nothing is left in it to be searched for secrets, and verdict, cause and references are. */
export const withoutTexts = ({ failure, rollback, recovery, plan: _plan, ...outcome }: Outcome): Outcome => ({
  ...outcome, timeline: [], undoCommands: [], warnings: [],
  ...failure && { failure: { cause: failure.cause, stage: failure.stage, message: 'The message could not be rendered.', hint: causes[failure.cause].hint, evidence: [] } },
  ...rollback && { rollback: { ...rollback, notes: [] } },
  ...recovery && { recovery: { ...recovery, notes: [] } },
});

/** What of an outcome stays whole, also inside of sentences and commands: its references and names, and what is to be applied as it is. */
export function wordsToKeep(outcome: Outcome): readonly string[] {
  const { plan, failure } = outcome;
  const ofChange = ({ workload, container, before, after, now }: Change) => [workload, container, before, after, now];
  const ours = (failure?.evidence ?? []).filter((piece) => piece.ours).map(({ text }) => text);
  return [
    outcome.app, outcome.environment, outcome.namespace, outcome.commit, outcome.runUrl, outcome.reference, outcome.digest, outcome.image, ...outcome.tags,
    ...outcome.changes.flatMap(ofChange), ...plan ? [plan.reference, ...plan.changes.flatMap(ofChange)] : [],
    ...ours, ...ours.flatMap((text) => text.split('\n')),
  ].filter((word) => word !== undefined);
}
