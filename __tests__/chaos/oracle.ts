/*
 * Says what is true of a namespace, and whether a verdict is. It reads with plain kubectl and plain HTTP, has its own
 * simple rules, and shares no code with the action nor with its tests: a mistake in them is not repeated here.
 */
import { execFile } from 'node:child_process';
import { get } from 'node:http';
import { isDeepStrictEqual } from 'node:util';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Json = any;

export interface SeenPod {
  readonly name: string;
  readonly uid: string;
  readonly leaving: boolean;
  readonly ready: boolean;
  readonly restarts: number;
  readonly images: Readonly<Record<string, string>>;
  readonly ip: string | undefined;
  /** What it answers on `/version` and on `/`: `200 v1`, or why it did not. */
  readonly answers: readonly [version: string, front: string];
}

export interface SeenWorkload {
  readonly uid: string;
  readonly generation: number;
  /** As it stands in the cluster. */
  readonly spec: Json;
  readonly labels: Json;
  /** Without what Kubernetes counts up by itself, and without the action's own note of what was proven. */
  readonly annotations: Json;
  readonly images: Readonly<Record<string, string>>;
  readonly replicas: number;
  readonly pods: readonly SeenPod[];
}

export interface Seen {
  /** `deployment/web` → what it is now. */
  readonly workloads: Readonly<Record<string, SeenWorkload>>;
  /** What the Service `web` answers on `/version`, some times in a row. */
  readonly service: readonly string[];
  /** Who holds the Lease of the app; empty when nobody does. */
  readonly holder: string;
  /** ms since the Lease was renewed. */
  readonly holderSilentMs: number;
  /** The ledger's word for how far the last run came. */
  readonly phase: string | undefined;
  /** References of the releases in the ledger, newest first, that were not withdrawn. */
  readonly releases: readonly { readonly reference: string; readonly withdrawn: boolean }[];
}

/** What somebody else did to a workload while a run was under way. */
export interface OthersChange {
  readonly ref: string;
  readonly change: 'image' | 'replicas' | 'annotation' | 'template annotation' | 'paused' | 'deleted' | 'service';
  readonly value: string | number | boolean;
  /** What the pods of another image answer. */
  readonly version?: string;
}

/** A state that the namespace may be in: these images everywhere, and the app answering with this version. */
export interface Expected {
  readonly before: Seen;
  /** `deployment/web` → container → image. */
  readonly images: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly version: string;
  readonly others: readonly OthersChange[];
}

const ledgerOf = (app: string): string => `deploy-ledger-${app}`;
const leaseOf = (app: string): string => `deploy-lock-${app}`;
const askedTimes = 6;

/** Reads everything that matters of a namespace, and asks every pod and the Service. */
export async function look(namespace: string, app: string): Promise<Seen> {
  const items = await list(namespace, 'deployments,statefulsets,daemonsets,replicasets,pods,services,configmaps,leases');
  const named = (kind: string, name: string): Json => items.find((item) => item.kind === kind && item.metadata.name === name);
  const workloads = items.filter((item) => ['Deployment', 'StatefulSet', 'DaemonSet'].includes(item.kind));
  const seen = await Promise.all(workloads.map(async (item) => [`${item.kind.toLowerCase()}/${item.metadata.name}`, await seenWorkload(item, items)] as const));
  const ip = named('Service', 'web')?.spec.clusterIP;
  const service: string[] = [];
  for (let times = 0; ip && times < askedTimes; times += 1) service.push(await answer(`http://${ip}/version`));
  const lease = named('Lease', leaseOf(app))?.spec;
  const ledger = readLedger(named('ConfigMap', ledgerOf(app)));
  return {
    workloads: Object.fromEntries(seen), service, holder: lease?.holderIdentity ?? '', holderSilentMs: lease?.renewTime ? Date.now() - Date.parse(lease.renewTime) : 0,
    phase: ledger?.run.phase,
    releases: (ledger?.releases ?? []).map(({ reference, contents }: Json) => ({ reference, withdrawn: contents.some((each: Json) => each.withdrawnAt) })),
  };
}

const readLedger = (map: Json): Json => (map ? JSON.parse(map.data['ledger.json']) : undefined);

/** What happened in the namespace, one event a line, for a log. */
export async function eventsOf(namespace: string): Promise<string> {
  const at = (event: Json): string => event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp;
  const events = (await list(namespace, 'events')).sort((a, b) => at(a).localeCompare(at(b)));
  return events.map((event) => `${at(event)} ${event.involvedObject.kind}/${event.involvedObject.name} ${event.reason} ×${event.count ?? 1}: ${event.message}`).join('\n');
}

function list(namespace: string, kinds: string): Promise<Json[]> {
  return new Promise((resolve, reject) => {
    execFile('kubectl', ['--namespace', namespace, 'get', kinds, '--output', 'json'], { maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`kubectl get in ${namespace}: ${stderr || error.message}`));
      else resolve(JSON.parse(stdout).items);
    });
  });
}

