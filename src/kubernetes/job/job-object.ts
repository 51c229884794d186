import type { WorkloadKind } from '../../config/config.js';
import { nameOf, type Container, type Job, type PodSpec, type PodTemplate, type Service, type Workload } from '../client/objects.js';
import { selects } from '../observe/selector.js';
import { templateOf } from '../observe/workload.js';
import { jobAnnotations, jobLabels, jobName, runLabel, type JobIdentity } from './job-labels.js';
import { withSidecar, type Sidecar } from './sidecar.js';

/** A command that is run once, as a workload runs its own. */
export interface JobWish extends JobIdentity {
  readonly url?: string;
  readonly kind: WorkloadKind;
  readonly workload: Workload;
  /** Of the namespace. */
  readonly services: readonly Service[];
  /** Container → its new image. The first of them that is not an init container runs the command. */
  readonly images: ReadonlyMap<string, string>;
  readonly command: readonly string[];
  /** The command as it is written in the settings. */
  readonly text: string;
  readonly sidecar?: Sidecar;
  /** Of the command, without what its sidecar takes. */
  readonly timeoutMs: number;
}

/** A Job that has ended is kept for a day: its log can be read with kubectl meanwhile. */
const keptSeconds = 86_400;

/** The container that the command runs in; undefined if the workload has none of them. */
export const commandContainer = ({ kind, workload, images }: Pick<JobWish, 'kind' | 'workload' | 'images'>): string | undefined =>
  templateOf(kind, workload)?.spec?.containers?.find(({ name = '' }) => images.has(name))?.name;

/** Why no sidecar can run beside a command of a workload, as a sentence; undefined where one can. */
export const refusedSidecar = ({ kind, workload }: Pick<JobWish, 'kind' | 'workload'>): string | undefined =>
  (templateOf(kind, workload)?.spec?.hostNetwork
    ? `${kind}/${nameOf(workload)} uses the network of its node (\`hostNetwork\`), where others would reach a copy of the database that runs beside the migration.`
    : undefined);

/**
 * The Job that runs a command once, made from the pod template of a workload: with its environment, volumes, accounts and
 * security settings, and without what makes it serve or keeps it running. Only one pod is ever created: a command that failed
 * half way is not started again.
 * @returns undefined when no container of the workload runs the image
 */
export function jobOf(wish: JobWish): Job | undefined {
  const template = templateOf(wish.kind, wish.workload);
  const own = template?.spec?.containers?.find(({ name }) => name === commandContainer(wish));
  if (!template || !own) return undefined;
  const name = jobName(wish);
  const deadline = Math.max(1, Math.ceil((wish.timeoutMs + (wish.sidecar?.timeoutMs ?? 0)) / 1000));
  const labels = { [jobLabels.app]: wish.app, [jobLabels.purpose]: wish.purpose, [jobLabels.run]: runLabel(wish.run) };
  const container = commandOf(own, wish, claimed(wish.workload));
  const initContainers = (template.spec?.initContainers ?? []).map((each) => besideOf(each, wish, claimed(wish.workload)));
  return {
    apiVersion: 'batch/v1', kind: 'Job',
    metadata: {
      name, labels: { ...labels, 'app.kubernetes.io/managed-by': 'deploy-action', 'app.kubernetes.io/part-of': wish.app },
      annotations: { [jobAnnotations.command]: wish.text, ...(wish.url !== undefined && { [jobAnnotations.runUrl]: wish.url }) },
    },
    spec: {
      backoffLimit: 0, completions: 1, parallelism: 1, ttlSecondsAfterFinished: keptSeconds,
      activeDeadlineSeconds: deadline,
      template: {
        metadata: { labels: { ...unselected(template, wish), ...labels, [jobLabels.job]: name }, annotations: template.metadata?.annotations },
        spec: { ...withSidecar(specOf(template.spec ?? {}, container, initContainers), wish.sidecar), activeDeadlineSeconds: deadline + orphanSeconds },
      },
    },
  };
}

