import type { CauseTable } from './entry.js';

/** What the judge sees of new pods: see src/rollout/judge/. */
export const pods = {
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
} as const satisfies CauseTable;
