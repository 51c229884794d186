import type { WorkloadKind } from '../../config/config.js';
import { accessWith } from '../../image/login.js';
import type { DockerPorts } from '../../image/docker.js';
import { parseReference, sameRepository } from '../../image/reference.js';
import { describeImage } from '../../image/registry.js';
import { nothingFound, type Checked } from '../../outcome/finding.js';
import { within } from '../../ports/within.js';
import type { Cluster } from '../client/cluster.js';
import type { List, Pod, PodTemplate, Workload } from '../client/objects.js';
import { apiPath, resources } from '../client/resources.js';
import { podSelector } from '../observe/selector.js';
import { nodesLogIn } from './pull-secret.js';

interface Puller {
  readonly ref: string;
  readonly kind: WorkloadKind;
  readonly workload: Workload;
  readonly template: PodTemplate | undefined;
}

/**
 * Whether a workload without a pull secret is to pull an image that needs a login. Its pods show what its service account
 * adds to the template. Only a warning: the nodes may have a login of their own that is not visible here. Where pods run an
 * image of this repository, they have pulled it, and the registry is not asked.
 * @param reference `name[:tag][@digest]`; before the build it has no digest
 */
export async function checkPullLogin(
  ports: DockerPorts, cluster: Pick<Cluster, 'api' | 'namespace'>, { ref, kind, workload, template }: Puller, reference: string,
): Promise<Checked> {
  const [named = ''] = reference.split('@');
  const image = parseReference(named);
  if (!image || kind === 'cronjob' || nodesLogIn(image.registry) || template?.spec?.imagePullSecrets?.length || runs(workload, template, named)) return nothingFound;
  const pods = await podsOf(cluster, workload, ports.cancelled);
  if (pods.length === 0 || pods.some(({ spec }) => spec?.imagePullSecrets?.length)) return nothingFound;
  if (!await needsLogin(ports, image.registry, reference.includes('@sha256:') ? reference : named)) return nothingFound;
  return { problems: [], warnings: [
    `${image.registry} does not let ${named} be read without a login, and neither the pod template of ${ref} nor its service account names imagePullSecrets. ` +
      'Unless the nodes have their own login, the new pods cannot pull the image: docs/how-to/private-registry.md describes how to create a pull secret.',
  ] };
}

/** Whether ready pods run an image of this repository. */
function runs({ status }: Workload, template: PodTemplate | undefined, name: string): boolean {
  const ready = status?.readyReplicas ?? status?.numberReady ?? 0;
  return ready > 0 && (template?.spec?.containers ?? []).some(({ image }) => image !== undefined && sameRepository(image, name));
}

async function podsOf({ api, namespace }: Pick<Cluster, 'api' | 'namespace'>, workload: Workload, signal: AbortSignal): Promise<readonly Pod[]> {
  const selector = podSelector([workload]);
  if (selector === undefined) return [];
  return (await api.get<List<Pod>>(`${apiPath(resources.pods, namespace)}?labelSelector=${encodeURIComponent(selector)}`, { signal })).items ?? [];
}

const answersWithinMs = 10_000;

/** Whether the registry denies whoever has no login. If it does not answer, that is reported elsewhere. */
async function needsLogin(ports: DockerPorts, registry: string, reference: string): Promise<boolean> {
  const folder = await ports.files.temporaryFolder();
  const late = (): Error => new Error('the registry does not answer');
  try {
    const access = await accessWith(ports, registry, {}, folder);
    const look = (cancelled: AbortSignal) => describeImage({ ...ports, cancelled }, access, reference);
    return (await within(ports.clock, { ms: answersWithinMs, late, signal: ports.cancelled }, look)).state === 'denied';
  } catch {
    ports.cancelled.throwIfAborted();
    return false;
  } finally {
    await ports.files.remove(folder);
  }
}
