import { causes } from '../outcome/causes.js';
import type { Change, Outcome } from '../outcome/outcome.js';
import { plainText } from '../outcome/plain.js';

type Redact = (text: string) => string;

/**
 * Fields that later steps rely on: verdicts, causes, stages, references and names. They are not secrets, and are not
 * redacted even when a secret happens to be "test".
 */
const contract: ReadonlySet<string> = new Set([
  'verdict', 'cause', 'stage', 'result', 'startedAt', 'runId', 'runUrl', 'app', 'environment', 'namespace', 'commit',
  'image', 'digest', 'reference', 'tags', 'subject', 'part', 'before', 'after', 'now', 'previous', 'targetWords', 'rule', 'level', 'database', 'backup', 'manifest', 'kept',
]);

/**
 * The outcome with every other text redacted, including those of fields added later. Done before anything is rendered: a
 * secret that was escaped for markdown or JSON is no longer found. No text can steer a terminal; a secret that is whole
 * only without its escape sequences is hidden too.
 */
export const redactOutcome = (outcome: Outcome, redact: Redact): Outcome =>
  mapTexts(outcome, (text) => redact(plainText(redact(text)))) as Outcome;

function mapTexts(value: unknown, shown: Redact): unknown {
  if (typeof value === 'string') return shown(value);
  if (Array.isArray(value)) return value.map((each) => mapTexts(each, shown));
  if (typeof value !== 'object' || value === null) return value;
  // A Role must be applied as it is, and contains no text from outside.
  if ('ours' in value && value.ours === true) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapTexts(inner, contract.has(key) ? plainText : shown)]));
}

/** The outcome without free text: only verdict, cause and references are left, so there is nothing to search for secrets. */
export const withoutTexts = ({ failure, rollback, recovery, plan: _plan, policy: _policy, check: _check, data: _data, ...outcome }: Outcome): Outcome => ({
  ...outcome, timeline: [], undoCommands: [], warnings: [],
  ...failure && { failure: { cause: failure.cause, stage: failure.stage, message: 'The message could not be rendered.', hint: causes[failure.cause].hint, evidence: [] } },
  ...rollback && { rollback: { ...rollback, notes: [] } },
  ...recovery && { recovery: { ...recovery, notes: [] } },
});

/** What is never redacted, also inside sentences and commands: references, names, and text that must be applied as it is. */
export function wordsToKeep(outcome: Outcome): readonly string[] {
  const { plan, failure, check: { environments } = { environments: [] } } = outcome;
  const plans = [plan, ...environments.map((each) => each.plan)].filter((each) => each !== undefined);
  const ofChange = ({ subject, part, before, after, now }: Change) => [subject, part, before, after, now];
  const attached = environments.flatMap(({ problems }) => problems.flatMap(({ attachment }) => attachment ?? []));
  const ours = [...failure?.evidence ?? [], ...attached].filter((piece) => piece.ours).map(({ text }) => text);
  return [
    outcome.app, outcome.environment, outcome.namespace, outcome.commit, outcome.runUrl, outcome.reference, outcome.digest, outcome.image, ...outcome.tags,
    ...outcome.previous, ...outcome.changes.flatMap(ofChange),
    ...plans.flatMap(({ reference, changes }) => [reference, ...changes.flatMap(ofChange)]),
    ...environments.flatMap(({ environment, namespace, image }) => [environment, namespace, image]),
    ...ours, ...ours.flatMap((text) => text.split('\n')),
  ].filter((word) => word !== undefined);
}
