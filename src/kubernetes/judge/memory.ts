import { noteDisturbance, type Disturbance, type Disturbed } from './disturbance.js';
import type { Doing } from './progress.js';
import type { Symptom } from './symptom.js';

/** What the judge remembers of one workload between two looks. Times are the clock's monotonic ms. */
export interface Memory {
  /** Symptom key → when it was first and last seen without a break longer than `forgetAfterMs`, and how long the symptom that it follows lasted. */
  readonly seen: ReadonlyMap<string, { readonly first: number; readonly last: number; readonly followedMs: number }>;
  /** When it last looked: a symptom that was seen then and is seen now counts as unbroken, however long ago that was. */
  readonly lookedAt?: number;
  /** What the rollout is waiting for, and since when. */
  readonly doing?: { readonly what: string; readonly since: number };
  /** Since when the controller has finished and the endpoints are right, without a break. */
  readonly steadySince?: number;
  /** It was seen paused at its first pods. */
  readonly wasHeld?: boolean;
  /** uid of a new pod → the last sign that it is not healthy. */
  readonly disturbed: ReadonlyMap<string, Disturbed>;
}

export const blankMemory: Memory = { seen: new Map(), disturbed: new Map() };

/** A symptom may come and go between two attempts of the kubelet: ErrImagePull, ContainerCreating, ImagePullBackOff. */
const forgetAfterMs = 10_000;

interface Seen {
  readonly symptoms: readonly Symptom[];
  /** The controller has finished and the endpoints are right. */
  readonly steady: boolean;
  readonly doing: Doing | undefined;
  readonly disturbances: readonly Disturbance[];
  readonly wasHeld: boolean;
}

export function remember(before: Memory, at: number, { symptoms, steady, doing, disturbances, wasHeld }: Seen): Memory {
  const present = new Set(symptoms.map(({ key }) => key));
  const unbroken = (key: string, last: number): boolean => (present.has(key) && last === before.lookedAt) || at - last < forgetAfterMs;
  const seen = new Map([...before.seen].filter(([key, { last }]) => unbroken(key, last)));
  for (const { key, follows = '' } of symptoms) {
    const followed = before.seen.get(follows);
    seen.set(key, { first: at, followedMs: followed ? at - followed.first : 0, ...seen.get(key), last: at });
  }
  return {
    seen, lookedAt: at, wasHeld,
    steadySince: steady ? (before.steadySince ?? at) : undefined,
    disturbed: new Map(disturbances.map((each) => [each.pod, noteDisturbance(each, before.disturbed, at, before.steadySince)])),
    doing: doing === undefined ? undefined : { what: doing.what, since: before.doing?.what === doing.what ? before.doing.since : at },
  };
}
