import { nameOf } from '../../kubernetes/client/objects.js';
import type { SmokeCheck } from '../../config/config.js';
import { follow, guard, type Followed } from '../../kubernetes/observe/follow.js';
import type { Patience } from '../../kubernetes/judge/judge.js';
import type { OpenRelease } from './open-release.js';
import { selects } from '../../kubernetes/observe/selector.js';
import { selectorOf } from './unverified.js';
import { desiredReplicas, wantsNoPods } from '../../kubernetes/observe/workload.js';
import type { WorkloadView } from '../../kubernetes/observe/world.js';
import { smoke, smokePods, type SmokeTarget } from '../../check/smoke/smoke.js';

/**
 * Asks the smoke checks of the pods that are new now and of what stands in front of them, while the judge goes on
 * looking: a version that breaks down meanwhile is named by what broke, not by the answer that did not come. Looks once
 * more after it: a container that ended and answers again has to outlive its former life before the release counts.
 * @param deadlineAt monotonic ms at which that last look gives up
 * @throws FailedRollout, RolloutError smoke-failed or wrong-version-serving; what `signal` aborts with
 */
export async function proveRelease(
  release: OpenRelease, followed: readonly Followed[], checks: readonly SmokeCheck[], deadlineAt: number, signal: AbortSignal | undefined,
): Promise<void> {
  const { ports, watched, config } = release;
  const patience = { deadlineAt, steadyMs: 0, of: config.patienceMs };
  const asked = askable(release, followed, checks);
  await whileStanding(release, followed, patience, signal, (either) => smoke(ports, smokeTarget(release, followed, deadlineAt), asked, either));
  await follow(ports, watched, followed, patience, 'smoke', signal);
}

/** Leaves out, and says so, checks of Services whose workloads want no pods at all: nobody is there to answer. */
function askable({ ports, watched, services }: OpenRelease, followed: readonly Followed[], checks: readonly SmokeCheck[]): SmokeCheck[] {
  const views = followed.map(({ workload: change }) => watched.world.view(change));
  return checks.filter((check) => {
    const name = check.target.type === 'service' ? check.target.name : undefined;
    const service = services.find((each) => name !== undefined && nameOf(each) === name);
    const behind = views.flatMap(({ of: change, workload }) =>
      (workload && service && selects(service, workload.spec?.template?.metadata?.labels) ? [{ change, workload }] : []));
    if (behind.length === 0 || behind.some(({ change, workload }) => !wantsNoPods(change.kind, workload))) return true;
    const why = behind.map(({ change, workload }) =>
      (change.kind === 'daemonset' ? `no node takes the pods of ${change.name}${selectorOf(workload.spec?.template?.spec)}` : `${change.name} is scaled to 0 replicas`));
    ports.log.warning(`Smoke check \`${check.text}\` was not asked: ${why.join(' and ')}, so that nothing runs that could answer.`);
    return false;
  });
}

/** Asks the pods of a first wave, and nothing that leads to them, while the judge goes on looking at all workloads. */
export async function proveWave(release: OpenRelease, followed: readonly Followed[], waves: readonly Followed[], patience: Patience): Promise<void> {
  const { ports, config } = release;
  const asked = smokeTarget(release, waves, patience.deadlineAt);
  await whileStanding(release, followed, patience, ports.cancelled, (signal) => smokePods(ports, asked, config.smoke, signal));
}

/** Whichever fails first says why, and ends the other. */
async function whileStanding(
  { ports, watched }: OpenRelease, followed: readonly Followed[], patience: Patience, signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const over = new AbortController();
  const either = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
  const guarding = guard(ports, watched, followed, patience, 'smoke', either);
  const working = work(either);
  try {
    await Promise.race([working, guarding]);
  } finally {
    over.abort();
    await Promise.allSettled([working, guarding]);
  }
}

/** Without any news it looks all the same, now and then. */
const quietMs = 5000;

/** The pods and Services that the checks of a release are asked of. */
function smokeTarget(release: OpenRelease, followed: readonly Followed[], deadlineAt: number): SmokeTarget {
  const { watched } = release;
  // By the selector and not by the endpoints: a pod is asked before traffic goes to it.
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
