import type { Cluster } from '../../kubernetes/client/cluster.js';
import { nameOf, statusesOf, uidOf, type KubeEvent, type Pod } from '../../kubernetes/client/objects.js';
import { apiPath, resources } from '../../kubernetes/client/resources.js';
import type { Cause } from '../../outcome/causes.js';
import { decisiveLine } from '../../outcome/decisive.js';
import type { DeployError, Evidence } from '../../outcome/errors.js';
import type { Ports } from '../../ports/ports.js';
import { within } from '../../ports/within.js';
import { FailedRollout, type FailedWorkload } from '../../kubernetes/judge/follow.js';
import type { OpenRelease } from './open-release.js';
import { declared } from '../../kubernetes/judge/containers.js';
import type { World } from '../../kubernetes/observe/world.js';

const gatherForMs = 5000;
const totalBytes = 64 * 1024;
const logLines = 60;
/**
 * The kubelet counts `limitBytes` from the start of the requested lines, so it must be enough for all of them: what a
 * container says last is what matters. k8s.io/cri-client v0.34.4, pkg/logs/logs.go:312
 */
const logBytes = 1024 * 1024;
const shownBytes = 16 * 1024;
const podsAsked = 4;
const containersAsked = 3;
/** Causes of a container that exits by itself. */
const stops: ReadonlySet<Cause> = new Set(['crash-loop', 'init-failed', 'hook-failed']);

/** The evidence for a failure of a release; empty if the cluster shows nothing about it. It never throws. */
export async function evidenceOf(release: OpenRelease, failure: DeployError): Promise<Evidence[]> {
  const { ports, cluster, watched, changes } = release;
  const suspects: readonly FailedWorkload[] = failure instanceof FailedRollout ? failure.failed
    : failure.code === 'smoke-failed' ? changes.map((workload) => ({ workload, cause: failure.code, message: '', pod: watched.world.view(workload).newPods[0] })) : [];
  if (suspects.length === 0) return [];
  const limit = { ms: gatherForMs, late: () => new Error(`${gatherForMs / 1000} s are over`), signal: ports.cancelled };
  return within(ports.clock, limit, (stop) => gatherEvidence(ports, cluster, watched.world, suspects, stop)).catch(() => []);
}

/**
 * What the cluster shows about a failure, gathered before a rollback erases it, in the order of its weight: logs of the failing
 * containers, also from before their last restart, events, then conditions and probes. When `stop` aborts, it ends with what it has
 * by then.
 */
async function gatherEvidence(ports: Ports, cluster: Cluster, world: World, failed: readonly FailedWorkload[], stop: AbortSignal): Promise<Evidence[]> {
  // Before it is cut: a half of a secret is not recognized any more.
  const decisiveFor = ({ cause }: FailedWorkload) => (log: string) => decisiveLine(ports.log.redact(log), stops.has(cause) ? 'stopped' : 'failed');
  const pods = failed.flatMap((each) => (each.pod ? [{ pod: each.pod, container: each.container, failed: each }] : [])).slice(0, podsAsked);
  const ofPods = await Promise.all(pods.map(async ({ pod, container, failed: each }) => [
    ...(await Promise.all(namesOf(pod, container).map((name) => logsOf(cluster, { pod, name, decisive: decisiveFor(each) }, stop)))).flat(),
    { title: `events of pod ${nameOf(pod)}`, text: describeEvents(world.view(each.workload).eventsOf(uidOf(pod))) },
    { title: `state of pod ${nameOf(pod)}`, text: describeState(pod) },
  ]));
  const ofSubjects = failed.map(({ workload: change }) => ({
    title: `events of ${change.ref}`,
    text: describeEvents([...world.view(change).eventsOf(change.uid), ...ownerEvents(world, failed, change.ref)]),
  }));
  const details = pods.flatMap(({ pod, container }) => [
    { title: `conditions of pod ${nameOf(pod)}`, text: describeConditions(pod) },
    ...namesOf(pod, container).map((name) => ({ title: `readiness probe of container ${name}`, text: describeProbe(pod, name) })),
  ]);
  // Masked before anything is cut: half of a secret would not be found.
  const shown = [...ofPods.flat(), ...ofSubjects, ...details].filter((piece) => piece.text !== '').map((piece) => ({ ...piece, text: ports.log.redact(piece.text) }));
  return bounded(shown);
}

const ownerEvents = (world: World, failed: readonly FailedWorkload[], ref: string): readonly KubeEvent[] => {
  const change = failed.find((each) => each.workload.ref === ref)?.workload;
  const view = change && world.view(change);
  return view?.replicaSet ? view.eventsOf(uidOf(view.replicaSet)) : [];
};

