import * as v from 'valibot';
import type { Content, Ledger, Phase, Release } from './ledger.js';

/*
 * The ledger up to 0.x. Its only kind of target was images of containers, and it held the workloads where schema 2 has the
 * record of the target.
 */

const text = v.string();
const maybe = v.optional(text);
const workloadRef = v.pipe(text, v.regex(/^(?:deployment|statefulset|daemonset|cronjob)\/./));
const release = v.object({
  reference: text, commit: maybe, runUrl: maybe, at: text, proven: v.boolean(), unverified: v.optional(v.array(text)), repository: maybe, override: maybe,
  images: v.array(v.object({ workload: workloadRef, container: text, image: text, withdrawnAt: maybe })),
});
const target = v.object({
  ref: text, kind: v.picklist(['deployment', 'statefulset', 'daemonset', 'cronjob']), name: text, uid: text, nothingGood: v.optional(v.boolean()),
  containers: v.array(v.object({ name: text, before: text, after: text, becomes: maybe, back: maybe })),
});
const phaseNow = {
  changing: 'in-progress', proven: 'verified', stopped: 'interrupted', restoring: 'restoring', restored: 'restored', left: 'unverified',
} as const satisfies Record<string, Phase>;
const run = v.object({
  id: text, url: maybe, commit: maybe, actor: maybe, startedAt: text, phase: v.picklist(Object.keys(phaseNow) as (keyof typeof phaseNow)[]),
  targets: v.array(target), repository: maybe, override: maybe, goesBackTo: v.optional(release),
  held: v.array(v.object({ ref: text, minReadySeconds: v.number(), raisedTo: v.optional(v.number()) })),
  rollback: v.picklist(['auto', 'off']), smoke: v.array(v.object({ text })),
  before: v.object({ held: v.array(text), running: v.record(text, v.array(text)) }),
});
export const schema1 = v.object({ schema: v.literal(1), app: text, run, releases: v.array(release) });

type Run1 = v.InferOutput<typeof run>;

/** The same in the words of schema 2. */
export function upgraded({ app, run: last, releases }: v.InferOutput<typeof schema1>): Ledger {
  const { phase, targets, held, smoke, before, goesBackTo, ...kept } = last;
  return {
    schema: 2, app, releases: releases.map(releaseNow),
    run: {
      ...kept, phase: phaseNow[phase], marks: [], goesBackTo: goesBackTo && releaseNow(goesBackTo),
      target: { kind: 'set-image', schema: 1, recorded: { workloads: targets, paused: held, running: before.running } },
      before: contentsOf(targets, 'before'), after: contentsOf(targets, 'after'), checks: smoke.map((check) => check.text), passedBefore: before.held,
    },
  };
}

const releaseNow = ({ proven, images, ...kept }: v.InferOutput<typeof release>): Release => ({
  ...kept, verified: proven,
  contents: images.map(({ workload, container, image, ...mark }) => ({ subject: workload, part: container, version: image, ...mark })),
});

const contentsOf = (targets: Run1['targets'], which: 'before' | 'after'): Content[] => targets.flatMap(({ ref, containers }) =>
  containers.map(({ name, before, after, becomes }) => ({ subject: ref, part: name, version: which === 'before' ? before : becomes ?? after })));
