import * as v from 'valibot';
import type { WorkloadKind, WorkloadRef } from '../../config/config.js';
import { tryJson } from '../../ports/json.js';
import type { PatchOperation } from '../client/api.js';
import type { Workload } from '../client/objects.js';

/** The annotation of a workload that is fenced: what it had before. Any process can restore it from that alone. */
export const fenceAnnotation = 'deploy-action/fenced';
const pointer = `/metadata/annotations/${fenceAnnotation.replaceAll('~', '~0').replaceAll('/', '~1')}`;

export interface FenceMark {
  /** Of a Deployment or StatefulSet. */
  readonly replicas?: number;
  /** Of a CronJob: it was not suspended. */
  readonly suspend?: false;
  /** Id of the run. */
  readonly run: string;
  /** ISO 8601. */
  readonly at: string;
}

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const shape = v.object({ replicas: v.optional(count), suspend: v.optional(v.literal(false)), run: v.string(), at: v.string() });

/** What a workload had before it was fenced; undefined if it is not. */
export function markOf({ metadata }: Workload): FenceMark | undefined {
  const text = metadata?.annotations?.[fenceAnnotation];
  return text === undefined ? undefined : tryJson(text, shape);
}

/** `deployment/api` */
export const refOf = ({ kind, name }: Pick<WorkloadRef, 'kind' | 'name'>): string => `${kind}/${name}`;

/** Whether the workload is as a fence leaves it. */
export const isStopped = (kind: WorkloadKind, { spec }: Workload): boolean => (kind === 'cronjob' ? spec?.suspend === true : spec?.replicas === 0);

/**
 * The patch that fences a workload: it records what is there, and stops it, both or neither. Its tests fail if somebody has changed
 * the same since it was read. Empty if nothing is to do. The number of replicas that an earlier fence recorded is kept while it holds.
 * @param by the run, and the time, ISO 8601
 */
export function raisePatch(kind: WorkloadKind, workload: Workload, { run, at }: Pick<FenceMark, 'run' | 'at'>): PatchOperation[] {
  if (isStopped(kind, workload)) return takenOver(workload, { run, at });
  const { metadata, spec } = workload;
  const mark: FenceMark = kind === 'cronjob' ? { suspend: false, run, at } : { replicas: spec?.replicas ?? 1, run, at };
  const value = JSON.stringify(mark);
  // Without a test for it, an annotation that somebody adds meanwhile would be lost.
  const noted: PatchOperation[] = metadata?.annotations === undefined
    ? [{ op: 'test', path: '/metadata/resourceVersion', value: metadata?.resourceVersion }, { op: 'add', path: '/metadata/annotations', value: { [fenceAnnotation]: value } }]
    : [{ op: 'add', path: pointer, value }];
  return [{ op: 'test', path: '/metadata/uid', value: metadata?.uid }, ...noted, ...stopping(kind, workload)];
}

/** Another run has stopped it: from now on it is this one that starts it again, and nobody else. */
function takenOver(workload: Workload, by: Pick<FenceMark, 'run' | 'at'>): PatchOperation[] {
  const mark = markOf(workload);
  if (!mark || mark.run === by.run) return [];
  const text = workload.metadata?.annotations?.[fenceAnnotation];
  return [{ op: 'test', path: pointer, value: text }, { op: 'replace', path: pointer, value: JSON.stringify({ ...mark, ...by }) }];
}

function stopping(kind: WorkloadKind, { spec }: Workload): PatchOperation[] {
  const [path, before, after] = kind === 'cronjob' ? ['/spec/suspend', spec?.suspend, true] as const : ['/spec/replicas', spec?.replicas, 0] as const;
  return [...before === undefined ? [] : [{ op: 'test', path, value: before }] as const, { op: 'add', path, value: after }];
}

/**
 * The patch that restores what was recorded. If somebody has started the workload since, theirs stays, and only the record is
 * removed. Undefined if the workload is not fenced.
 */
export function lowerPatch(kind: WorkloadKind, workload: Workload): readonly PatchOperation[] | undefined {
  const mark = markOf(workload);
  const text = workload.metadata?.annotations?.[fenceAnnotation];
  if (!mark || text === undefined) return undefined;
  const unmarked: PatchOperation[] = [{ op: 'test', path: pointer, value: text }, { op: 'remove', path: pointer }];
  if (!isStopped(kind, workload)) return unmarked;
  if (kind === 'cronjob') return [{ op: 'test', path: '/spec/suspend', value: true }, { op: 'replace', path: '/spec/suspend', value: false }, ...unmarked];
  return [{ op: 'test', path: '/spec/replicas', value: 0 }, { op: 'replace', path: '/spec/replicas', value: mark.replicas ?? 1 }, ...unmarked];
}

/** Whether the annotation is there, but nothing can be read from it. */
export const isDamaged = (workload: Workload): boolean => workload.metadata?.annotations?.[fenceAnnotation] !== undefined && markOf(workload) === undefined;

/** The commands of kubectl that restore it by hand. */
export function lowerArguments(kind: WorkloadKind, name: string, { replicas = 1 }: FenceMark): string[][] {
  const ref = refOf({ kind, name });
  const start = kind === 'cronjob' ? ['patch', ref, '--patch={"spec":{"suspend":false}}'] : ['scale', ref, `--replicas=${replicas}`];
  return [start, ['annotate', ref, `${fenceAnnotation}-`]];
}
