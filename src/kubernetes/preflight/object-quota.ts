import { ApiError, type Api } from '../client/api.js';
import {
  controllerOf, type ControllerRevision, type KubeObject, type List, type PodTemplate, type ReplicaSet, type ResourceQuota, type Workload,
} from '../client/objects.js';
import { apiPath, qualifiedName, resources, workloadResource, type Resource } from '../client/resources.js';
import { ledgerName } from '../store/config-map.js';
import { lockName } from '../store/lease.js';
import { isRevisionOf, sameTemplate } from '../observe/template.js';
import { templateOf, type ObservedWorkload } from '../observe/workload.js';
import { together, type Checked } from '../../outcome/finding.js';
import { parseQuantity } from './quantity.js';

/** What determines the objects that a run creates: its record and lock, and what controllers create for a new template. */
export interface NewObjects {
  readonly app: string;
  readonly targets: readonly ObservedWorkload[];
}

/** One object that is going to be created. */
interface Needed {
  readonly resource: Resource;
  /** `ConfigMap deploy-ledger-web`. */
  readonly what: string;
  /** Whether it does not exist yet; undefined if that is not known. */
  isNew(): Promise<boolean | undefined>;
  readonly remedy: string;
}

/** The quotas that have no room for the objects that do not exist yet. Existing objects are only looked up if the room is short. */
export async function checkRoom(api: Api, namespace: string, planned: NewObjects, quotas: readonly ResourceQuota[], signal: AbortSignal): Promise<Checked> {
  const needed = neededBy(api, namespace, planned, signal);
  const limits = quotas.flatMap(({ metadata, status }) => Object.entries(status?.hard ?? {}).map(([name, hard]) => {
    const used = status?.used?.[name] ?? '0';
    // Negative where the quota was lowered below its use: that is none of the run's business unless it creates an object.
    const balance = (parseQuantity(hard) ?? Infinity) - (parseQuantity(used) ?? 0);
    const counted = needed.filter(({ resource }) => namesOf(resource).includes(name));
    return { quota: metadata?.name ?? '', name, hard, used, balance, room: Math.max(0, balance), counted };
  }));
  const short = limits.filter(({ counted, room }) => counted.length > room);
  return together(await Promise.all(short.map(async ({ quota, name, hard, used, balance, room, counted }): Promise<Checked> => {
    const looked = await Promise.all(counted.map(async (each) => ({ ...each, known: await each.isNew() })));
    const missing = looked.filter(({ known }) => known !== false);
    if (missing.length <= room) return { problems: [], warnings: [] };
    const certain = missing.filter(({ known }) => known === true).length > room;
    const what = `${missing.map((each) => each.what).join(', ')} ${certain ? (missing.length === 1 ? 'is' : 'are') : 'may be'} needed`;
    const message = `The ResourceQuota ${quota} has no room for what the run creates: ${name} is at ${used} of ${hard}, and ${what}.`;
    const hint = `Raise ${name} in the ResourceQuota ${quota} by ${missing.length - balance}, or ${[...new Set(missing.map(({ remedy }) => remedy))].join(', or ')}.`;
    return certain ? { warnings: [], problems: [{ cause: 'quota-exceeded', message, hint }] } : { problems: [], warnings: [`${message} ${hint}`] };
  })));
}

/** How a quota may name a resource. https://kubernetes.io/docs/concepts/policy/resource-quotas/#object-count-quota */
const namesOf = (resource: Resource): string[] => [`count/${qualifiedName(resource)}`, ...(resource.group === '' ? [resource.plural] : [])];

function neededBy(api: Api, namespace: string, { app, targets }: NewObjects, signal: AbortSignal): Needed[] {
  const own = (resource: Resource, name: string): Needed => ({
    resource, what: `${resource.kind} ${name}`, remedy: `delete a ${resource.kind} that is no longer needed`,
    isNew: () => readable(api.find<KubeObject>(resource, namespace, name, { signal }), (found) => found === undefined),
  });
  return [
    ...(targets.length > 0 ? [own(resources.configmaps, ledgerName(app)), own(resources.leases, lockName(app))] : []),
    ...targets.filter(({ kind }) => kind !== 'cronjob').map((target): Needed => {
      const resource = target.kind === 'deployment' ? resources.replicasets : resources.controllerrevisions;
      return {
        resource, what: `a ${resource.kind} of ${target.ref}`, remedy: `lower revisionHistoryLimit of ${target.ref} to delete its oldest ones`,
        isNew: () => isNewTemplate(api, namespace, target, resource, signal),
      };
    }),
  ];
}

async function isNewTemplate(api: Api, namespace: string, target: ObservedWorkload, resource: Resource, signal: AbortSignal): Promise<boolean | undefined> {
  // An image that is still to be built may get the digest that runs already.
  if (target.containers.some(({ after }) => !/@sha256:[0-9a-f]{64}$/.test(after))) return undefined;
  const reading = Promise.all([
    api.find<Workload>(workloadResource[target.kind], namespace, target.name, { signal }),
    api.get<List<KubeObject>>(apiPath(resource, namespace), { signal }),
  ]);
  return readable(reading, ([workload, all]) => {
    const template = withImages(workload && templateOf(target.kind, workload), target);
    const own = (all.items ?? []).filter((each) => controllerOf(each) === target.uid);
    return !own.some((each) => (target.kind === 'deployment' ? sameTemplate((each as ReplicaSet).spec?.template, template) : isRevisionOf(each as ControllerRevision, template)));
  });
}

function withImages(template: PodTemplate | undefined, { containers }: ObservedWorkload): PodTemplate | undefined {
  const set = <T extends { readonly name?: string; readonly image?: string }>(list: readonly T[] | undefined): readonly T[] | undefined =>
    list?.map((each) => ({ ...each, image: containers.find(({ name }) => name === each.name)?.after ?? each.image }));
  if (!template?.spec) return template;
  const { containers: main, initContainers: init } = template.spec;
  return { ...template, spec: { ...template.spec, ...(main ? { containers: set(main) } : {}), ...(init ? { initContainers: set(init) } : {}) } };
}

/** Undefined if the account is not allowed to read it. */
const readable = <T, R>(reading: Promise<T>, of: (read: T) => R): Promise<R | undefined> => reading.then(of, (error: unknown) => {
  if (error instanceof ApiError && error.status === 403) return undefined;
  throw error;
});
