import type { Outcome } from '../outcome/outcome.js';

/**
 * The outcome with every text in it redacted. Done before anything is rendered: a secret that has been escaped for
 * markdown or JSON is no longer found.
 */
export function redactOutcome(outcome: Outcome, redact: (text: string) => string): Outcome {
  // The verdict, causes and stages are our own words: a secret that happens to be "test" may not break the contract.
  const { verdict, failure, timeline, plan } = outcome;
  const redacted = { ...redactDeep(outcome, redact) as Outcome, verdict };
  return {
    ...redacted,
    ...failure && redacted.failure ? { failure: { ...redacted.failure, cause: failure.cause, stage: failure.stage } } : {},
    timeline: redacted.timeline.map((span, index) => ({ ...span, ...own(timeline[index], ['stage', 'result']) })),
    ...plan && redacted.plan
      ? { plan: { ...redacted.plan, steps: redacted.plan.steps.map((step, index) => ({ ...step, ...own(plan.steps[index], ['stage']) })) } }
      : {},
  };
}

const own = <T extends object, K extends keyof T>(from: T | undefined, names: readonly K[]): Partial<Pick<T, K>> =>
  from ? Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, K> : {};

function redactDeep(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, redact));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, redactDeep(item, redact)]));
}
