import type { Cause } from '../../outcome/causes.js';
import { nameOf, statusesOf, uidOf, type Pod } from '../client/objects.js';
import type { WorkloadView } from '../observe/world.js';
import type { Expectation } from './expectation.js';
import { isReady, oneLine, untilDeadline, type Symptom } from './symptom.js';

/*
 * Pods that the node rejects or evicts end in phase Failed, and the controller creates the next one. One such pod is not a
 * failure; the same reason several times in a row is.
 */

/** So many rounds of pods that end in a row are a failure. */
const roundsThatFail = 3;
const withinMs = 60_000;

/** uids of the pods that had ended before a change: they say nothing about it. */
export const endedBefore = (view: WorkloadView): ReadonlySet<string> => new Set(view.endedPods.map(uidOf));

/** The new pods that have ended since the change, oldest first. */
const endedSince = (view: WorkloadView, expected: Expectation): readonly Pod[] =>
  view.endedPods.filter((pod) => !expected.endedBefore.has(uidOf(pod))).sort((a, b) => createdAt(a) - createdAt(b));

/** A later pod is ready: the reason for which this one ended no longer applies. */
const isOver = (view: WorkloadView, ended: Pod): boolean => view.newPods.some((pod) => isReady(pod) && createdAt(pod) >= createdAt(ended));

/** The new pod that ended last, unless a later one is ready. */
export function lastEnded(view: WorkloadView, expected: Expectation): Pod | undefined {
  const last = endedSince(view, expected).at(-1);
  return last && !isOver(view, last) ? last : undefined;
}

export function symptomsOfEnded(view: WorkloadView, expected: Expectation): Symptom[] {
  const ended = endedSince(view, expected);
  const reasons = [...new Set(ended.map(reasonOf))];
  return reasons.flatMap((reason) => {
    const pods = ended.filter((pod) => reasonOf(pod) === reason);
    const last = pods.at(-1);
    return last && !isOver(view, last) ? [symptomOf(view, reason, pods, last)] : [];
  });
}

function symptomOf(view: WorkloadView, reason: string, pods: readonly Pod[], last: Pod): Symptom {
  const meaning = meaningOf(last);
  const cause = isRepeated(pods, meaning.isOwn ? Infinity : withinMs) ? meaning.cause : undefined;
  const phase = last.status?.phase;
  const what = pods.length === 1 ? `pod ${nameOf(last)} ended in phase ${phase}` : `${pods.length} new pods ended in phase ${phase}, the last of them ${nameOf(last)}`;
  return {
    key: `ended ${view.of.ref} ${reason}`, cause: cause ?? 'deadline', patienceMs: cause ? 0 : untilDeadline, pod: last,
    message: `${what}: ${describeEnd(last)}`, hint: meaning.hint,
  };
}

const reasonOf = ({ status }: Pod): string => status?.reason ?? '';

/** `NodePorts: Pod was rejected: …`, the message of the node. */
function describeEnd({ status }: Pod): string {
  const words = [status?.reason, status?.message].filter((part) => part !== undefined && part !== '').join(': ');
  return words === '' ? 'no reason given' : oneLine(words);
}

/**
 * Whether pods ended so several times in a row. Of pods that are created together only the first counts. A pod is usually
 * created in the same second as the one that it replaces ended, and times have whole seconds.
 */
function isRepeated(pods: readonly Pod[], windowMs: number): boolean {
  const rounds: Pod[] = [];
  for (const pod of pods) {
    const before = rounds.at(-1);
    if (!before || (createdAt(pod) > createdAt(before) && createdAt(pod) >= endedAt(before))) rounds.push(pod);
  }
  const ends = rounds.map(endedAt);
  return ends.some((end, index) => (ends[index + roundsThatFail - 1] ?? Infinity) - end <= windowMs && index + roundsThatFail <= ends.length);
}

/** ms since 1970; the API stores whole seconds. */
const createdAt = (pod: Pod): number => timeOf(pod.metadata?.creationTimestamp);

const endedAt = (pod: Pod): number => Math.max(
  createdAt(pod), ...(pod.status?.conditions ?? []).map(({ lastTransitionTime }) => timeOf(lastTransitionTime)),
  ...statusesOf(pod).map(({ state }) => timeOf(state?.terminated?.finishedAt)),
);

const timeOf = (text: string | undefined): number => {
  const time = Date.parse(text ?? '');
  return Number.isFinite(time) ? time : 0;
};

interface Meaning {
  /** Undefined: it says nothing about the version, however often it happens. */
  readonly cause?: Cause;
  /** The version exceeds its own limit: then it counts at any pace. */
  readonly isOwn?: boolean;
  readonly hint?: string;
}

const room: Meaning = {
  cause: 'unschedulable',
  hint: 'The pods are created for a node that has no room for them. Free what the message names, lower the requests, or remove `nodeName` so the scheduler chooses a node.',
};
const policy: Meaning = { cause: 'admission-denied', hint: 'The node does not allow what the pod template requests: change the template, or allow it on the node.' };

/** What the node reports of a pod that it ends (k8s.io/kubernetes/pkg/kubelet: lifecycle, eviction, sysctl, nodeshutdown, preemption). */
const meanings: readonly (readonly [pattern: RegExp, meaning: Meaning])[] = [
  [/^Evicted: (Usage of EmptyDir|Container .* exceeded|Pod ephemeral)/, { cause: 'evicted', isOwn: true }],
  [/^Evicted/, { cause: 'unschedulable', hint: 'The node is short of what the message names and evicts the new pods: free it on the node, lower the requests, or add a node.' }],
  // The node shuts down or is gone: the pod is recreated on another one.
  [/^(NodeShutdown|Terminated|NodeLost|Shutdown|no reason given)/, {}],
  [/^(SysctlForbidden|AppArmor|PodLevelResourcesNotSupported|PodOS\w+|SupplementalGroupsPolicyNotSupported|PodFeatureUnsupported)\b/, policy],
  [/^(OutOf|Node|Preempt|InvalidNodeInfo|UnexpectedPredicateFailureType|\w+Ports\b)/, room],
];

/** Any other reason, such as `UnexpectedAdmissionError`: a device or resource manager of the node rejects the pod. */
const refused: Meaning = {
  cause: 'container-start', hint: 'The node rejects the pods: check its device plugins and resource managers, and what the pod template requests from them.',
};

const meaningOf = (pod: Pod): Meaning => meanings.find(([pattern]) => pattern.test(describeEnd(pod)))?.[1] ?? refused;
