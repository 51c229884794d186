import type { CauseTable } from './entry.js';
import { settingText } from '../place-words.js';

/** What the judge sees of new pods: src/kubernetes/judge/. */
export const pods = {
  'image-not-found': {
    observed: 'ErrImagePull or ImagePullBackOff with "not found" or "manifest unknown".',
    sentence: 'The image does not exist in the registry.',
    hint: 'Check the repository name and the digest, and whether a retention rule removed the image.',
  },
  'image-pull-denied': {
    observed: 'ErrImagePull with "unauthorized", "denied" or "forbidden", for longer than the first back-off.',
    patienceSeconds: 15,
    sentence: 'The nodes are not allowed to pull the image.',
    hint: 'Check the imagePullSecrets of the pod or its service account: one of them must contain a login for this registry.',
  },
  'image-name-invalid': {
    observed: 'InvalidImageName or ErrImageNeverPull.',
    sentence: 'The nodes cannot use the image reference.',
    hint: 'Check the image name for upper-case letters and spaces, and the pod template for `imagePullPolicy: Never`.',
  },
  'image-pull-failed': {
    observed: 'ErrImagePull with 429, a timeout, a 5xx or an unknown error.',
    patienceSeconds: 120,
    sentence: 'The nodes cannot pull the image.',
    hint: 'Check that the registry is up and that the nodes can reach it; its answer is in the evidence.',
  },
  'image-platform-missing': {
    observed: '"no match for platform", or a node with an architecture that the image does not have.',
    sentence: 'The image has no variant for the architecture of a node.',
    get hint() { return `Add the platform to ${settingText('platforms')}, or keep the pods off those nodes with a nodeSelector.`; },
  },
  'crash-loop': {
    observed: 'A container exited twice, or CrashLoopBackOff. A single crash is tolerated.',
    sentence: 'The new version crashes.',
    hint: 'Fix the error that its log reports.',
  },
  'out-of-memory': {
    observed: 'A container was killed twice with OOMKilled.',
    sentence: 'The new version needs more memory than its limit.',
    hint: 'Raise the memory limit of the container, or find out what the new version allocates.',
  },
  'probe-killed': {
    observed: 'A container was killed twice because a liveness or startup probe failed, and it did not exit with a code of its own.',
    sentence: 'The new version is killed by its own probe.',
    hint: 'Check that the new version still answers this probe in time; the result of the probe is in the evidence.',
  },
  'hook-failed': {
    observed: 'A container was killed twice because its postStart hook failed, and it did not exit with a code of its own.',
    sentence: 'A lifecycle hook of the new version fails.',
    hint: 'Run the hook’s command in the container, and fix it or remove it from the pod template.',
  },
  'evicted': {
    observed: 'Three new pods in a row were evicted for exceeding a limit of their own, such as ephemeral storage.',
    sentence: 'The node evicts the new pods because they exceed their own limits.',
    hint: 'Raise the limit that the message names, or find out what the new version writes.',
  },
  'container-start': {
    observed: 'RunContainerError, StartError or ContainerCannotRun, twice; CreateContainerError; or FailedCreatePodSandBox.',
    longer: { seconds: 30, when: 'the container cannot be created (CreateContainerError)' },
    longest: { seconds: 120, when: 'the node cannot create the pod sandbox (FailedCreatePodSandBox)' },
    sentence: 'The container cannot be started.',
    hint: 'Check the entry point and command of the image: the program must exist in it, built for this architecture.',
  },
  'init-failed': {
    observed: 'An init container failed, and failed again on the first retry.',
    sentence: 'An init container of the new version fails.',
    hint: 'Fix the error that its log reports.',
  },
  'volume-mount': {
    observed: 'FailedMount, because an object does not exist or for another reason.',
    patienceSeconds: 20,
    longer: { seconds: 120, when: 'the reason is not a missing object' },
    sentence: 'A volume of the new pods cannot be mounted.',
    hint: 'Create the ConfigMap, Secret or claim that the message names, or check the storage of the node.',
  },
  'unschedulable': {
    observed: 'PodScheduled is False with the reason Unschedulable. At once when nodes rejected or evicted three new pods in a row within a minute because they do not fit (NodePorts, OutOfcpu, NodeAffinity).',
    patienceSeconds: 180,
    longer: { seconds: 600, when: 'an autoscaler reported that it adds a node' },
    sentence: 'No node has room for the new pods.',
    hint: 'Lower the requests, free capacity, or add a node; the message of the scheduler is in the evidence.',
  },
  'quota-exceeded': {
    observed: 'The API server returns "exceeded quota", or ReplicaFailure, ReplicaSetCreateError or FailedCreate contains these words. Terminating pods still count against the quota: the time runs once none is left, and is longer by the time that they took, because controllers retry with growing pauses.',
    patienceSeconds: 20,
    longer: { seconds: 120, when: 'pods are terminating' },
    sentence: 'A ResourceQuota has no room for what the run creates.',
    hint: 'Raise the quota, delete what is no longer needed in the namespace, or lower the surge or the requests of the workload.',
  },
  'admission-denied': {
    observed: 'ReplicaFailure, ReplicaSetCreateError or FailedCreate because admission control rejected the pod or its ReplicaSet.',
    patienceSeconds: 20,
    longer: { seconds: 60, when: 'a webhook does not answer' },
    sentence: 'The cluster rejects the new pods.',
    hint: 'Read the message of the policy in the evidence and fix the pod template.',
  },
  'container-config': {
    observed: 'CreateContainerConfigError. At once when waiting cannot help: the image runs as a user that `runAsNonRoot` does not allow.',
    patienceSeconds: 10,
    sentence: 'A container of the new version cannot be configured.',
    hint: 'Fix what the message names, in the pod template or in the image.',
  },
  'not-ready': {
    observed: 'A new pod runs and its readiness probe keeps failing. The time is longer when twice the time that its probes allow, or twice the time that ready pods needed, is more.',
    patienceSeconds: 60,
    sentence: 'The new version starts but does not become ready.',
    hint: 'Check that the new version still serves the path and port of its readiness probe: the evidence has the result of the probe and the log. If the app only needs longer, raise the thresholds of the probe.',
  },
  'deadline': {
    observed: 'The rollout did not finish within `timeout`, or Kubernetes reports ProgressDeadlineExceeded for this change.',
    sentence: 'The rollout took too long.',
    get hint() { return `Check what the pods were waiting for; raise ${settingText('timeout')} only if that is normal.`; },
  },
} as const satisfies CauseTable;