async function seenWorkload(item: Json, items: readonly Json[]): Promise<SeenWorkload> {
  const controlled = (each: Json, by: Json): boolean =>
    each.metadata.ownerReferences?.some((reference: Json) => reference.controller && reference.uid === by.metadata.uid) ?? false;
  const owned = (owner: Json, kind: string): Json[] => items.filter((each) => each.kind === kind && controlled(each, owner));
  const pods = item.kind === 'Deployment' ? owned(item, 'ReplicaSet').flatMap((set) => owned(set, 'Pod')) : owned(item, 'Pod');
  return {
    uid: item.metadata.uid, generation: item.metadata.generation, spec: item.spec, labels: item.metadata.labels ?? {},
    annotations: Object.fromEntries(Object.entries(item.metadata.annotations ?? {}).filter(([name]) => !counted.test(name))),
    images: imagesOf(item.spec.template.spec), replicas: item.kind === 'DaemonSet' ? item.status.desiredNumberScheduled : item.spec.replicas,
    pods: await Promise.all(pods.map(seenPod)),
  };
}

const counted = /^(deployment\.kubernetes\.io|deprecated\.daemonset|deploy-action)/;

const imagesOf = (pod: Json): Record<string, string> =>
  Object.fromEntries([...(pod.initContainers ?? []), ...pod.containers].map((container: Json) => [container.name, container.image]));

async function seenPod(pod: Json): Promise<SeenPod> {
  const leaving = pod.metadata.deletionTimestamp !== undefined;
  const ip = pod.status.podIP;
  const asked = leaving || !ip ? ['not asked', 'not asked'] as const : await Promise.all([answer(`http://${ip}:8080/version`), answer(`http://${ip}:8080/`)]);
  const ready = pod.status.conditions?.some((condition: Json) => condition.type === 'Ready' && condition.status === 'True') ?? false;
  const restarts = (pod.status.containerStatuses ?? []).reduce((sum: number, status: Json) => sum + status.restartCount, 0);
  return { name: pod.metadata.name, uid: pod.metadata.uid, leaving, ready, restarts, images: imagesOf(pod.spec), ip, answers: asked };
}

/** `200 v1`: status and first line; or the error. */
function answer(url: string): Promise<string> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 5000 }, (incoming) => {
      let body = '';
      incoming.setEncoding('utf8').on('data', (part: string) => (body += part)).on('end', () => resolve(`${incoming.statusCode} ${body.split('\n')[0]}`));
      incoming.on('error', (error) => resolve(String(error)));
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 5 s')));
    request.on('error', (error) => resolve(error.message));
  });
}

/** The images of all workloads as they are, as a state to compare with. */
export const imagesIn = (seen: Seen): Record<string, Readonly<Record<string, string>>> =>
  Object.fromEntries(Object.entries(seen.workloads).map(([ref, { images }]) => [ref, images]));

/** Every way in which the namespace is not in the expected state, as sentences; none when it is. */
export function differences(expected: Expected, now: Seen): string[] {
  const { before, others } = expected;
  const found: string[] = [];
  for (const [ref, was] of Object.entries(before.workloads)) {
    const changes = others.filter((each) => each.ref === ref);
    const is = now.workloads[ref];
    if (changes.some(({ change }) => change === 'deleted')) continue;
    if (!is) found.push(`${ref} is gone`);
    else {
      const version = changes.find((each) => each.version !== undefined)?.version ?? expected.version;
      found.push(...objectDifferences(ref, was, is, changes, expected.images[ref] ?? was.images), ...podDifferences(ref, is, version));
    }
  }
  const foreign = others.some(({ change }) => change === 'image' || change === 'deleted' || change === 'service');
  const wrong = now.service.filter((text) => text !== `200 ${expected.version}`);
  if (wrong.length > 0 && !foreign) {
    found.push(`the Service answered ${[...new Set(wrong)].join(' and ')} in ${wrong.length} of ${now.service.length} times, not 200 ${expected.version}`);
  }
  return found;
}

/** The same for what stands in the workloads alone, whatever became of their pods. */
export function objectsNotAs(expected: Expected, now: Seen): string[] {
  return Object.entries(expected.before.workloads).flatMap(([ref, was]) => {
    const is = now.workloads[ref];
    return is ? objectDifferences(ref, was, is, expected.others.filter((each) => each.ref === ref), expected.images[ref] ?? was.images) : [`${ref} is gone`];
  });
}

type Images = Readonly<Record<string, string>>;