/** The labels of the pods of a workload, and those of the pod of a Job of it as far as NetworkPolicies could select it. */
export function comparedLabels({ app, purpose, kind, workload, services }: Pick<JobWish, 'app' | 'purpose' | 'kind' | 'workload' | 'services'>) {
  const template = templateOf(kind, workload) ?? {};
  const own = { [jobLabels.app]: app, [jobLabels.purpose]: purpose };
  return { workload: template.metadata?.labels ?? {}, job: { ...unselected(template, { workload, services }), ...own } };
}

/** The Job ends its pod at its own time limit. If it was deleted without its pod, the node does, a little later. */
const orphanSeconds = 30;

/** The names under which a StatefulSet mounts claims of its own: each belongs to one pod of it. */
const claimed = ({ spec }: Workload): ReadonlySet<string | undefined> => new Set((spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name));

type Claimed = ReturnType<typeof claimed>;

function commandOf(own: Container, wish: JobWish, claims: Claimed): Container {
  const { name = '', imagePullPolicy, workingDir, env = [], envFrom, resources, securityContext } = own;
  const added = Object.entries(wish.sidecar?.env ?? {}).map(([key, value]) => ({ name: key, value }));
  return {
    name, image: wish.images.get(name), imagePullPolicy, command: wish.command, workingDir, envFrom, resources, securityContext, ...mountsOf(own, claims),
    env: [...env.filter((each) => !added.some((other) => other.name === each.name)), ...added],
    // The last lines of the log are in the status even if the log itself cannot be read any more.
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

/** An init container runs as it does in the workload; a sidecar among them is one without ports and without being restarted by a probe. */
function besideOf({ ports: _ports, livenessProbe: _alive, readinessProbe: _ready, ...kept }: Container, { images }: JobWish, claims: Claimed): Container {
  return { ...kept, image: images.get(kept.name ?? '') ?? kept.image, ...mountsOf(kept, claims) };
}

const mountsOf = ({ volumeMounts, volumeDevices }: Container, claims: Claimed): Container => ({
  volumeMounts: volumeMounts?.filter(({ name }) => !claims.has(name)), volumeDevices: volumeDevices?.filter(({ name }) => !claims.has(name)),
});

/**
 * What is not listed is left out: anti-affinity and topology spread place replicas, a host name is that of one pod, and other
 * containers would keep the pod from ending.
 */
function specOf(spec: PodSpec, container: Container, initContainers: readonly Container[]): PodSpec {
  const mounts = [container, ...initContainers].flatMap(({ volumeMounts = [], volumeDevices = [] }) => [...volumeMounts, ...volumeDevices]);
  const mounted = new Set(mounts.map(({ name }) => name));
  const {
    serviceAccountName, automountServiceAccountToken, imagePullSecrets, securityContext, nodeSelector, tolerations, affinity, dnsPolicy, dnsConfig, hostAliases,
    hostNetwork, enableServiceLinks, runtimeClassName, priorityClassName, schedulerName, terminationGracePeriodSeconds, os, hostUsers, volumes,
  } = spec;
  return {
    serviceAccountName, automountServiceAccountToken, imagePullSecrets, securityContext, nodeSelector, tolerations, dnsPolicy, dnsConfig, hostAliases,
    hostNetwork, enableServiceLinks, runtimeClassName, priorityClassName, schedulerName, terminationGracePeriodSeconds, os, hostUsers,
    affinity: affinity?.nodeAffinity && { nodeAffinity: affinity.nodeAffinity },
    volumes: volumes?.filter(({ name }) => mounted.has(name)),
    restartPolicy: 'Never', containers: [container], initContainers: initContainers.length > 0 ? initContainers : undefined,
  };
}

/**
 * The labels of the template without those by which a Service or its own controller finds its pods: traffic must not reach the
 * Job, and nothing must count it. The others stay: an identity that a webhook injects is chosen by a label.
 */
function unselected({ metadata }: PodTemplate, { workload, services }: Pick<JobWish, 'workload' | 'services'>): Readonly<Record<string, string>> {
  const labels = metadata?.labels ?? {};
  const { matchLabels = {}, matchExpressions = [] } = workload.spec?.selector ?? {};
  const found = new Set([
    ...Object.keys(matchLabels), ...matchExpressions.map(({ key }) => key),
    ...services.filter((service) => selects(service, labels)).flatMap(({ spec }) => Object.keys(spec?.selector ?? {})),
  ]);
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !found.has(key)));
}
