import type { Autoscaler, EnvSource, Inspected, Note, OtherEnvironment, PolicyObject, PolicyReads } from '../../policy/input.js';
import type { WorkloadRef } from '../../config/config.js';
import { ApiError, type Api } from '../../kubernetes/client/api.js';
import type { HorizontalPodAutoscaler, KubeObject, List, Workload } from '../../kubernetes/client/objects.js';
import { apiPath, resources, workloadResource } from '../../kubernetes/client/resources.js';
import { readReferences, referencesOf, type ReferencedObjects } from '../../kubernetes/preflight/references.js';
import { containersOf, templateOf } from '../../kubernetes/observe/workload.js';
import type { Given } from '../under-lock.js';
import type { ClusterFacts } from './facts.js';
import { imageSet, type ImageChange } from './image-change.js';
import { readIngressCertificates } from './ingress-certificates.js';
import { refText, type FoundWorkload } from './resolve.js';

/** What policy rules look at: the workloads as they would be after the change, and what the rules that are on need besides. */
export async function inspect(
  { ports: { cancelled: signal } }: Pick<Given, 'ports'>, { cluster, found, services }: ClusterFacts, changes: readonly ImageChange[], referenced: ReferencedObjects, reads: PolicyReads,
): Promise<Inspected> {
  const { api, namespace } = cluster;
  const present = found.flatMap(({ ref, workload }) => (workload ? [{ ref, workload }] : []));
  const optional = reads.optionalSources ? present.flatMap(({ ref, workload }) => referencesOf(templateOf(ref.kind, workload), 'included')) : [];
  const labels = present.map(({ ref, workload }) => templateOf(ref.kind, workload)?.metadata?.labels ?? {});
  const [sources, autoscalers, ingresses, ...others] = await Promise.all([
    readReferences(api, namespace, optional, signal, referenced),
    reads.autoscalers ? readAutoscalers(api, namespace, signal) : nothing,
    reads.ingresses ? readIngressCertificates(cluster, services, labels, signal) : { certificates: [], notes: [] },
    ...reads.others.map((other) => readOther(api, other, present.map(({ ref }) => ref), signal)),
  ]);
  return {
    objects: objectsOf(present, changes),
    sources: sources satisfies ReadonlyMap<string, EnvSource>,
    selectors: services.filter(({ spec }) => spec?.type !== 'ExternalName').map(({ spec }) => spec?.selector ?? {}),
    clusterVersion: cluster.version,
    ...autoscalers.found && { autoscalers: autoscalers.found },
    certificates: ingresses.certificates,
    others: others.flatMap(({ other }) => other ?? []),
    notes: [...autoscalers.notes, ...ingresses.notes, ...others.flatMap(({ notes }) => notes)],
  };
}

const nothing: { readonly found?: readonly Autoscaler[]; readonly notes: readonly Note[] } = { notes: [] };

type Present = Pick<FoundWorkload, 'ref'> & { readonly workload: Workload };

/** Each workload once, whether one of its containers is named or several. */
function objectsOf(present: readonly Present[], changes: readonly ImageChange[]): PolicyObject[] {
  const distinct = new Map(present.map((each) => [refText(each.ref), each]));
  return [...distinct].map(([subject, { ref, workload }]) => {
    const containers = changes.find((change) => change.ref === subject)?.containers ?? [];
    const images = new Map(containers.map((container) => [container.name, imageSet(container)]));
    return { subject, origin: { kind: 'cluster' }, form: 'kubernetes', object: withImages(ref.kind, workload, images), deployed: new Set(images.keys()) };
  });
}

/** The object as it would be with these images, by container. */
function withImages(kind: WorkloadRef['kind'], workload: Workload, images: ReadonlyMap<string, string>): KubeObject {
  const { kind: name, prefix } = workloadResource[kind];
  // The items of a list have neither.
  const copy = structuredClone({ apiVersion: prefix.replace(/^\/apis?\//, ''), kind: name, ...workload }) as Workload;
  for (const { container } of containersOf(kind, copy)) {
    const image = images.get(container.name ?? '');
    if (image !== undefined) Object.assign(container, { image });
  }
  return copy;
}

async function readAutoscalers(api: Api, namespace: string, signal: AbortSignal): Promise<typeof nothing> {
  try {
    const { items = [] } = await api.get<List<HorizontalPodAutoscaler>>(apiPath(resources.horizontalpodautoscalers, namespace), { signal });
    return { notes: [], found: items.flatMap(({ metadata, spec }) => {
      const { kind, name } = spec?.scaleTargetRef ?? {};
      return kind === undefined || name === undefined || spec?.maxReplicas === undefined ? []
        : [{ name: metadata?.name ?? '', target: `${kind.toLowerCase()}/${name}`, maxReplicas: spec.maxReplicas }];
    }) };
  } catch (error) {
    // A cluster may serve no autoscalers at all.
    if (!(error instanceof ApiError && (error.status === 403 || error.status === 404))) throw error;
    return { notes: [{ rule: 'connections', text: 'HorizontalPodAutoscalers cannot be listed by this account, so the policy rule `connections` counts the current replicas.' }] };
  }
}

async function readOther(
  api: Api, { name, namespace }: PolicyReads['others'][number], refs: readonly WorkloadRef[], signal: AbortSignal,
): Promise<{ readonly other?: OtherEnvironment; readonly notes: readonly Note[] }> {
  try {
    const found = await Promise.all(refs.map(async (ref) => {
      const workload = await api.find<Workload>(workloadResource[ref.kind], namespace, ref.name, { signal });
      return workload ? [{ ref, workload }] : [];
    }));
    return { other: { name, objects: objectsOf(found.flat(), []) }, notes: [] };
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 403)) throw error;
    return { notes: [{ rule: 'environments', text: `The account is not allowed to read the workloads in namespace ${namespace}, so the policy rule \`environments\` does not compare them with ${name}.` }] };
  }
}
