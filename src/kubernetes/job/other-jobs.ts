import { ClusterError } from '../../outcome/errors.js';
import type { Job, List, Pod } from '../client/objects.js';
import { nameOf } from '../client/objects.js';
import { persistently } from '../client/persist.js';
import { apiPath, resources, type Resource } from '../client/resources.js';
import { watchObjects, type Watched } from '../observe/watching.js';
import { endJob, runningPods, type JobScope } from './end-job.js';
import { isOf, jobAnnotations, jobLabels, runLabel } from './job-labels.js';
import { isFinished, isOver } from './job-state.js';

/** How long after its time limit a Job may take to end. */
const overtimeMs = 60_000;

/** What is done about Jobs of earlier runs, by their purpose. */
export interface OtherPurposes {
  /** Their commands must not be stopped half way. */
  readonly awaited: readonly string[];
  /** Nothing is lost with them, and they may last for hours. */
  readonly ended: readonly string[];
}

/** How long one that is ended may take. */
const endForMs = 60_000;

/**
 * Waits until no Job of an earlier run works for this app any more: the run may have died, and its command goes on. Its result is
 * not used. Each ends at its own time limit at the latest.
 * @param run whose own Jobs do not count
 * @throws ClusterError locked when one does not end; what `signal` aborts with
 */
export async function othersEnded(scope: JobScope, app: string, { awaited, ended }: OtherPurposes, run: string, signal: AbortSignal): Promise<void> {
  const { cluster: { api, namespace }, ports: { clock } } = scope;
  const purposes = [...awaited, ...ended];
  const labelSelector = `${jobLabels.app}=${app},${jobLabels.purpose} in (${purposes.join(',')})`;
  const isOther = (object: Job | Pod): boolean =>
    purposes.some((purpose) => isOf(object, { app, purpose })) && object.metadata?.labels?.[jobLabels.run] !== runLabel(run);
  const list = <T>(resource: Resource): Promise<List<T>> => persistently(clock, () =>
    api.get<List<T>>(`${apiPath(resource, namespace)}?${new URLSearchParams({ labelSelector }).toString()}`, { signal }), { signal });
  const [jobs, pods] = await Promise.all([list<Job>(resources.jobs), list<Pod>(resources.pods)]);
  // Usually there is none, and nothing has to be watched.
  const isIdle = !(jobs.items ?? []).some((job) => isOther(job) && !isFinished(job)) && !(pods.items ?? []).some((pod) => isOther(pod) && !isOver(pod));
  if (isIdle) return;
  const watched = await watchObjects(scope.cluster, clock, [[resources.jobs, { labelSelector }], [resources.pods, { labelSelector }]]);
  try {
    const known = watched.world.all<Job>(resources.jobs).filter(isOther);
    // A pod whose Job was deleted without it goes on as well.
    const isKnown = ({ metadata }: Pod): boolean => known.some((job) => nameOf(job) === metadata?.labels?.[jobLabels.job]);
    const orphans = watched.world.all<Pod>(resources.pods).filter((pod) => isOther(pod) && !isKnown(pod));
    for (const job of [...known, ...orphans.map(asJob)]) {
      if (ended.some((purpose) => isOf(job, { app, purpose }))) await endJob(scope, watched, nameOf(job), endForMs);
      await hasEnded(scope, watched, job, signal);
    }
  } finally {
    watched.close();
  }
}

const asJob = ({ metadata, spec }: Pod): Job => ({
  metadata: { name: metadata?.labels?.[jobLabels.job], labels: metadata?.labels, creationTimestamp: metadata?.creationTimestamp },
  spec: { activeDeadlineSeconds: spec?.activeDeadlineSeconds },
});

async function hasEnded({ ports: { clock, log }, cluster }: JobScope, watched: Watched, { metadata, spec, status }: Job, signal: AbortSignal): Promise<void> {
  const name = nameOf({ metadata });
  const whose = metadata?.annotations?.[jobAnnotations.runUrl] ?? 'another run';
  const startedMs = Date.parse(status?.startTime ?? metadata?.creationTimestamp ?? '');
  const limitMs = 1000 * (spec?.activeDeadlineSeconds ?? 0) - (Number.isFinite(startedMs) ? Math.max(0, clock.now() - startedMs) : 0);
  const until = clock.monotonic() + Math.max(0, limitMs) + overtimeMs;
  let isTold = false;
  for (;;) {
    const job = watched.world.byName<Job>(resources.jobs, name);
    if (watched.sees() && (job === undefined || isFinished(job)) && runningPods(watched, name).length === 0) break;
    if (!isTold) log.info(`job/${name} of ${whose} still runs \`${metadata?.annotations?.[jobAnnotations.command] ?? 'its command'}\`: waiting until it has ended`);
    isTold = true;
    const leftMs = until - clock.monotonic();
    if (leftMs <= 0) {
      throw new ClusterError('locked', `job/${name} of ${whose} still runs, although its time limit is over.`, {
        hint: `Check its pod and its node. To end it: \`${cluster.typed(['delete', 'job', name, '--cascade=foreground'])}\``,
      });
    }
    await watched.news(leftMs, signal);
  }
  if (isTold) log.info(`job/${name} has ended`);
}
