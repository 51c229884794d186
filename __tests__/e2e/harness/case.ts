import { expect } from '@jest/globals';
import type { Any } from './api.js';
import { rolloutInputs, startHealthy, variant, type HealthyOptions } from './app.js';
import { expectEnding, expectTold } from './ending.js';
import type { PushedImage } from './images.js';
import { ledgerOf } from './ledger.js';
import { aboutToChange, once } from './moments.js';
import type { Space } from './namespace.js';
import { runAction, type ActionResult } from './run-action.js';
import { runningImages, snapshotOf } from './snapshot.js';
import { withSettings } from './workspace.js';

/** A change that goes wrong in one way, on a cluster that allows it, and what has to be said about it. */
export interface Case {
  readonly cause: string;
  readonly what: string;
  readonly healthy?: HealthyOptions;
  /** Needed by the healthy version. */
  readonly objects?: readonly Any[];
  /** Between the healthy version and the run. */
  readonly prepare?: (space: Space) => Promise<unknown>;
  /** After the preflight, just before the images are set. */
  readonly atChange?: (space: Space) => Promise<unknown>;
  readonly image?: () => Promise<PushedImage>;
  readonly inputs?: Readonly<Record<string, string>>;
  /** Settings file: the time that a test cannot wait. */
  readonly patience?: Readonly<Record<string, string>>;
  /** Seconds from the change to the verdict: not before the first, as a symptom has to last, and long before the second, however busy the machine is. */
  readonly sure: readonly [atLeast: number, atMost: number];
  /** In the log, the summary and the report. */
  readonly told: readonly string[];
  /** In the evidence of the report. */
  readonly evidence: RegExp;
  /** Takes away what made it fail, so that a good version can follow. */
  readonly mend?: (space: Space) => Promise<unknown>;
}

/** Plays a case: the cause is named, in time, with its evidence; everything is as it was; a good version can follow. */
export async function checkCase(space: Space, each: Case, image: PushedImage): Promise<void> {
  const kind = each.healthy?.kind ?? 'Deployment';
  const workloads = `${kind.toLowerCase()}/web`;
  await space.apply(...(each.objects ?? []));
  await startHealthy(space, each.healthy);
  await each.prepare?.(space);
  const [before, running] = [await snapshotOf(space), await runningImages(space, 'web')];
  const change = each.atChange && once(aboutToChange, async () => each.atChange?.(space));
  const result = await withSettings({ patience: each.patience ?? {} }, (workspace) => runAction({
    workspace, inputs: rolloutInputs(space, image, { workloads, ...each.inputs }), withinMs: 300_000, onLine: change?.onLine,
  }));
  await change?.done();

  expectEnding(result, { verdict: 'rolled-back', cause: each.cause, stage: 'rollout' });
  expectTold(result, ...each.told);
  expect(evidenceOf(result)).toMatch(each.evidence);
  expectSure(result, each.sure);
  expect(await snapshotOf(space)).toEqual(before);
  expect(await runningImages(space, 'web')).toEqual(running);
  await expectAllGivenBack(space, result);

  await each.mend?.(space);
  const v3 = await variant('v3');
  const next = await runAction({ inputs: rolloutInputs(space, v3, { workloads: `${workloads}:web`, smoke: 'service/web/ -> 200 contains v3' }) });
  expectEnding(next, { verdict: 'deployed' });
  expect(await runningImages(space, 'web')).toEqual([`${v3.name}@${v3.digest}`]);
}

/** What was gathered before the rollback, as one text. */
export const evidenceOf = ({ report }: ActionResult): string => report.failure.evidence.map((piece: Any) => `${piece.title}\n${piece.text}`).join('\n');

/** Seconds from the beginning of the rollout to the verdict on it, by the report. */
export function verdictSeconds({ report }: ActionResult): number {
  const spans = report.timeline.filter(({ stage }: Any) => stage === 'rollout' || stage === 'smoke');
  return (Math.max(...spans.map(({ endMs }: Any) => endMs)) - Math.min(...spans.map(({ startMs }: Any) => startMs))) / 1000;
}

/** Throws, with the log, when the verdict came too early to be certain, or too late to be of use. */
export function expectSure(result: ActionResult, [atLeast, atMost]: Case['sure']): void {
  const seconds = verdictSeconds(result);
  if (seconds < atLeast || seconds > atMost) {
    throw new Error(`the verdict came after ${seconds} s, not within ${atLeast} to ${atMost} s\n${result.log}`);
  }
}

/** After a rollback: no Deployment is held, the lock is free, the ledger says how it ended, and the report says the same. */
export async function expectAllGivenBack(space: Space, { report }: ActionResult): Promise<void> {
  const deployments = await space.list('Deployment');
  expect(deployments.filter(({ spec }) => spec.paused).map(({ metadata }) => metadata.name)).toEqual([]);
  expect((await space.get('Lease', 'deploy-lock-app')).spec.holderIdentity).toBe('');
  expect((await ledgerOf(space)).run.phase).toBe('restored');
  expect(report.changes.map(({ now }: Any) => now)).toEqual(report.changes.map(({ before }: Any) => before));
  expect(report.rollback).toMatchObject({ restoredAfterMs: expect.any(Number), verifiedAfterMs: expect.any(Number) });
}
