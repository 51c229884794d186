import { ClusterError } from '../../outcome/errors.js';
import { ApiError } from '../../kubernetes/client/api.js';
import type { Cluster } from '../../kubernetes/client/cluster.js';
import { meaningOf } from '../../kubernetes/client/meaning.js';
import { conditionOf, isLeaving, nameOf, type List, type Pod } from '../../kubernetes/client/objects.js';
import { apiPath, resources } from '../../kubernetes/client/resources.js';
import { DataError, type DataFailure } from '../error.js';

/** Which container has the programs of the database. */
export interface PodSettings {
  /** As kubectl takes it: `app.kubernetes.io/name=postgresql`. */
  readonly selector: string;
  /** Needed if the pod has several. */
  readonly container?: string;
}

export interface FoundContainer {
  readonly pod: Pod;
  readonly container: string;
}

/** The account that others choose a container by: https://kubernetes.io/docs/reference/labels-annotations-taints/#kubectl-kubernetes-io-default-container */
const defaultContainer = 'kubectl.kubernetes.io/default-container';

/**
 * The pods with these labels that are ready and stay, with the container that is meant.
 * @returns at least one, sorted by name
 * @throws DataError, ClusterError
 */
export async function findContainers(cluster: Cluster, settings: PodSettings, failure: DataFailure, signal: AbortSignal): Promise<readonly FoundContainer[]> {
  const { selector } = settings;
  const path = `${apiPath(resources.pods, cluster.namespace)}?${new URLSearchParams({ labelSelector: selector }).toString()}`;
  const { items = [] } = await cluster.api.get<List<Pod>>(path, { signal }).catch((error: unknown) => { throw refusal(error, 'The pods of the database cannot be listed'); });
  const usable = items.filter((pod) => whyNot(pod) === undefined).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  if (usable.length > 0) return usable.map((pod) => ({ pod, container: containerOf(pod, settings, failure) }));
  if (items.length === 0) {
    throw new DataError(failure, `No pod in namespace ${cluster.namespace} matches \`${selector}\`.`, {
      hint: `Check \`pod\` of the database in the settings: ${cluster.typed(['get', 'pods', '--show-labels'])}`,
    });
  }
  throw new DataError(failure, `No pod in namespace ${cluster.namespace} that matches \`${selector}\` is ready: ${items.map((pod) => `${nameOf(pod)} ${whyNot(pod)}`).join(', ')}.`, {
    hint: `Wait until the database is ready: ${cluster.typed(['get', 'pods', `--selector=${selector}`])}`,
  });
}

function whyNot(pod: Pod): string | undefined {
  if (isLeaving(pod)) return 'is terminating';
  if (pod.status?.phase !== 'Running') return `is ${pod.status?.phase ?? 'unknown'}`;
  return conditionOf(pod.status.conditions, 'Ready')?.status === 'True' ? undefined : 'is not ready';
}

function containerOf(pod: Pod, { container }: PodSettings, failure: DataFailure): string {
  const names = (pod.spec?.containers ?? []).map(({ name = '' }) => name);
  const wanted = container ?? pod.metadata?.annotations?.[defaultContainer] ?? (names.length === 1 ? names[0] : undefined);
  if (wanted !== undefined && names.includes(wanted)) return wanted;
  const has = `it has ${names.join(', ')}`;
  throw new DataError(failure, wanted === undefined ? `Pod ${nameOf(pod)} has several containers, and none is chosen: ${has}.` : `Pod ${nameOf(pod)} has no container ${wanted}: ${has}.`, {
    hint: 'Set `container` of the database in the settings to the one with the database server.',
  });
}

/** Of an error of the API server. @param what as the subject of a sentence without its end */
export function refusal(error: unknown, what: string): unknown {
  if (!(error instanceof ApiError)) return error;
  const { cause, hint } = meaningOf(error);
  return new ClusterError(cause, `${what}: ${error.message}.`, { hint, cause: error });
}
