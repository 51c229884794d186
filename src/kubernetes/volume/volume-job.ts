import type { Job } from '../client/objects.js';
import { jobLabels, jobName, runLabel, type JobIdentity } from '../job/job-labels.js';

export const containerName = 'volume';
export const mountPath = '/volume';
/** What the pod waits for: whoever uses it has this open, and when nobody has, the pod ends. */
export const waitFor = '/tmp/held';

/** The user and group of the files in the volume. Any but root would do; distroless images call this one nonroot. */
const owner = 65_532;

/** As in Docker Hub; a registry of one's own is a setting. */
const usualImage = 'busybox:1.37';

/** The pod ends after five minutes if nobody comes, and as soon as who came is gone, whatever ended it. */
const mainScript = `
mkfifo ${waitFor} || exit 1
( sleep 300; : >${waitFor} ) &
IFS= read -r line <${waitFor}
exit 0
`;

/** Ends at the latest after so long. A backup that takes longer is in parts. */
const deadlineSeconds = 12 * 3600;

/** A Job for a pod that mounts a claim. It has no account of the cluster, and fits into a namespace with the strictest pod security standard. */
export function volumeJob(of: Pick<JobIdentity, 'app' | 'run'>, claim: string, image: string | undefined, serial: string): Job {
  const name = jobName({ app: of.app, purpose: 'volume', run: `${of.run} ${claim} ${serial}` });
  const labels = { [jobLabels.app]: of.app, [jobLabels.purpose]: 'volume', [jobLabels.run]: runLabel(of.run), [jobLabels.job]: name };
  return {
    apiVersion: 'batch/v1', kind: 'Job',
    metadata: { name, labels: { ...labels, 'app.kubernetes.io/managed-by': 'deploy-action', 'app.kubernetes.io/part-of': of.app } },
    spec: {
      backoffLimit: 0, completions: 1, parallelism: 1, ttlSecondsAfterFinished: 60, activeDeadlineSeconds: deadlineSeconds,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never', automountServiceAccountToken: false, enableServiceLinks: false, terminationGracePeriodSeconds: 1,
          securityContext: {
            runAsNonRoot: true, runAsUser: owner, runAsGroup: owner, fsGroup: owner, fsGroupChangePolicy: 'OnRootMismatch', seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [{
            name: containerName, image: image ?? usualImage, imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', mainScript],
            securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
            resources: { requests: { cpu: '100m', memory: '64Mi' } },
            volumeMounts: [{ name: 'volume', mountPath }, { name: 'tmp', mountPath: '/tmp' }],
          }],
          volumes: [{ name: 'volume', persistentVolumeClaim: { claimName: claim } }, { name: 'tmp', emptyDir: { sizeLimit: '16Mi' } }],
        },
      },
    },
  };
}
