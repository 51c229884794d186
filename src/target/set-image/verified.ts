import { againstOf, type PassedCheck } from '../../check/smoke/smoke.js';
import { statusesOf } from '../../kubernetes/client/objects.js';
import { isReady } from '../../kubernetes/judge/symptom.js';
import type { Verified } from '../../outcome/outcome.js';
import type { OpenRelease } from './open-release.js';

/** What is known to work by now: the pods of each workload that run the version of the release, and the checks that it passed. */
export function verifiedOf({ changes, watched }: Pick<OpenRelease, 'changes' | 'watched'>, passed: readonly PassedCheck[]): readonly Verified[] {
  const running = changes.flatMap((change) => {
    const { newPods } = watched.world.view(change);
    const ready = newPods.filter(isReady);
    const restarts = ready.flatMap(statusesOf).reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
    return ready.length === 0 ? [] : [{ what: change.ref, seen: `${counted(ready.length, 'pod')} ready, ${restarts === 0 ? 'no restarts' : counted(restarts, 'restart')}` }];
  });
  return [...running, ...passed.map((each) => ({ what: each.check.text, seen: `passed on ${againstOf(each)}` }))];
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
