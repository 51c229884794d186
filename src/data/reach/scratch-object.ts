import { nameOf, type Job } from '../../kubernetes/client/objects.js';
import { jobLabels, runLabel } from '../../kubernetes/job/job-labels.js';
import type { DataContext } from '../engine.js';
import type { FoundContainer } from './find-pod.js';
import type { Owner } from './owner.js';

export const containerName = 'scratch';
export const scratchFolder = '/scratch';
/** What the pod waits for: whoever holds it has this open, and when nobody has, the pod ends. */
export const waitFor = '/scratch/held';

/** The pod ends after five minutes if nobody comes, and as soon as who came is gone, whatever ended it: the kernel closes the pipe. */
const mainScript = `
mkfifo ${waitFor} || exit 1
( sleep 300; : >${waitFor} ) &
IFS= read -r line <${waitFor}
exit 0
`;

export interface ScratchJob {
  readonly name: string;
  readonly context: Pick<DataContext, 'app' | 'id'>;
  readonly source: FoundContainer;
  readonly image: string;
  readonly owner: Owner;
  /** Of the data. */
  readonly bytes: number;
  /** Whether nodes are known to say how much disk they have: where they do not, a pod that requests some is never scheduled. */
  readonly requestsDisk: boolean;
}

const gibibyte = 1024 ** 3;
/** The data, the dump beside it, the sorting of indexes and the log of the server. */
export const sizeOf = (bytes: number): string => `${Math.ceil((bytes * 2.2) / gibibyte) + 2}Gi`;

/** In all. A restore that takes longer is no verification that anybody waits for. */
const deadlineSeconds = 6 * 3600;

/** Nothing of it is reachable by others: no Service selects it, no port is open, and it has no account of the cluster. */
export function scratchJob({ name, context, source, image, owner, bytes, requestsDisk }: ScratchJob): Job {
  const labels = { [jobLabels.app]: context.app, [jobLabels.purpose]: 'scratch', [jobLabels.run]: runLabel(context.id), [jobLabels.job]: name };
  const { imagePullSecrets, nodeSelector, tolerations, runtimeClassName } = source.pod.spec ?? {};
  const size = sizeOf(bytes);
  return {
    apiVersion: 'batch/v1', kind: 'Job',
    metadata: {
      name, labels: { ...labels, 'app.kubernetes.io/managed-by': 'deploy-action', 'app.kubernetes.io/part-of': context.app },
      annotations: { 'deploy-action/source': nameOf(source.pod) },
    },
    spec: {
      backoffLimit: 0, completions: 1, parallelism: 1, ttlSecondsAfterFinished: 60, activeDeadlineSeconds: deadlineSeconds,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never', automountServiceAccountToken: false, enableServiceLinks: false, terminationGracePeriodSeconds: 1,
          imagePullSecrets, nodeSelector, tolerations, runtimeClassName,
          securityContext: { runAsNonRoot: true, runAsUser: owner.user, runAsGroup: owner.group, fsGroup: owner.group, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [{
            name: containerName, image, imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', mainScript], env: [{ name: 'TMPDIR', value: scratchFolder }],
            securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
            resources: {
              requests: { cpu: '250m', memory: '512Mi', ...(requestsDisk && { 'ephemeral-storage': size }) }, ...(requestsDisk && { limits: { 'ephemeral-storage': size } }),
            },
            volumeMounts: [{ name: 'scratch', mountPath: scratchFolder }],
          }],
          volumes: [{ name: 'scratch', emptyDir: { sizeLimit: size } }],
        },
      },
    },
  };
}
