/**
 * Every reason for which a run can fail, in one table: what is observed, how long it may last before it is
 * certain, what to say, what to do. `docs/causes.md` is generated from it, so there is no second list.
 */
export interface CauseEntry {
  /** What is seen in the cluster, the builder or the registry. */
  readonly observed: string;
  /** Seconds for which the symptom must last before the judge is sure; undefined: certain at once, or not judged over time. */
  readonly patienceSeconds?: number;
  /** A longer time, and when it counts instead. */
  readonly longer?: { readonly seconds: number; readonly when: string };
  /** One more of them. */
  readonly longest?: { readonly seconds: number; readonly when: string };
  /** One sentence for the user, without the particulars: those are in the error's message. */
  readonly sentence: string;
  /** What to do about it. */
  readonly hint: string;
}

const table = {
  'config-invalid': {
    observed: 'An input, the settings file or the kubeconfig contains an invalid value, or there is no kubeconfig.',
    sentence: 'The settings are not valid.',
    hint: 'Mend every problem listed; nothing was run or changed.',
  },
  'permission-denied': {
    observed: 'The API server answers 401, or 403 because a permission is missing, or an access review says no.',
    sentence: 'The account that deploys may not do what the run needs.',
    hint: 'Apply the Role in docs/rbac.yaml of this action, or use another kubeconfig.',
  },
  'api-unreachable': {
    observed: 'The API server does not answer, or something else answers in its place.',
    sentence: 'The cluster cannot be reached.',
    hint: 'Check the kubeconfig, the context, and that the runner may reach the API server.',
  },
  'tool-missing': {
    observed: 'A program that the run needs (docker, buildx, git, kubectl, bash) is not on the runner, cannot be downloaded, or does not have its pinned checksum.',
    sentence: 'A program that the run needs is not available.',
    hint: 'Install the program on the runner, or add the step that is named to the workflow.',
  },
  'tool-timeout': {
    observed: 'A program did not exit within the time that the run allows for it.',
    sentence: 'A program did not finish in time.',
    hint: 'Run the command that is named on the runner to see what it is waiting for.',
  },
  'record-unreadable': {
    observed: 'The ledger in the namespace was written by a later version of this action, or was edited by hand.',
    sentence: 'The record of earlier runs cannot be read.',
    hint: 'Use the later version, or look at the ConfigMap that is named and delete it once nothing in it is unfinished.',
  },
  'release-not-found': {
    observed: 'No recorded release fits `to`, or none is older than what runs now.',
    sentence: 'There is no release to roll back to.',
    hint: 'Choose one of the releases listed in the log, or deploy a version with `digest`.',
  },
  'not-deployable': {
    observed: 'A workload is paused, is updated only by hand (OnDelete), or has a strategy that can never complete; or its namespace is being deleted, or the API server does not accept the workload as it would be (422).',
    sentence: 'A workload cannot be rolled out in its present state.',
    hint: 'Change the workload as described, then run again.',
  },
  'locked': {
    observed: 'The Lease of the app is held by another run, and was not given up within `lock-timeout`.',
    sentence: 'Another run is deploying this app.',
    hint: 'Wait for that run to end, or stop it. A run that has died gives up its Lease within 15 s by itself.',
  },
  'frozen': {
    observed: 'The time of the run lies in a `freeze`, or outside every one of `windows`.',
    sentence: 'Deployments are closed at this time.',
    hint: 'Run it again later, or set `freeze-override` to the reason why it cannot wait; the reason is recorded.',
  },
  'cancelled': {
    observed: 'SIGINT or SIGTERM.',
    sentence: 'The run was cancelled.',
    hint: 'Run it again when you are ready.',
  },
  'unexpected': {
    observed: 'An error that no part of the action foresaw.',
    sentence: 'The action itself failed.',
    hint: 'This is a defect of the action: please report it with the log of this step.',
  },
  'superseded': {
    observed: 'The workload no longer holds what this run wrote, and somebody else wrote it.',
    sentence: 'Somebody else changed the workload during the run.',
    hint: 'Nothing of theirs was overwritten. Find out who deploys besides this workflow, then run again.',
  },
  'test-failed': {
    observed: 'A command of the test gate ends with a code other than 0.',
    sentence: 'The test gate is red.',
    hint: 'Mend the test; nothing was built or changed.',
  },
  'build-failed': {
    observed: '`docker buildx build` ends with a code other than 0.',
    sentence: 'The image could not be built.',
    hint: 'Read the failing step of the Dockerfile in the log above.',
  },
  'platform-unsupported': {
    observed: 'The builder does not list a platform that is asked for.',
    sentence: 'The builder cannot build for a platform that is asked for.',
    hint: 'Set up QEMU or a builder with that platform before this step, or leave the platform out of `platforms`.',
  },
  'registry-denied': {
    observed: 'The registry answers 401 or 403.',
    sentence: 'The registry refused the login.',
    hint: 'Check `registry-username`, `registry-password`, and that the account may write to this repository.',
  },
  'push-failed': {
    observed: 'The image was built and the registry did not take it.',
    sentence: 'The image could not be pushed.',
    hint: 'Check that the registry is up and has room; run again.',
  },
  'image-not-found': {
    observed: 'ErrImagePull or ImagePullBackOff with "not found" or "manifest unknown".',
    sentence: 'The image does not exist in the registry.',
    hint: 'Check the repository name and the digest, and that a retention rule has not removed it.',
  },
  'image-pull-denied': {
    observed: 'ErrImagePull with "unauthorized", "denied" or "forbidden", for longer than the first pause between two attempts.',
    patienceSeconds: 15,
    sentence: 'The nodes may not pull the image.',
    hint: 'Check the imagePullSecrets of the pod or its service account: do they hold a login for this registry?',
  },
  'image-name-invalid': {
    observed: 'InvalidImageName, ErrImageNeverPull.',
    sentence: 'The image reference cannot be used by the nodes.',
    hint: 'Check the image name for upper-case letters and spaces, and imagePullPolicy: Never.',
  },
  'image-pull-failed': {
    observed: 'ErrImagePull with 429, a time-out, a 5xx or anything unknown.',
    patienceSeconds: 120,
    sentence: 'The nodes cannot pull the image.',
    hint: 'The registry is overloaded, down, or not reachable from the nodes; its answer is in the evidence.',
  },
  'image-platform-missing': {
    observed: '"no match for platform", or a node whose architecture is not in the image.',
    sentence: 'The image has no variant for the architecture of a node.',
    hint: 'Add the platform to `platforms`, or keep the pods off those nodes with a nodeSelector.',
  },
  'crash-loop': {
    observed: 'A container ended twice, or CrashLoopBackOff. A single crash is tolerated.',
    sentence: 'The new version crashes.',
    hint: 'The last lines of its log are in the evidence.',
  },
  'out-of-memory': {
    observed: 'A container was killed twice with OOMKilled.',
    sentence: 'The new version needs more memory than its limit.',
    hint: 'Raise the memory limit of the container, or find out what the new version allocates.',
  },
  'probe-killed': {
    observed: 'A liveness or startup probe had a container killed twice, and it did not end with an exit code of its own.',
    sentence: 'The new version is killed by its own probe.',
    hint: 'Read the probe’s answer in the evidence: does the new version still serve that path, and in time?',
  },
  'hook-failed': {
    observed: 'The kubelet killed a container twice because its postStart hook failed, and it did not end with an exit code of its own.',
    sentence: 'A lifecycle hook of the new version fails.',
    hint: 'Run the hook’s command in the container, and fix it or remove it from the pod template.',
  },
  'evicted': {
    observed: 'Three new pods, one after another, were evicted for exceeding a limit of their own, such as ephemeral storage.',
    sentence: 'The node evicts the new pods because they exceed their own limits.',
    hint: 'Raise the limit that is named, or find out what the new version writes.',
  },
  'container-start': {
    observed: 'RunContainerError, StartError or ContainerCannotRun, twice; CreateContainerError; or FailedCreatePodSandBox.',
    longer: { seconds: 30, when: 'the container cannot even be made (CreateContainerError)' },
    longest: { seconds: 120, when: 'the node cannot create the sandbox of the pod (FailedCreatePodSandBox)' },
    sentence: 'The container cannot be started.',
    hint: 'Check the entry point and command of the image: does the program exist in it, for this architecture?',
  },
  'init-failed': {
    observed: 'An init container ended badly, and again after one retry.',
    sentence: 'An init container of the new version fails.',
    hint: 'The last lines of its log are in the evidence.',
  },
  'volume-mount': {
    observed: 'FailedMount of an object that does not exist, or for any other reason.',
    patienceSeconds: 20,
    longer: { seconds: 120, when: 'the object exists, and it is mounted late' },
    sentence: 'A volume of the new pods cannot be mounted.',
    hint: 'Create the ConfigMap, Secret or claim that is named, or look at the storage of the node.',
  },
  'unschedulable': {
    observed: 'PodScheduled is False with the reason Unschedulable. At once when a node has refused or evicted three new pods, one after another within a minute, for what it has no room for (NodePorts, OutOfcpu, NodeAffinity).',
    patienceSeconds: 180,
    longer: { seconds: 600, when: 'an autoscaler said that it adds a node' },
    sentence: 'No node has room for the new pods.',
    hint: 'Lower the requests, free room, or add a node; the scheduler’s words are in the evidence.',
  },
  'quota-exceeded': {
    observed: 'The API server answers "exceeded quota", or ReplicaFailure, ReplicaSetCreateError or FailedCreate has these words, counted from when no pod is on its way out any more. When pods were, as long again is added: controllers try again after pauses that double.',
    patienceSeconds: 20,
    longer: { seconds: 120, when: 'pods that are on their way out count against the quota' },
    sentence: 'A ResourceQuota has no room for what the run has to create.',
    hint: 'Raise the quota, delete what is no longer needed in the namespace, or lower the surge or the requests of the workload.',
  },
  'admission-denied': {
    observed: 'ReplicaFailure, ReplicaSetCreateError or FailedCreate because admission refused the pod or its ReplicaSet.',
    patienceSeconds: 20,
    longer: { seconds: 60, when: 'a webhook does not answer' },
    sentence: 'The cluster does not admit the new pods.',
    hint: 'Read the policy’s words in the evidence and mend the pod template.',
  },
  'container-config': {
    observed: 'CreateContainerConfigError. At once where waiting cannot help: the image runs as a user that `runAsNonRoot` does not allow.',
    patienceSeconds: 10,
    sentence: 'A container of the new version cannot be configured.',
    hint: 'Change what the node names in the pod template, or in the image.',
  },
  'not-ready': {
    observed: 'A new pod runs and its readiness probe keeps failing; for twice as long as its own probes allow, or as the pods before it took, when that is more.',
    patienceSeconds: 60,
    sentence: 'The new version starts and never becomes ready.',
    hint: 'Read the probe’s answer and the log in the evidence; if it only needs longer, raise the probe’s own numbers.',
  },
  'deadline': {
    observed: 'The rollout did not end within `timeout`, or Kubernetes reports ProgressDeadlineExceeded for this change.',
    sentence: 'The rollout took too long.',
    hint: 'See what the pods were waiting for; raise `timeout` only if that is normal.',
  },
  'smoke-failed': {
    observed: 'The new version answers a smoke check wrongly, or not at all.',
    sentence: 'A smoke check failed.',
    hint: 'Compare the answer with the check; the log of a new pod is in the evidence.',
  },
  'wrong-version-serving': {
    observed: 'The Service sends traffic to pods that are not of the new version, or answers wrongly when every new pod answers rightly.',
    patienceSeconds: 15,
    sentence: 'The Service is not served by the new version.',
    hint: 'Check the selector of the Service, and whether other workloads carry the same labels.',
  },
} as const satisfies Record<string, CauseEntry>;

export type Cause = keyof typeof table;
export const causes: Readonly<Record<Cause, CauseEntry>> = table;

/** The time of the table for which a symptom of this cause must last, in ms; 0: it is certain at once. */
export function patienceMs(cause: Cause, which: 'usual' | 'longer' | 'longest' = 'usual'): number {
  const entry: CauseEntry = causes[cause];
  return 1000 * ((which === 'usual' ? undefined : entry[which]?.seconds) ?? entry.patienceSeconds ?? 0);
}
