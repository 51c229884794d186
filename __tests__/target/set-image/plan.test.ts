import { describe, expect, it } from '@jest/globals';
import type { Config } from '../../../src/config/config.js';
import { rowsOf } from '../../../src/target/set-image/image-change.js';
import { rollbackOf, stepOf } from '../../../src/target/set-image/plan.js';
import { newImage, oldImage, target } from '../../kubernetes/judge/build.js';

const worker = target('statefulset', { ref: 'statefulset/worker', name: 'worker' });
const typed = (args: readonly string[]): string => `kubectl --namespace=web ${args.join(' ')}`;

describe('what a change of images comes to', () => {
  it('is a row for each container', () => {
    expect(rowsOf([target(), worker])).toEqual(['deployment/api', 'statefulset/worker'].map((subject) => ({ subject, part: 'app', before: oldImage, after: newImage })));
  });
  it('is a step with the commands as they would be typed', () => {
    expect(stepOf([target(), worker], false, typed)).toEqual({
      stage: 'rollout', title: 'set the image of `deployment/api`, `statefulset/worker` and watch the rollout',
      commands: [`kubectl --namespace=web set image deployment/api statefulset/worker app=${newImage}`],
    });
  });
  it('says whose first pods are checked before the others', () => {
    expect(stepOf([target(), worker], false, typed, ['deployment/api']).title)
      .toBe('set the image of `deployment/api`, `statefulset/worker`, run the smoke checks against the first pods of `deployment/api` and watch the rollout');
  });
  it('is only a verification where the digest is set already', () => {
    expect(stepOf([target()], true, typed)).toEqual({
      stage: 'rollout', title: 'verify `deployment/api` without a change: this digest is already set', commands: [],
    });
  });
});

describe('what a rollback would do', () => {
  const auto: Pick<Config, 'rollback'> = { rollback: 'auto' };
  const broken = new Map([['deployment/api', '1 of 2 pods available']]);
  const wayBack = {
    reference: 'api:1', at: '2026-01-01T00:00:00.000Z', commit: 'c0ffee', verified: true, contents: [{ subject: 'deployment/api', part: 'app', version: 'api:1' }],
  };

  it('is to set the images of before, where all of it is healthy', () => {
    expect(rollbackOf(auto, new Map(), undefined)).toEqual({ possible: true, reason: 'Every workload is healthy now. Its images are restored if anything fails.' });
  });
  it('is nothing when it is turned off', () => {
    for (const unhealthy of [new Map<string, string>(), broken]) {
      expect(rollbackOf({ rollback: 'off' }, unhealthy, wayBack)).toEqual({ possible: false, reason: '`rollback` is off.' });
    }
  });
  it('leads to nothing healthy when what is there now is broken', () => {
    expect(rollbackOf(auto, broken, undefined)).toEqual({
      possible: false,
      reason: 'deployment/api is not healthy now (1 of 2 pods available). If anything fails, the current images are restored, but there is no healthy version to roll back to.',
    });
  });
  it('is to go back to the last verified release instead of what is broken', () => {
    expect(rollbackOf(auto, broken, wayBack)).toEqual({
      possible: true, reason: 'deployment/api is not healthy now (1 of 2 pods available). If anything fails, the last verified release is restored instead: '
        + 'api:1 of 2026-01-01T00:00:00.000Z, commit c0ffee, verified.',
    });
  });
});
