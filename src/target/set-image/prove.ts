import { nameOf } from '../../kubernetes/client/objects.js';
import type { SmokeCheck } from '../../config/config.js';
import { follow, guard, type Followed } from '../../kubernetes/judge/follow.js';
import type { Patience } from '../../kubernetes/judge/judge.js';
import type { StageName } from '../../outcome/verdict.js';
import type { OpenRelease } from './open-release.js';
import { selects } from '../../kubernetes/observe/selector.js';
import { selectorOf } from './unverified.js';
import { desiredReplicas, wantsNoPods } from '../../kubernetes/observe/workload.js';
import type { WorkloadView } from '../../kubernetes/observe/world.js';
import { smoke, smokePods, type PassedCheck, type SmokeTarget } from '../../check/smoke/smoke.js';

/**
 * Runs the smoke checks against the new pods and their Services, while the judge keeps watching: if a pod crashes meanwhile,
 * that is reported instead of a missing answer. Watches once more afterwards: a container that exited and answers again has
 * to run longer than before until the release counts.
 * @param deadlineAt monotonic ms at which that last watch gives up
 * @throws FailedRollout, RolloutError smoke-failed or wrong-version-serving; what `signal` aborts with
 */
export async function proveRelease(
  release: OpenRelease, followed: readonly Followed[], checks: readonly SmokeCheck[], deadlineAt: number, signal: AbortSignal | undefined,
): Promise<readonly PassedCheck[]> {
  const { ports, watched, config } = release;
  const patience = { deadlineAt, steadyMs: 0, of: config.patienceMs };
  const asked = askable(release, followed, checks);
  const passed = await whileStanding(release, followed, patience, 'smoke', signal, (either) => smoke(ports, smokeTarget(release, followed, deadlineAt), asked, either));
  await follow(ports, watched, followed, patience, 'smoke', signal);
  return passed;
}

/** Skips checks of Services whose workloads want no pods, with a warning. */
export function askable({ ports, watched, services }: OpenRelease, followed: readonly Followed[], checks: readonly SmokeCheck[]): SmokeCheck[] {
  const views = followed.map(({ workload: change }) => watched.world.view(change));
  return checks.filter((check) => {
    const name = check.target.type === 'service' ? check.target.name : undefined;
    const service = services.find((each) => name !== undefined && nameOf(each) === name);
    const behind = views.flatMap(({ of: change, workload }) =>
      (workload && service && selects(service, workload.spec?.template?.metadata?.labels) ? [{ change, workload }] : []));
    if (behind.length === 0 || behind.some(({ change, workload }) => !wantsNoPods(change.kind, workload))) return true;
    const why = behind.map(({ change, workload }) =>
      (change.kind === 'daemonset' ? `no node matches the pods of ${change.name}${selectorOf(workload.spec?.template?.spec)}` : `${change.name} is scaled to 0 replicas`));
    ports.log.warning(`Smoke check \`${check.text}\` was skipped: ${why.join(' and ')}, so no pod can answer.`);
    return false;
  });
}

/** Runs the smoke checks against the first pods directly, while the judge keeps watching all workloads. */
export async function proveWave(release: OpenRelease, followed: readonly Followed[], waves: readonly Followed[], patience: Patience): Promise<void> {
  const { ports, config } = release;
  const asked = smokeTarget(release, waves, patience.deadlineAt);
  await whileStanding(release, followed, patience, 'smoke', ports.cancelled, (signal) => smokePods(ports, asked, config.smoke, signal));
}

/** Runs the checks and the judge in parallel: whichever fails first is reported and ends the other. @param stage of the progress lines */
export async function whileStanding<T>(
  { ports, watched }: OpenRelease, followed: readonly Followed[], patience: Patience, stage: StageName, signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const either = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
  const guarding = guard(ports, watched, followed, patience, stage, either);
  const working = work(either);
  try {
    return await Promise.race([working, guarding]);
  } finally {
    over.abort();
    await Promise.allSettled([working, guarding]);
  }
}

/** Without any change it looks after that time. */
const quietMs = 5000;

/** The pods and Services that the checks of a release run against. */
export function smokeTarget(release: OpenRelease, followed: readonly Followed[], deadlineAt: number): SmokeTarget {
  const { watched } = release;
  // By the selector, not by the endpoints: a pod is checked before it gets traffic.
  const leadsTo = (name: string, labels: Readonly<Record<string, string>> | undefined): boolean => {
    const service = release.services.find((each) => nameOf(each) === name);
    return service !== undefined && selects(service, labels);
  };
  const views = (): WorkloadView[] => followed.map(({ workload: change }) => watched.world.view(change));
  return {
    api: release.cluster.api, namespace: release.cluster.namespace, services: release.services, failedBefore: release.failedBefore, deadlineAt,
    podsBehind: (service) => views().flatMap(({ newPods }) => newPods.filter((pod) => leadsTo(service, pod.metadata?.labels))),
    isServed: (service) => views().some(({ of: change, workload }) =>
      change.kind === 'deployment' && workload !== undefined && desiredReplicas(workload) > 0 && leadsTo(service, workload.spec?.template?.metadata?.labels)),
    news: (signal) => watched.news(quietMs, signal),
  };
}