/** The containers whose logs are read: the one that failed or is waited for, otherwise those that run but are not ready. */
function namesOf(pod: Pod, failed: string | undefined): readonly string[] {
  const unready = statusesOf(pod).filter(({ ready, state }) => !ready && state?.running).map(({ name }) => name);
  const first = pod.spec?.containers?.[0]?.name;
  return (failed !== undefined ? [failed] : unready.length > 0 ? unready : [first]).filter((name) => name !== undefined).slice(0, containersAsked);
}

/**
 * The kubelet answers 200 with one of these lines when the runtime has already removed the container or its log file.
 * k8s.io/cri-client v0.34.4, pkg/logs/logs.go:302
 */
const saysThatThereIsNoLog = /^(?:unable to retrieve container logs for |failed to try resolving symlinks in path "[^"]+": lstat )[^\n]*$/;

/** The last whole lines of a text that fit; the end of the last one when it alone is longer. */
function lastLines(text: string, length: number): string {
  if (text.length <= length) return text;
  const tail = text.slice(-length);
  const start = tail.indexOf('\n') + 1;
  return start < tail.length ? tail.slice(start) : tail;
}

interface Logged {
  readonly pod: Pod;
  readonly name: string;
  /** The line of its log that says why it failed. */
  readonly decisive: (log: string) => string | undefined;
}

async function logsOf(cluster: Cluster, { pod, name, decisive }: Logged, signal: AbortSignal): Promise<Evidence[]> {
  const restarted = statusesOf(pod).some((status) => status.name === name && (status.restartCount ?? 0) > 0);
  const read = async (previous: boolean): Promise<Evidence[]> => {
    const query = new URLSearchParams({ container: name, tailLines: String(logLines), limitBytes: String(logBytes), ...(previous ? { previous: 'true' } : {}) });
    try {
      const answer = await cluster.api.raw(`${apiPath(resources.pods, cluster.namespace, nameOf(pod))}/log?${query.toString()}`, { signal, maxBytes: logBytes });
      const text = answer.status === 200 ? lastLines(answer.body.trimEnd(), shownBytes) : '';
      const title = `log of container ${name} of pod ${nameOf(pod)}${previous ? ', before its last restart' : ''}`;
      return text === '' || saysThatThereIsNoLog.test(text) ? [] : [{ title, text, decisive: decisive(text) }];
    } catch {
      // A log that cannot be read must not delay the rollback.
      return [];
    }
  };
  return (await Promise.all([restarted ? read(true) : [], read(false)])).flat();
}

function describeProbe(pod: Pod, name: string): string {
  const probe = declared(pod, name)?.readinessProbe;
  return probe ? JSON.stringify(probe) : '';
}

/** For a pod that has ended or is terminating, which its conditions do not show. */
function describeState({ metadata, spec, status }: Pod): string {
  const { deletionTimestamp, finalizers = [] } = metadata ?? {};
  return [
    status?.reason || status?.message ? `phase ${status.phase}: ${[status.reason, status.message].filter(Boolean).join(': ')}` : undefined,
    deletionTimestamp && `terminating, due to be gone by ${deletionTimestamp}, on node ${spec?.nodeName ?? '(none)'}`,
    finalizers.length > 0 ? `finalizers: ${finalizers.join(', ')}` : undefined,
  ].filter((line) => line !== undefined && line !== '').join('\n');
}

const describeConditions = (pod: Pod): string =>
  (pod.status?.conditions ?? [])
    .filter((condition) => condition.status !== 'True')
    .map((condition) => `${condition.type}=${condition.status} ${condition.reason ?? ''} ${condition.message ?? ''}`.trim()).join('\n');

const describeEvents = (events: readonly KubeEvent[]): string =>
  events.slice(-12).map((event) => `${event.type === 'Warning' ? 'Warning' : 'Normal '} ${event.reason ?? ''}${(event.count ?? 1) > 1 ? ` (${event.count} times)` : ''}: ${event.message ?? ''}`).join('\n');

/** Keeps the end of each text, where a failure shows, within the total limit. */
export function bounded(pieces: readonly Evidence[]): Evidence[] {
  let left = totalBytes;
  return pieces.flatMap(({ title, text, ...rest }) => {
    left -= Buffer.byteLength(title);
    if (left <= 0) return [];
    const bytes = Buffer.from(text);
    const kept = bytes.length <= left ? text : `…${bytes.subarray(bytes.length - Math.max(0, left)).toString('utf8')}`;
    left -= Buffer.byteLength(kept);
    return [{ ...rest, title, text: kept }];
  });
}
