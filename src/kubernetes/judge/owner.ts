import { patienceMs, type Cause } from '../../outcome/causes.js';
import { conditionOf, type Condition, type KubeEvent } from '../client/objects.js';
import type { WorkloadView } from '../observe/world.js';
import type { Expectation } from './expectation.js';
import { occurrenceOf, oneLine, untilDeadline, type Symptom } from './symptom.js';

/** What a controller reports that it cannot create: pods, or the ReplicaSet that they belong to (quota, admission). */
export function symptomsOfOwner(view: WorkloadView, expected: Expectation): Symptom[] {
  const withoutSet = refusedReplicaSet(view, expected);
  if (withoutSet !== undefined) return [refusal(view, withoutSet, `the controller cannot create the ReplicaSet of ${view.of.ref}`)];
  // A Deployment copies the failure of any of its ReplicaSets: once the new one exists, only that one counts.
  const conditions = view.of.kind === 'deployment' && view.replicaSet ? view.replicaSet.status?.conditions : view.workload?.status?.conditions;
  const failure: Condition | undefined = conditions?.find((condition) => condition.type === 'ReplicaFailure' && condition.status === 'True');
  const words = failure?.message ?? (view.of.kind === 'deployment' ? undefined : lastFailedCreate(view, expected));
  return words === undefined ? [] : [refusal(view, words, `new pods of ${view.of.ref} cannot be created`)];
}

const refusal = (view: WorkloadView, words: string, what: string): Symptom => refused(view.of.ref, words, what, view.leavingPods.length > 0);

/**
 * A controller cannot create something.
 * @param ref `deployment/api`, the owner
 * @param words of the API server
 * @param what `new pods of deployment/api cannot be created`
 * @param leaves pods of the owner are terminating
 */
export function refused(ref: string, words: string, what: string, leaves = false): Symptom {
  const cause = causeOf(words);
  const isLeaving = cause === 'quota-exceeded' && leaves;
  const which = isLeaving || (cause === 'admission-denied' && webhookIsLate(words)) ? 'longer' : 'usual';
  // Once the last terminating pod is gone there is room, and the time counts from then on.
  const whileLeaving = `${cause} ${ref} while pods leave`;
  const key = isLeaving ? whileLeaving : `${cause} ${ref}`;
  return { key, follows: isLeaving ? undefined : whileLeaving, cause, patienceMs: cause === 'deadline' ? untilDeadline : patienceMs(cause, which), message: `${what}: ${oneLine(words)}` };
}

function causeOf(words: string): Cause {
  // The reason that a webhook or a policy gives is any text, for example about a quota of its own.
  if (/denied (?:the )?request/.test(words)) return 'admission-denied';
  if (/exceeded quota/.test(words)) return 'quota-exceeded';
  if (/because it is being terminated/.test(words)) return 'not-deployable';
  return isRetried(words) ? 'deadline' : 'admission-denied';
}

/** Not a verdict about the object: the API server or etcd did not work, or an earlier attempt has succeeded. The controller tries again. */
const isRetried = (words: string): boolean =>
  /is forbidden: not yet ready to handle request/.test(words)
  || (!/failed calling webhook| is forbidden: /.test(words) && /\betcdserver: |\brpc error: code = |\balready exists\b|apiserver is shutting down|storage is \(re\)initializing|in the time allotted/.test(words));

const webhookIsLate = (words: string): boolean =>
  /failed calling webhook/.test(words) && /deadline exceeded|timeout|connection refused|no endpoints/i.test(words);

/** StatefulSets and DaemonSets have no condition for it: the newest event counts, unless a pod was created after it. */
function lastFailedCreate(view: WorkloadView, expected: Expectation): string | undefined {
  const events = view.eventsOf(view.of.uid).filter((event) => event.reason === 'FailedCreate' || event.reason === 'SuccessfulCreate');
  const last = events.at(-1);
  return last?.reason === 'FailedCreate' && isNews(last, expected) ? last.message : undefined;
}

const isNews = (event: KubeEvent, expected: Expectation): boolean => !expected.eventsBefore.has(occurrenceOf(event));

/**
 * A Deployment reports in its status that its new ReplicaSet was rejected, before it sets observedGeneration. A report from
 * an earlier change does not count; the controller writes the condition once, and an event each time.
 */
function refusedReplicaSet(view: WorkloadView, expected: Expectation): string | undefined {
  if (view.of.kind !== 'deployment' || view.replicaSet) return undefined;
  const event = view.eventsOf(view.of.uid).filter(({ reason }) => reason === 'ReplicaSetCreateError').at(-1);
  if (event && isNews(event, expected)) return event.message;
  const condition = conditionOf(view.workload?.status?.conditions, 'Progressing');
  return condition?.reason === 'ReplicaSetCreateError' && condition.lastUpdateTime !== expected.progressBefore ? condition.message : undefined;
}

/** The controller has not observed the change. Deployments report why, other kinds do not. */
export function unobserved({ of: target }: WorkloadView): Symptom {
  const revision = target.kind === 'deployment' ? 'ReplicaSet' : 'ControllerRevision';
  return {
    key: `unobserved ${target.ref}`, cause: 'deadline', patienceMs: untilDeadline,
    message: `the controller has not processed the change of ${target.ref}: either kube-controller-manager is not running, or a quota or an admission webhook rejects its new ${revision}`,
    hint: `Check the quotas of the namespace (\`kubectl get resourcequota\`: is there room for one more ${revision}?), the admission webhooks, and that kube-controller-manager runs.`,
  };
}
