import type { NamedVariable } from '../config/referenced-secrets.js';
import { rulesForData, type DataRights } from './rights.js';

/** A backup in the cluster, by a schedule of the cluster. */
export interface CronJobWish {
  /** Names everything. A DNS label. */
  readonly app: string;
  /** Of the settings file. */
  readonly environment?: string;
  /** Undefined: that of whoever applies it. */
  readonly namespace?: string;
  /** Those that are backed up; empty: all. */
  readonly databases: readonly string[];
  /** Five fields, in UTC. */
  readonly schedule: string;
  /** With `deploy-action` as its entry point, by tag or digest. */
  readonly image: string;
  /** The Secret with the variables. */
  readonly secret: string;
  /** Space for the spool: `10Gi`. */
  readonly disk: string;
  /** The longest time of each step, ms. */
  readonly timeoutMs: number;
  /** Text of the settings file. */
  readonly settings: string;
  readonly variables: readonly NamedVariable[];
  readonly rights: DataRights;
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

const settingsFolder = '/etc/deploy-action';
const spoolFolder = '/spool';
/** Not root, and no user of an image. */
const user = 10_001;

/** Of all objects. Names of CronJobs have 52 characters at most: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ */
export const nameFor = (app: string): string => `${app.slice(0, 45)}-backup`;

/** The objects, in the order in which they are applied. The Secret is not among them: whoever has its values creates it. */
export function cronJobObjects(wish: CronJobWish): readonly KubernetesObject[] {
  const { app, namespace, settings, rights } = wish;
  const name = nameFor(app);
  const labels = { 'app.kubernetes.io/name': 'deploy-action', 'app.kubernetes.io/component': 'backup', 'app.kubernetes.io/part-of': app };
  const metadata = { name, ...namespace !== undefined && { namespace }, labels };
  const group = 'rbac.authorization.k8s.io';
  const rules = rulesForData(rights);
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: false },
    ...rules.length === 0 ? [] : [
      { apiVersion: `${group}/v1`, kind: 'Role', metadata, rules },
      {
        apiVersion: `${group}/v1`, kind: 'RoleBinding', metadata, roleRef: { apiGroup: group, kind: 'Role', name },
        subjects: [{ kind: 'ServiceAccount', name, ...namespace !== undefined && { namespace } }],
      },
    ],
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'deploy.yml': settings } },
    { apiVersion: 'batch/v1', kind: 'CronJob', metadata, spec: cronJobSpec(wish, name, labels, rules.length > 0) },
  ];
}

function cronJobSpec(wish: CronJobWish, name: string, labels: object, usesCluster: boolean): object {
  return {
    schedule: wish.schedule, timeZone: 'Etc/UTC',
    // One that is late by less is started all the same, and two never run at once.
    concurrencyPolicy: 'Forbid', startingDeadlineSeconds: 1800,
    successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 3,
    jobTemplate: {
      metadata: { labels },
      spec: {
        // A backup is made again from its start once. A run has three steps with a limit each.
        backoffLimit: 1, activeDeadlineSeconds: Math.ceil(wish.timeoutMs * 3 / 1000),
        template: { metadata: { labels }, spec: podSpec(wish, name, usesCluster) },
      },
    },
  };
}

function podSpec({ image, disk, ...wish }: CronJobWish, name: string, usesCluster: boolean): object {
  return {
    serviceAccountName: name, automountServiceAccountToken: usesCluster, enableServiceLinks: false, restartPolicy: 'Never', terminationGracePeriodSeconds: 60,
    securityContext: { runAsNonRoot: true, runAsUser: user, runAsGroup: user, fsGroup: user, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{
      name: 'backup', image, args: argumentsOf(wish), env: environmentOf(wish),
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      // Disks of nodes are not counted in every cluster, so none is requested; the volume has its limit.
      resources: { requests: { cpu: '250m', memory: '256Mi' }, limits: { memory: '512Mi' } },
      volumeMounts: [{ name: 'settings', mountPath: settingsFolder, readOnly: true }, { name: 'spool', mountPath: spoolFolder }],
    }],
    volumes: [{ name: 'settings', configMap: { name } }, { name: 'spool', emptyDir: { sizeLimit: disk } }],
  };
}

const argumentsOf = ({ app, environment, databases }: Pick<CronJobWish, 'app' | 'environment' | 'databases'>): readonly string[] => [
  'backup', `--config=${settingsFolder}/deploy.yml`, `--app=${app}`, ...environment === undefined ? [] : [`--environment=${environment}`],
  ...databases.map((database) => `--database=${database}`),
];

/** A needed variable without its key keeps the pod from starting, with a message that names the key. */
function environmentOf({ variables, secret }: Pick<CronJobWish, 'variables' | 'secret'>): readonly object[] {
  const folders = [{ name: 'HOME', value: spoolFolder }, { name: 'TMPDIR', value: spoolFolder }];
  const reference = ({ name, isNeeded }: NamedVariable): object =>
    ({ name, valueFrom: { secretKeyRef: { name: secret, key: name, ...!isNeeded && { optional: true } } } });
  return [...folders, ...variables.map(reference)];
}
