import { describe, expect, it } from '@jest/globals';
import { since, type PodCounts } from '../../src/guard/counting.js';
import { assessWhole, counted, nothingCounted, type ShareCourse } from '../../src/guard/share-watch.js';

const limit = { fail: 0.05, abort: 0.1, minRequests: 50, bad: 'errors' };
const counts = (pod: string, at: number, [all, bad]: readonly [number, number], restarts = 0): PodCounts => ({ pod, at, restarts, tallies: new Map([['a', { all, bad, mayBeBad: bad }]]) });
const isOld = (): boolean => false;

describe('what was counted since', () => {
  it.each([
    ['nothing, at the first look', undefined, counts('p', 1, [5, 1]), 'first'],
    ['the growth', counts('p', 1, [5, 1]), counts('p', 2, [9, 2]), { all: 4, bad: 1, mayBeBad: 1 }],
    ['everything, of a container that was started again', counts('p', 1, [5, 1]), counts('p', 2, [3, 1], 1), { all: 3, bad: 1, mayBeBad: 1 }],
    ['nothing, of the same page', counts('p', 1, [5, 1]), counts('p', 1, [5, 1]), 'same'],
    ['unknown, where it goes backwards', counts('p', 1, [5, 1]), counts('p', 2, [3, 1]), 'backwards'],
    ['everything, of a series that is new', { ...counts('p', 1, [5, 1]), tallies: new Map() }, counts('p', 2, [3, 1]), { all: 3, bad: 1, mayBeBad: 1 }],
  ] as const)('is %s', (_what, before, now, result) => {
    const found = since(before, now, false);
    expect(found.state === 'counted' ? found.since : found.state).toEqual(result);
  });
  it('is everything, of a pod that was created meanwhile', () => {
    expect(since(undefined, counts('p', 1, [5, 1]), true)).toEqual({ state: 'counted', since: { all: 5, bad: 1, mayBeBad: 1 } });
  });
});

describe('the shares of both versions', () => {
  /** One look each 10 s at one new pod, and one old pod if any is given. */
  function watch(ours: readonly (readonly [number, number])[], theirs: readonly (readonly [number, number])[] = []) {
    let course: ShareCourse = nothingCounted;
    const states = ours.map((each, index) => {
      const at = 10_000 * index;
      const found = counted(course, { at, ours: [counts('new', at, each)], theirs: theirs[index] ? [counts('old', at, theirs[index])] : [] }, limit, isOld);
      ({ course } = found);
      return found.assessment;
    });
    return { states, course };
  }
  it('are those of the last minute', () => {
    const { states } = watch([[0, 0], [100, 60], [200, 60], [300, 60], [400, 60], [500, 60], [600, 60], [700, 60]]);
    expect(states.map(({ state }) => state)).toEqual(['unknown', 'abort', 'abort', 'abort', 'abort', 'fail', 'fail', 'pass']);
  });
  it('start from the first look, not from the start of the pod', () => {
    expect(watch([[1000, 900], [1100, 900]]).states.at(-1)?.state).toBe('pass');
  });
  it('of the whole watch decide where each minute has too few', () => {
    const { states, course } = watch([[0, 0], [5, 0], [10, 0], [15, 0], [20, 0], [25, 0], [30, 0], [35, 0], [40, 0], [45, 0], [50, 0], [55, 0]]);
    expect([new Set(states.map(({ state }) => state)), assessWhole(course, limit)?.state]).toEqual([new Set(['unknown']), 'pass']);
  });
  it('are compared with the old pods while there are any', () => {
    expect(watch([[0, 0], [100, 30]], [[0, 0], [100, 31]]).states.at(-1)).toMatchObject({ state: 'unknown', why: expect.stringContaining('the old pods exceed the limit too') });
  });
  it('are not known where several processes count for themselves', () => {
    const { states } = watch([[100, 0], [40, 0], [120, 0]]);
    expect(states[1]).toMatchObject({ state: 'unknown', why: expect.stringContaining('go backwards') });
  });
  it('leave out old pods whose counters cannot be read', () => {
    expect(watch([[0, 0], [100, 30]], [[100, 0], [40, 40]]).states.at(-1)).toMatchObject({ state: 'abort', words: expect.not.stringContaining('old pods') });
  });
});
