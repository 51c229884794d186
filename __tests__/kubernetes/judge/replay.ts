import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { KubeObject, Service, Workload } from '../../../src/kubernetes/client/objects.js';
import type { ObjectChange } from '../../../src/kubernetes/client/watch.js';
import type { WorkloadKind } from '../../../src/config/config.js';
import { runOf } from '../../../src/kubernetes/judge/follow.js';
import type { Expectation } from '../../../src/kubernetes/judge/expectation.js';
import { judge, type Decision } from '../../../src/kubernetes/judge/judge.js';
import { blankMemory, type Memory } from '../../../src/kubernetes/judge/memory.js';
import { expectationOf } from '../../../src/target/set-image/snapshot.js';
import { servicesFor } from '../../../src/kubernetes/judge/health.js';
import { containersOf } from '../../../src/kubernetes/observe/workload.js';
import type { ImageChange } from '../../../src/target/set-image/image-change.js';
import { World } from '../../../src/kubernetes/observe/world.js';
import { gone, set } from './build.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'recordings');
export const recordingNames = readdirSync(folder).filter((name) => name.endsWith('.jsonl')).map((name) => name.slice(0, -'.jsonl'.length)).sort();

/** One piece of news, at its time after the change. */
export interface News {
  readonly atMs: number;
  readonly change: ObjectChange;
}

/** A recording, cut into what was there before the change and what came after it. */
export interface Recording {
  readonly before: readonly ObjectChange[];
  readonly services: readonly Service[];
  readonly target: ImageChange;
  /** Generation of the workload that holds the new image. */
  readonly generation: number;
  /** What came after the change, until the old image was put back. */
  readonly news: readonly News[];
  /** When the old image was put back, the generation that holds it then, and what came after it. */
  readonly restored?: { readonly atMs: number; readonly generation: number; readonly news: readonly News[] };
}

interface Line {
  readonly atMs: number;
  readonly type: string;
  readonly kind?: string;
  readonly mark?: string;
  readonly items?: readonly KubeObject[];
  readonly object?: KubeObject;
}

const workloadKinds: Readonly<Record<string, WorkloadKind>> = { Deployment: 'deployment', StatefulSet: 'statefulset', DaemonSet: 'daemonset' };

export function readRecording(name: string): Recording {
  const lines = readFileSync(join(folder, `${name}.jsonl`), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Line);
  const mark = (which: string): Line | undefined => lines.find((line) => line.type === 'MARK' && line.mark === which);
  const changedAt = mark('changed')?.atMs ?? 0;
  const listed = lines.filter((line) => line.type === 'LIST').flatMap((line) => line.items ?? []);
  const workload = listed.find((object) => workloadKinds[object.kind ?? '']) as Workload;
  const kind = workloadKinds[workload.kind ?? ''] ?? 'deployment';
  // What was there before: events are watched from now on only.
  const before = listed.filter((object) => object.kind !== 'Event').map(set);
  const watched = lines.filter((line) => line.object).map((line) => ({ atMs: line.atMs, change: (line.type === 'DELETED' ? gone : set)(line.object as KubeObject) }));
  const image = (object: KubeObject): string => containersOf(kind, object as Workload)[0]?.container.image ?? '';
  const versions = watched.map(({ atMs, change }) => ({ atMs, object: change.object })).filter(({ object }) => object.kind === workload.kind);
  const changed = versions.find(({ object }) => image(object) !== image(workload));
  const restoredAt = mark('restored')?.atMs;
  const restoredTo = restoredAt === undefined ? undefined : versions.find(({ atMs, object }) => atMs >= restoredAt && image(object) === image(workload));
  const news = watched.filter(({ atMs }) => atMs >= changedAt).map(({ atMs, change }) => ({ atMs: atMs - changedAt, change }));
  const backAt = restoredAt === undefined ? Infinity : restoredAt - changedAt;
  return {
    before: [...before, ...watched.filter(({ atMs }) => atMs < changedAt).map(({ change }) => change)],
    services: listed.filter((object) => object.kind === 'Service'),
    target: {
      ref: `${kind}/${workload.metadata?.name}`, kind, name: workload.metadata?.name ?? '', uid: workload.metadata?.uid ?? '',
      containers: [{ name: containersOf(kind, workload)[0]?.container.name ?? '', before: image(workload), after: changed ? image(changed.object) : '' }],
    },
    generation: changed?.object.metadata?.generation ?? 0,
    news: news.filter(({ atMs }) => atMs < backAt),
    restored: restoredTo && { atMs: backAt, generation: restoredTo.object.metadata?.generation ?? 0, news: news.filter(({ atMs }) => atMs >= backAt) },
  };
}

export const worldBefore = (recording: Recording): World => {
  const world = new World();
  for (const change of recording.before) world.apply(change);
  return world;
};

export const expectationFor = (recording: Recording, world: World, images: 'back' | 'after', generation: number): Expectation =>
  expectationOf(world, recording.target, generation, images, servicesFor(world.view(recording.target), recording.services, []));

export interface Ending {
  readonly decision: Decision;
  /** After the change, or after the old image was put back. */
  readonly atMs: number;
}

/** The rollout is given up after that, when nothing in the recording decided it. */
export const replayDeadlineMs = 300_000;

/** Plays the news to the judge as a run would see it: a look at each piece of news, and whenever the judge asked for one. */
export function play(recording: Recording, world: World, expected: Expectation, news: readonly News[], startMs = 0, steadyMs = 2000): Ending {
  let memory: Memory = blankMemory;
  let recheckAt = startMs;
  const look = (at: number): Ending | undefined => {
    const followed = [{ workload: recording.target, expected }];
    const patience = { deadlineAt: startMs + replayDeadlineMs, steadyMs };
    const seen = judge(world.view(recording.target), expected, memory, at, patience, runOf(world, followed));
    memory = seen.memory;
    if (seen.decision.state !== 'wait') return { decision: seen.decision, atMs: Math.round(at - startMs) };
    if (!(seen.decision.recheckAt > at)) throw new Error(`the judge asks at ${at} to be asked at ${seen.decision.recheckAt}`);
    recheckAt = seen.decision.recheckAt;
    return undefined;
  };
  for (const { atMs, change } of news) {
    while (recheckAt < atMs) {
      const ending = look(recheckAt);
      if (ending) return ending;
    }
    world.apply(change);
    const ending = look(atMs);
    if (ending) return ending;
  }
  for (;;) {
    const ending = look(recheckAt);
    if (ending) return ending;
  }
}

/** Plays a whole recording from the change to the verdict. */
export function replay(recording: Recording, news: readonly News[] = recording.news, steadyMs?: number): Ending {
  const world = worldBefore(recording);
  return play(recording, world, expectationFor(recording, world, 'after', recording.generation), news, 0, steadyMs);
}

/** Plays what came after the old image was put back. */
export function replayRestore(recording: Recording, after: readonly News[] = recording.restored?.news ?? []): Ending {
  const { restored } = recording;
  if (!restored) throw new Error('nothing is restored in this recording');
  const world = worldBefore(recording);
  for (const { change } of recording.news) world.apply(change);
  return play(recording, world, expectationFor(recording, world, 'back', restored.generation), after, restored.atMs);
}
