import { recordable } from '../check/smoke/recorded.js';
import { ClusterError } from '../outcome/errors.js';
import type { PlannedChange } from '../outcome/plan.js';
import { asOf, previousRelease } from '../record/history.js';
import type { Content, Release, RunRecord } from '../record/ledger.js';
import { listReleases } from '../record/releases.js';
import type { Change, Report } from './target.js';
import type { Given } from './under-lock.js';

/* Everything that a change sets, in rows: where, what was there before, and what is set. */

/** What is there before the change or after it, as a record has it. What was there before may not be known. */
export const versionsOf = (rows: readonly PlannedChange[], which: 'before' | 'after'): Content[] =>
  rows.flatMap(({ subject, part, [which]: version }) => (version === '' && which === 'before' ? [] : [{ subject, part, version }]));

/** What the record of a run holds of its change. */
export function recordOf(change: Pick<Change, 'recorded'>, { config, ports }: Given): Pick<RunRecord, 'target' | 'before' | 'after' | 'checks' | 'passedBefore'> {
  const { target, rows, passedBefore } = change.recorded();
  const checks = recordable(config.smoke, ports.log);
  return { target, before: versionsOf(rows, 'before'), after: versionsOf(rows, 'after'), checks, passedBefore: checks.filter((text) => passedBefore.has(text)) };
}

/** Subjects that hold something of this change now; also those that cannot be read, as that is no proof. */
export function changedOf(change: Pick<Change, 'mayHaveChanged'>, { rows }: Report): ReadonlySet<string> {
  return new Set(rows.filter(({ subject, before, now }) => change.mayHaveChanged(subject) && now !== before).map(({ subject }) => subject));
}

/**
 * Fails a run that was planned from other versions than the current ones: the release to restore was chosen by them.
 * @throws ClusterError superseded; nothing has been changed
 */
export function asPlanned(planned: readonly PlannedChange[], now: readonly PlannedChange[]): void {
  const differences = planned.flatMap(({ subject, part, before }, index) => {
    const found = now[index]?.before;
    const place = part === '' ? subject : `${subject}:${part}`;
    return found === before ? [] : [`${place} was ${before || 'not known'} when the rollback was planned, and is ${found || 'not known'} now`];
  });
  if (differences.length === 0) return;
  throw new ClusterError('superseded', `Something else was deployed meanwhile: ${differences.join('; ')}. Nothing was changed.`, {
    hint: 'Check whether the current version is the one you want. If not, run the rollback again: it starts from the current version.',
  });
}

/**
 * Where a rollback goes: to the release that `to` names, as it was then, or else to the one before what is there now. The releases
 * that there are are listed in the log.
 * @param named the release that a text names
 */
export async function releaseBack(
  { config: { to }, ports: { log } }: Pick<Given, 'config' | 'ports'>, releases: readonly Release[], now: readonly Content[],
  named: (to: string) => Promise<Release | undefined> | Release | undefined,
): Promise<Release | undefined> {
  for (const line of listReleases(releases, now)) log.info(line);
  if (to === undefined) return previousRelease(releases, now);
  const release = await named(to);
  return release && asOf(releases, release);
}
