import { describe, expect, it } from '@jest/globals';
import { lineOf, type Finished } from './chaos.js';
import { plan } from './plan.js';
import { faultsSeen, isWrong, markdownOf, runsOf, summaryOf, tooFewPlayed, unplayedIn } from './summary.js';
import { Unplayable, unplayableWithout } from './unplayable.js';

const cases = plan(1, 40).flatMap(({ shape, cases: own }) => own.map((given) => ({ shape, given })));

/** So many cases that were played and right, then those that were not played, then those that were wrong. */
function finished(right: number, unplayed: number, wrong = 0): Finished[] {
  return cases.slice(0, right + unplayed + wrong).map((each, index) => {
    const played = index < right || index >= right + unplayed;
    const said = { label: 'run', said: 'deployed', verdict: 'deployed', cause: '', truth: 'new version', wrong: index >= right + unplayed ? ['it is not'] : [] };
    return { ...each, judged: played ? [said] : [], hit: played, unplayed: played ? undefined : 'without the app: deployment/web is rolled out: not within 120 s\n at …', seconds: 1, log: '/tmp/log' };
  });
}

describe('a case that could not be played', () => {
  it('is neither right nor wrong', () => {
    expect(finished(3, 1).filter(isWrong)).toEqual([]);
    expect(unplayedIn(finished(3, 1))).toHaveLength(1);
    expect(runsOf(finished(3, 1))).toBe(3);
  });

  it('is told from one that is right, in its line and in the summary', () => {
    const [, , , one] = finished(3, 1);
    expect(one && lineOf(one)).toMatch(/→ nothing · 1\.0 s · NOT PLAYED: without the app: deployment\/web is rolled out: not within 120 s$/);
    expect(summaryOf(finished(3, 1), 7, 60)).toMatch(/NOT PLAYED: .*\n +\/tmp\/log\n4 cases, 3 runs, seed 7, 60 s: 0 wrong, 1 not played$/);
    expect(markdownOf(finished(3, 1), { seed: 7, jobs: 2, seconds: 60, commit: 'abc' })).toContain('1 of the cases could not be played');
    expect(markdownOf(finished(4, 0), { seed: 7, jobs: 2, seconds: 60, commit: 'abc' })).not.toContain('could not be played');
  });

  it('has no fault', () => {
    const counted = (all: readonly Finished[]): number => faultsSeen(all).slice(1).reduce((sum, [, count]) => sum + Number(count), 0);
    expect(counted(finished(3, 2))).toBe(3);
  });

  it('hides none that is wrong', () => expect(finished(2, 1, 1).filter(isWrong)).toHaveLength(1));

  it.each([[12, 1, false], [12, 2, true], [40, 2, false], [40, 3, true], [2, 1, false], [1, 1, true]])('of %i, %i: too many is %s', (all, left, tooMany) => {
    const of = finished(all - left, left);
    expect(tooFewPlayed(of) !== undefined).toBe(tooMany);
    expect(summaryOf(of, 7, 60).includes('FAILED: ')).toBe(tooMany);
  });
});

describe('what is done before a run', () => {
  it('makes the case unplayable when it fails, and says what was missing', async () => {
    const failing = unplayableWithout('the app', () => Promise.reject(new Error('no such pod')));
    await expect(failing).rejects.toThrow(Unplayable);
    await expect(failing).rejects.toThrow('without the app: no such pod');
  });

  it('is handed on when it does not', async () => expect(await unplayableWithout('the app', () => Promise.resolve(7))).toBe(7));
});
