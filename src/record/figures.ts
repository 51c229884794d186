import { sameRepository } from '../image/reference.js';
import type { Figures, Middle } from '../outcome/figures.js';
import type { PastRun } from './ledger.js';

const dayMs = 86_400_000;
const weekMs = 7 * dayMs;
/** What is older says nothing about how an app is delivered now. */
const windowMs = 90 * dayMs;
/** Weeks of the chart: those of the window. */
const mostWeeks = 12;
/** A number for each week needs some weeks that it holds for. */
const frequencyFromMs = 2 * weekMs;
/** One run is no rate. */
const fewestForRate = 2;

interface Timed {
  readonly run: PastRun;
  /** ms since 1970: when the change was made, and when its result was known. */
  readonly at: number;
  readonly endedAt: number;
}

/** A change that failed, and when there was a verified state again; undefined while there is none. */
interface Failure {
  readonly change: Timed;
  readonly restoredAt?: number;
}

/**
 * The figures of the last 90 days; undefined where no run is known.
 *
 * A change is a run that changed the target in order to deploy a version. It failed if its version was rolled back by the run
 * itself, could not be verified, or was rolled back by the next run. A run that somebody cancelled says nothing about its version.
 *
 * @param past of one repository, in any order
 * @param now ms since 1970
 */
export function figuresOf(past: readonly PastRun[], now: number): Figures | undefined {
  const runs = past.map(timed).filter((each) => each !== undefined).filter(({ endedAt }) => endedAt <= now).sort((a, b) => a.endedAt - b.endedAt);
  const recent = runs.filter(({ at }) => at > now - windowMs);
  const changes = recent.filter(isChange);
  const [first] = recent;
  if (!first) return undefined;
  const since = runs[0] === first ? first.at : now - windowMs;
  const deployed = changes.filter(({ run }) => run.result === 'verified');
  const failures = failuresIn(recent);
  const restored = failures.flatMap(({ change, restoredAt }) => (restoredAt === undefined ? [] : [restoredAt - change.at]));
  return {
    since: iso(since), until: iso(now), changes: changes.length, deployments: deployed.length,
    failures: failures.length, unrestored: failures.length - restored.length,
    ...(now - since >= frequencyFromMs && deployed.length > 0 && { perWeek: deployed.length / ((now - since) / weekMs) }),
    ...some('leadTime', leadTimes(deployed)), ...(changes.length >= fewestForRate && { failureRate: failures.length / changes.length }), ...some('restore', restored),
    weeks: weeksOf(deployed, failures, since, now),
  };
}

/** The runs of one repository. Two apps with the same name share a record. */
export function pastOf(past: readonly PastRun[], repository: string | undefined): readonly PastRun[] {
  const isOwn = (own: string | undefined): boolean => own === undefined || repository === undefined || own === repository || sameRepository(own, repository);
  return past.filter((run) => isOwn(run.repository));
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** Undefined for one whose times or result cannot be read. */
function timed(run: PastRun): Timed | undefined {
  const [at, endedAt] = [Date.parse(run.changedAt), Date.parse(run.endedAt)];
  const isKnown = ['verified', 'restored', 'unverified'].includes(run.result);
  return isKnown && Number.isFinite(at) && Number.isFinite(endedAt) && at <= endedAt ? { run, at, endedAt } : undefined;
}

const isChange = ({ run }: Timed): boolean => run.wentBack !== true && (run.cause !== 'cancelled' || run.result === 'verified');

/** @param runs oldest first */
function failuresIn(runs: readonly Timed[]): readonly Failure[] {
  return runs.flatMap((change, index): readonly Failure[] => {
    if (!isChange(change)) return [];
    const later = runs.slice(index + 1);
    if (change.run.result === 'restored') return [{ change, restoredAt: change.endedAt }];
    if (change.run.result === 'unverified') return [{ change, restoredAt: later.find(({ run }) => run.result !== 'unverified')?.endedAt }];
    // A verified version that the next run rolls back had a fault that no check has found.
    const [next] = later;
    return next?.run.wentBack && next.run.result === 'verified' ? [{ change, restoredAt: next.endedAt }] : [];
  });
}

/** Of each commit once: deploying it again delivers nothing new. */
function leadTimes(deployed: readonly Timed[]): readonly number[] {
  const firsts = new Map<string, number>();
  for (const { run, endedAt } of deployed) {
    const committedAt = Date.parse(run.committedAt ?? '');
    const key = run.commit ?? run.id;
    if (!firsts.has(key) && Number.isFinite(committedAt) && committedAt <= endedAt) firsts.set(key, endedAt - committedAt);
  }
  return [...firsts.values()];
}

const some = <Name extends string>(name: Name, durations: readonly number[]): Partial<Record<Name, Middle>> =>
  (durations.length === 0 ? {} : { [name]: { medianMs: median(durations), of: durations.length } as Middle } as Record<Name, Middle>);

/** Of at least one. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[sorted.length / 2 - 1] ?? 0) + upper) / 2;
}

function weeksOf(deployed: readonly Timed[], failures: readonly Failure[], since: number, now: number): Figures['weeks'] {
  const count = Math.min(mostWeeks, Math.max(1, Math.ceil((now - since) / weekMs)));
  const weekOf = (at: number): number => count - 1 - Math.floor((now - at) / weekMs);
  return Array.from({ length: count }, (_, week) => ({
    deployments: deployed.filter(({ endedAt }) => weekOf(endedAt) === week).length,
    failures: failures.filter(({ change }) => weekOf(change.endedAt) === week).length,
  }));
}
