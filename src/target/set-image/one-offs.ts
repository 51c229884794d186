import type { WorkloadRef } from '../../config/config.js';
import { workloadKinds } from '../../config/config.js';
import type { List, Service, Workload } from '../../kubernetes/client/objects.js';
import { persistently } from '../../kubernetes/client/persist.js';
import { apiPath, resources, workloadResource } from '../../kubernetes/client/resources.js';
import { endJobOf } from '../../kubernetes/job/end-job.js';
import { jobName } from '../../kubernetes/job/job-labels.js';
import { commandContainer, comparedLabels, refusedSidecar, type JobWish } from '../../kubernetes/job/job-object.js';
import { policiesWithoutJob } from '../../kubernetes/preflight/job-policies.js';
import { othersEnded } from '../../kubernetes/job/other-jobs.js';
import { runJob } from '../../kubernetes/job/run-job.js';
import { acquireLock, databaseLease } from '../../kubernetes/store/lease.js';
import { nothingFound, type Checked } from '../../outcome/finding.js';
import { OneOffError } from '../../outcome/one-off.js';
import { parseReference } from '../../image/reference.js';
import type { OneOff, OneOffs } from '../one-off.js';
import type { Given } from '../under-lock.js';
import type { ClusterFacts } from './facts.js';
import { chosenContainers, refText, type FoundWorkload } from './resolve.js';
import { findRewritten } from './rewritten.js';

/** How long the post step waits for what it has stopped, ms: longer than a usual grace period. */
const stopForMs = 60_000;

/** Runs commands as Jobs with the image of the app and the pod template of a workload. */
export function jobs(given: Given, { cluster, found, services }: Pick<ClusterFacts, 'cluster' | 'found' | 'services'>): OneOffs {
  const { config, ports } = given;
  const { app } = config;
  const scope = { cluster, ports };
  const refOf = (subject: string | undefined): WorkloadRef | undefined =>
    (subject === undefined ? config.workloads[0] : config.workloads.find((ref) => refText(ref) === subject) ?? refOfText(subject));
  return {
    words: (subject) => {
      const ref = refOf(subject);
      return `as a Job with the new image${ref ? ` and the pod template of \`${refText(ref)}\`` : ''}`;
    },
    check: (subject, { withSidecar }) => {
      const ref = refOf(subject);
      const known = found.find((each) => ref && refText(each.ref) === refText(ref));
      if (!known?.workload || !config.image) return nothingFound;
      const names = chosenContainers(known, config.image).map(({ name }) => name);
      const wish = { kind: known.ref.kind, workload: known.workload, images: new Map(names.map((name) => [name, ''])) };
      const problem = (message: string, hint: string): Checked => ({ warnings: [], problems: [{ cause: 'config-invalid', message, hint }] });
      if (names.length > 0 && commandContainer(wish) === undefined) {
        return problem(`${refText(known.ref)} runs the image only in init containers, so the migration cannot run with it.`, 'Name another workload in `migrate.workload`.');
      }
      const refused = withSidecar ? refusedSidecar(wish) : undefined;
      return refused === undefined ? nothingFound : problem(refused, 'Name another workload in `migrate.workload`, or set `migrate.rehearse` to false.');
    },
    unreached: async (purpose, subject, signal) => {
      const ref = refOf(subject);
      const workload = found.find((each) => ref && refText(each.ref) === refText(ref))?.workload;
      return ref && workload ? policiesWithoutJob(cluster, app, comparedLabels({ app, purpose, kind: ref.kind, workload, services }), signal) : [];
    },
    run: async (command, signal) => {
      const { name, ...done } = await runJob(scope, await wishOf(given, cluster, command, refOf(command.subject)), signal);
      return { name: `job/${name}`, ...done };
    },
    stop: ({ purpose, run }) => endJobOf(scope, jobName({ app, purpose, run }), stopForMs),
    othersEnded: (purposes, run, signal) => othersEnded(scope, app, purposes, run, signal),
    lock: (database, holder, timeoutMs) => acquireLock(ports, cluster, databaseLease(app, database, 'migrated'), { holder, timeoutMs }),
  };
}

function refOfText(text: string): WorkloadRef | undefined {
  const [written, name = ''] = text.split('/');
  const kind = workloadKinds.find((each) => each === written);
  return kind && { kind, name };
}

/** From the workload as it is now: it may have changed since the run was planned. */
async function wishOf({ config, ports, facts }: Given, cluster: ClusterFacts['cluster'], command: OneOff, ref: WorkloadRef | undefined): Promise<JobWish> {
  const { api, namespace } = cluster;
  const read = <T>(path: () => Promise<T>): Promise<T> => persistently(ports.clock, path);
  const workload = ref && await read(() => api.find<Workload>(workloadResource[ref.kind], namespace, ref.name));
  if (!ref || !workload) {
    const what = ref ? refText(ref) : 'The workload';
    throw new OneOffError('config-invalid', `${what} does not exist in namespace ${namespace}, so \`${command.text}\` has no pod template.`, { hasStarted: false });
  }
  const { items: services = [] } = await read(() => api.get<List<Service>>(apiPath(resources.services, namespace)));
  const images = await imagesOf(cluster, { ref, workload }, command.reference, ports.cancelled);
  if (images.size === 0) {
    throw new OneOffError('config-invalid', `No container of ${refText(ref)} runs ${command.reference}, so \`${command.text}\` has no pod template.`, { hasStarted: false });
  }
  return {
    app: config.app, purpose: command.purpose, run: command.run, url: facts.runUrl, kind: ref.kind, workload, services, images,
    command: command.command, text: command.text, ...command.sidecar && { sidecar: command.sidecar }, timeoutMs: command.timeoutMs,
  };
}

/** Container → the image that it gets. */
async function imagesOf(cluster: ClusterFacts['cluster'], known: FoundWorkload, reference: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const image = parseReference(reference)?.name;
  if (image === undefined) return new Map();
  const [found = known] = signal.aborted ? [known] : await findRewritten(cluster, [known], { image, reference }, signal);
  return new Map(chosenContainers(found, image).map((each) => [each.name, reference]));
}