function objectDifferences(ref: string, was: SeenWorkload, is: SeenWorkload, changes: readonly OthersChange[], images: Images): string[] {
  const found: string[] = [];
  if (is.uid !== was.uid) found.push(`${ref} was made anew`);
  const wanted = copyOf(was.spec);
  const annotations = copyOf(was.annotations);
  const wantedImages = { ...images };
  for (const { change, value } of changes) {
    if (change === 'replicas') wanted.replicas = value;
    if (change === 'paused') wanted.paused = value;
    if (change === 'annotation') annotations['example.com/note'] = value;
    if (change === 'template annotation') wanted.template.metadata.annotations = { ...wanted.template.metadata.annotations, 'example.com/restarted': value };
    if (change === 'image') wantedImages[Object.keys(wantedImages).at(-1) ?? ''] = String(value);
  }
  for (const [container, image] of Object.entries(wantedImages)) {
    if (is.images[container] !== image) found.push(`${ref}: container ${container} is set to ${is.images[container]}, not to ${image}`);
  }
  const rest = paths(withoutImages(wanted), withoutImages(is.spec));
  if (rest.length > 0) found.push(`${ref}: ${rest.join('; ')}`);
  const [wantedNotes, notes] = [[annotations, was.labels], [is.annotations, is.labels]];
  if (!isDeepStrictEqual(wantedNotes, notes)) found.push(`${ref}: annotations or labels are ${JSON.stringify(notes)}, not ${JSON.stringify(wantedNotes)}`);
  return found;
}

const copyOf = (value: Json): Json => JSON.parse(JSON.stringify(value));

function withoutImages(spec: Json): Json {
  const copy = copyOf(spec);
  for (const container of [...(copy.template.spec.initContainers ?? []), ...copy.template.spec.containers]) delete container.image;
  return copy;
}

/** Where two JSON values differ: `spec.replicas is 3, not 2`. */
function paths(wanted: Json, is: Json, at = 'spec'): string[] {
  if (isDeepStrictEqual(wanted, is)) return [];
  if (typeof wanted !== 'object' || typeof is !== 'object' || !wanted || !is) return [`${at} is ${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`];
  return [...new Set([...Object.keys(wanted), ...Object.keys(is)])].flatMap((key) => paths(wanted[key], is[key], `${at}.${key}`));
}

function podDifferences(ref: string, is: SeenWorkload, version: string): string[] {
  const pods = is.pods.filter(({ leaving }) => !leaving);
  const found = pods.length === is.replicas ? [] : [`${ref} has ${pods.length} pods, not ${is.replicas}`];
  for (const pod of pods) {
    if (!isDeepStrictEqual(pod.images, is.images)) found.push(`${pod.name} was made with ${Object.values(pod.images).join(' and ')}`);
    if (!pod.ready) found.push(`${pod.name} is not ready`);
    const wrong = pod.answers.filter((text) => text !== `200 ${version}`);
    if (wrong.length > 0) found.push(`${pod.name} answers ${[...new Set(wrong)].join(' and ')}, not 200 ${version}`);
  }
  return found;
}

/** What is true after a run. */
export interface Truth {
  /** Why the namespace is not in the state that the release was to bring; undefined when it was to bring none. */
  readonly asNew: readonly string[] | undefined;
  /** Why it is not as it was before. */
  readonly asOld: readonly string[];
  /** No workload was written since, and no pod replaced. */
  readonly untouched: boolean;
  readonly others: readonly OthersChange[];
}

/** Whether nothing of the workloads was written between two looks. */
export const sameGenerations = (before: Seen, now: Seen): boolean =>
  Object.entries(before.workloads).every(([ref, { uid, generation }]) => now.workloads[ref]?.uid === uid && now.workloads[ref]?.generation === generation);

/** After it, what was there before can only be brought back by who made it. */
export const isTaking = (change: OthersChange['change']): boolean => ['image', 'deleted', 'paused', 'service'].includes(change);

/** The truth in one word, for a table. */
export function nameOfTruth({ asNew, asOld, others }: Truth): string {
  const [isNew, isOld] = [asNew?.length === 0, asOld.length === 0];
  if (isNew && isOld) return 'the same';
  if (isNew) return 'new version';
  if (others.some(({ change }) => isTaking(change))) return 'changed by others';
  return isOld ? 'as before' : 'neither';
}

/** Why a verdict is false; nothing when it is true. */
export function falsehoods(verdict: string, truth: Truth): readonly string[] {
  const { asNew = ['nothing was to be released'], asOld, untouched, others } = truth;
  const taken = others.filter(({ change }) => isTaking(change));
  switch (verdict) {
    case 'deployed': return asNew;
    case 'unchanged': case 'planned': case 'tested': case 'built': case 'failed':
      return untouched || others.length > 0 ? asOld : ['a workload was written', ...asOld];
    case 'rolled-back': return taken.some(({ change }) => change !== 'paused') ? ['what was there before is not back: somebody else changed it'] : asOld;
    case 'rollback-failed': return asOld.length === 0 && taken.length === 0 ? ['everything is as it was before'] : [];
    // Killed, and nobody said anything: then there must be nothing to say.
    case 'nothing': return asNew.length === 0 || asOld.length === 0 ? [] : [...asOld, 'or', ...asNew];
    default: return [`${verdict} is no verdict`];
  }
}
