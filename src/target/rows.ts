import { recordable } from '../check/smoke/recorded.js';
import { ClusterError } from '../outcome/errors.js';
import type { PlannedChange } from '../outcome/plan.js';
import { asOf, previousRelease } from '../record/history.js';
import type { Content, Release, RunRecord } from '../record/ledger.js';
import { describeRelease, releaseTable } from '../record/releases.js';
import { subjectsOf } from './commit-subjects.js';
import type { Change, Report } from './target.js';
import type { Given } from './under-lock.js';

/* Everything that a change sets, in rows: the place, the version before and the version that is set. */

/** The versions before or after the change, for the record. The previous versions are sometimes unknown. */
export const versionsOf = (rows: readonly PlannedChange[], which: 'before' | 'after'): Content[] =>
  rows.flatMap(({ subject, part, [which]: version }) => (version === '' && which === 'before' ? [] : [{ subject, part, version }]));

/** The part of the record of a run that describes its change. */
export function recordOf(change: Pick<Change, 'recorded'>, { config, ports }: Given): Pick<RunRecord, 'target' | 'before' | 'after' | 'checks' | 'passedBefore'> {
  const { target, rows, passedBefore } = change.recorded();
  const checks = recordable(config.smoke, ports.log);
  return { target, before: versionsOf(rows, 'before'), after: versionsOf(rows, 'after'), checks, passedBefore: checks.filter((text) => passedBefore.has(text)) };
}

/** The subjects that contain something of this change now, and those that cannot be read. */
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
 * The release that a rollback restores: the one that `to` names, as it was then, or otherwise the one before the current
 * version. Lists the known releases in the log.
 * @param named the release that a text names
 */
export async function releaseBack(
  { config: { to }, ports }: Pick<Given, 'config' | 'ports'>, releases: readonly Release[], now: readonly Content[],
  named: (to: string) => Promise<Release | undefined> | Release | undefined,
): Promise<Release | undefined> {
  const subjects = await subjectsOf(ports, releases.flatMap(({ commit }) => commit ?? []));
  for (const line of releaseTable(releases, { now, at: ports.clock.now(), subjects })) ports.log.info(line);
  if (releases.length > 0) await ports.log.group('Exact references', () => Promise.resolve(releases.forEach((release) => { ports.log.output(describeRelease(release)); })));
  if (to === undefined) return previousRelease(releases, now);
  const release = await named(to);
  return release && asOf(releases, release);
}
