import type { Outcome, Recovery, TargetWords } from '../outcome/outcome.js';
import type { Plan } from '../outcome/plan.js';
import type { PolicyReport } from '../outcome/policy.js';
import { outcomeOf, type Ending } from './outcome.js';
import type { Run } from './run.js';
import { runStages, type Stage } from './stage.js';

/** What a run is going to do: known once everything is read, and before anything is changed. */
export interface Prepared {
  readonly plan: Plan;
  /** Those whose steps are in the plan, in order. */
  readonly stages: readonly Stage[];
  /** What is known of the end before any stage ran. */
  readonly known: Partial<Ending>;
  /** What the stages have left in their slots, read once they have ended. */
  ending(): Promise<Partial<Ending>>;
  close(): Promise<void>;
}

/** What is found while a run is prepared. It is reported even if the preparation fails. */
export interface Found {
  /** What is deployed, once it is known: records and reports name its commit, not that of the event. */
  deployed?: { readonly commit: string | undefined; /** Seconds since 1970. */ readonly committedAt?: number };
  /** How an earlier run was finished. */
  recovery?: Recovery;
  /** Of the kind of target that the settings name. */
  words?: TargetWords;
  /** What the policy rules found. */
  policy?: PolicyReport;
}

/** Reads everything that a run needs, side by side, and reports all problems at once. */
export type Prepare = (run: Run, found: Found) => Promise<Prepared>;

/** Prepares a run and runs its stages. Every result, also a failure, is an outcome; it does not reject. */
export async function conduct(given: Run, prepare: Prepare): Promise<Outcome> {
  const found: Found = {};
  let prepared: Prepared | undefined;
  const preflight: Stage = { name: 'preflight', label: 'preflight', steps: [], run: async () => { prepared = await prepare(given, found); } };
  const looked = await runStages([preflight], given);
  const run = named(given, found);
  try {
    const before: Ending = { spans: looked.spans, warnings: prepared?.plan.warnings ?? [], recovery: found.recovery, words: found.words, policy: found.policy };
    if (looked.failure || !prepared) return outcomeOf(run, { ...before, failure: looked.failure, warnings: [] });
    return outcomeOf(run, await perform(run, prepared, before));
  } finally {
    await prepared?.close();
  }
}

/** The run with the commit of what it deploys, or with none if that is not known. */
export const named = (run: Run, { deployed }: Found): Run => (deployed ? { ...run, facts: { ...run.facts, ...deployed } } : run);

async function perform(run: Run, { plan, stages, known, ending }: Prepared, looked: Ending): Promise<Ending> {
  for (const warning of plan.warnings) run.ports.log.warning(warning);
  run.announce({ kind: 'planned', plan, ...run.facts.commit !== undefined && { commit: run.facts.commit } });
  const before: Ending = { ...looked, ...known, plan };
  if (run.config.dryRun) return before;
  const result = await runStages(stages, run);
  const after = await ending();
  return {
    ...before, ...after, failure: result.failure, failedUndos: result.failedUndos, spans: [...looked.spans, ...result.spans],
    recovery: after.recovery ?? looked.recovery, warnings: [...new Set([...looked.warnings, ...after.warnings ?? []])],
  };
}
