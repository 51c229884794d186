import { healthGuard } from '../../check/watch/health.js';
import { watchGuards } from '../../check/watch/watch.js';
import type { WatchConfig } from '../../config/config.js';
import type { Followed } from '../../kubernetes/judge/follow.js';
import type { WatchReport } from '../../outcome/watch.js';
import type { OpenRelease } from './open-release.js';
import { askable, smokeTarget, whileStanding } from './prove.js';

/** Whatever the judge waits for, it may take a moment longer than the watch. */
const afterwardsMs = 60_000;

/**
 * Watches a release whose pods are all there: the judge goes on, so a version that crashes late is found, and beside it the guards
 * look.
 * @throws FailedRollout, RolloutError guard-breached; what `signal` aborts with
 */
export async function watchRelease(
  release: OpenRelease, followed: readonly Followed[], watch: WatchConfig, signal: AbortSignal | undefined,
): Promise<WatchReport> {
  const { ports, config } = release;
  const deadlineAt = ports.clock.monotonic() + 2 * watch.forMs + afterwardsMs;
  const checks = askable(release, followed, config.smoke);
  const guards = checks.length === 0 ? [] : [healthGuard(ports, smokeTarget(release, followed, deadlineAt), checks, watch.health.failures)];
  const patience = { deadlineAt, steadyMs: 0, of: config.patienceMs };
  const guarded = await whileStanding(release, followed, patience, 'watch', signal, (either) => watchGuards(ports, guards, watch, either));
  const pods = followed.reduce((sum, { workload }) => sum + release.watched.world.view(workload).newPods.length, 0);
  return { ...guarded, ...pods > 0 && { healthy: `${pods === 1 ? 'the pod' : `${pods} pods`} stayed healthy` } };
}
