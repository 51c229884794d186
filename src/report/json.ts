import type { Outcome } from '../outcome/outcome.js';
import type { Figures, Middle } from '../outcome/figures.js';
import type { Plan } from '../outcome/plan.js';
import type { PolicyReport } from '../outcome/policy.js';
import { isSuccess } from '../outcome/verdict.js';
import { dataValue } from './data.js';
import type { Report, ReportedFigures, ReportedPlan } from './schema.js';

/**
 * The report as a value for JSON, as ./schema.ts declares it. Every field is always there, `null` where there is nothing to
 * say, so a reader need not test whether it exists.
 */
export function reportValue(outcome: Outcome): Report {
  return {
    schema: 1,
    verdict: outcome.verdict,
    success: isSuccess(outcome.verdict),
    app: outcome.app,
    environment: outcome.environment ?? null,
    environmentUrl: outcome.environmentUrl ?? null,
    target: outcome.target ?? null,
    namespace: outcome.namespace ?? null,
    commit: outcome.commit ?? null,
    runUrl: outcome.runUrl ?? null,
    actor: outcome.actor ?? null,
    lastRun: lastRunValue(outcome),
    startedAt: new Date(outcome.startedAt).toISOString(),
    durationMs: Math.round(outcome.durationMs),
    image: outcome.image ?? null,
    digest: outcome.digest ?? null,
    reference: outcome.reference ?? null,
    tags: outcome.tags,
    changes: outcome.changes.map(({ subject: workload, part: container, before, after, now }) => ({ workload, container, before, after, now: now ?? null })),
    timeline: outcome.timeline.map(({ stage, label, startMs, endMs, result }) =>
      ({ stage, label, startMs: Math.round(startMs), endMs: Math.round(endMs), result })),
    failure: failureValue(outcome),
    rolledOutMs: outcome.rolledOutMs ?? null,
    verified: (outcome.verified ?? []).map(({ what, seen }) => ({ what, seen })),
    unverified: (outcome.unverified ?? []).map(({ subject: workload, reason }) => ({ workload, reason })),
    rollback: rollbackValue(outcome),
    recovery: recoveryValue(outcome),
    undoCommands: outcome.undoCommands,
    warnings: outcome.warnings,
    figures: outcome.figures ? figuresValue(outcome.figures) : null,
    policy: policyValue(outcome.policy),
    plan: outcome.plan ? planValue(outcome.plan) : null,
    data: dataValue(outcome.data),
    check: checkValue(outcome),
  };
}

/** The text of report.json. */
export const reportJson = (outcome: Outcome): string => `${JSON.stringify(reportValue(outcome), null, 2)}\n`;

function failureValue({ failure }: Outcome): Report['failure'] {
  if (!failure) return null;
  const { cause, stage, message, hint, place } = failure;
  const evidence = failure.evidence.map(({ title, text }) => ({ title, text }));
  return { cause, stage, message, hint, evidence, place: place ? { file: place.file, line: place.line } : null };
}

function rollbackValue({ rollback }: Outcome): Report['rollback'] {
  if (!rollback) return null;
  const whole = (ms: number | undefined) => (ms === undefined ? null : Math.round(ms));
  const { restoredAfterMs, verifiedAfterMs, continued = false, notes } = rollback;
  return { restoredAfterMs: whole(restoredAfterMs), verifiedAfterMs: whole(verifiedAfterMs), continued, notes };
}

function recoveryValue({ recovery }: Outcome): Report['recovery'] {
  if (!recovery) return null;
  const { runId, runUrl, startedAt, result, notes } = recovery;
  return { runId, runUrl: runUrl ?? null, startedAt, result, notes };
}

/** The figures as a value for JSON: also in the history of an app. */
export function figuresValue(figures: Figures): ReportedFigures {
  const middle = (of: Middle | undefined) => (of ? { medianMs: Math.round(of.medianMs), of: of.of } : null);
  const { since, until, changes, deployments, failures, unrestored, weeks } = figures;
  return {
    since, until, changes, deployments, perWeek: rounded(figures.perWeek), leadTime: middle(figures.leadTime), failures,
    failureRate: rounded(figures.failureRate), restore: middle(figures.restore), unrestored,
    weeks: weeks.map((week) => ({ deployments: week.deployments, failures: week.failures })),
  };
}

/** To three digits after the point: more would say more than is known. */
const rounded = (value: number | undefined): number | null => (value === undefined ? null : Math.round(value * 1000) / 1000);

function lastRunValue({ lastRun }: Outcome): Report['lastRun'] {
  return lastRun ? { failed: lastRun.failed, runUrl: lastRun.runUrl ?? null, startedAt: lastRun.startedAt } : null;
}

function policyValue(policy: PolicyReport | undefined): Report['policy'] {
  if (!policy) return null;
  return {
    findings: policy.findings.map(({ rule, level, subject, container, item, path, message, fix, place, exception }) => ({
      rule, level, subject, container: container ?? null, item: item ?? null, path: path ?? null, message, fix,
      place: place ? { file: place.file, line: place.line } : null, exception: exception ? { reason: exception.reason, until: exception.until } : null,
    })),
    notes: policy.notes,
  };
}

function checkValue({ check, commentUrl }: Outcome): Report['check'] {
  if (!check) return null;
  return {
    origin: check.origin, commentUrl: commentUrl ?? null,
    environments: check.environments.map(({ environment, app, plan, problems, warnings, policy, differences, calendar, leftOut }) => ({
      environment: environment ?? null, app, plan: plan ? planValue(plan) : null,
      problems: problems.map(({ cause, message, hint }) => ({ cause, message, hint: hint ?? null })),
      warnings, policy: policyValue(policy),
      differences: differences.map(({ subject: workload, old, new: now, note }) => ({ workload, old, new: now, note: note ?? null })),
      calendar, leftOut,
    })),
    baseImages: check.baseImages.map(({ dockerfile, changes, unknown }) => ({
      dockerfile, unknown: unknown ?? null, changes: changes.map(({ stage, old, new: now }) => ({ stage, old: old ?? null, new: now ?? null })),
    })),
    leftOut: check.leftOut,
  };
}

/** The plan as a value for JSON: also the output `plan`. */
export function planValue(plan: Plan): ReportedPlan {
  return {
    app: plan.app,
    environment: plan.environment ?? null,
    namespace: plan.namespace ?? null,
    reference: plan.reference ?? null,
    steps: plan.steps.map(({ stage, title, commands }) => ({ stage, title, commands })),
    changes: plan.changes.map(({ subject: workload, part: container, before, after }) => ({ workload, container, before, after })),
    rollback: plan.rollback ? { possible: plan.rollback.possible, reason: plan.rollback.reason } : null,
    warnings: plan.warnings,
    notifications: plan.notifications,
  };
}
