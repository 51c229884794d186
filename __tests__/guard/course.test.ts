import { describe, expect, it } from '@jest/globals';
import { assessLevel, assessShare, type Assessment } from '../../src/guard/assessment.js';
import { concluded, followed, isAway, noLooks } from '../../src/guard/course.js';

const limit = { warn: 0.02, fail: 0.05, abort: 0.1, minRequests: 50, bad: 'errors' };
const tally = (bad: number, all: number, mayBeBad = bad) => ({ bad, all, mayBeBad });
const rule = { failures: 3 };
const looks: Readonly<Record<string, Assessment>> = {
  P: { state: 'pass', words: 'passed' }, W: { state: 'pass', words: 'passed', warns: true }, F: { state: 'fail', words: 'failed' }, A: { state: 'abort', words: 'aborted' },
  U: { state: 'unknown', why: 'few requests' }, X: { state: 'away', why: 'Prometheus does not answer' },
};
const course = (letters: string) => letters.split('').reduce((before, letter) => followed(before, looks[letter] ?? { state: 'unknown', why: '' }, rule), noLooks);
const end = (letters: string, whole?: Assessment): string => {
  const { result, why } = concluded(course(letters), whole, rule);
  return why === undefined ? result : `${result}: ${why}`;
};

describe('a share of bad requests', () => {
  it.each([
    ['passes', tally(0, 60), undefined, 'pass'],
    ['passes at the limit itself', tally(5, 100), undefined, 'pass'],
    ['passes, and warns', tally(45, 1000), undefined, 'pass'],
    ['fails above it', tally(80, 1000), undefined, 'fail'],
    ['ends the watch far above it', tally(300, 1000), undefined, 'abort'],
    ['says nothing of few requests', tally(0, 49), undefined, 'unknown'],
    ['says nothing of few requests, however bad', tally(20, 20), undefined, 'unknown'],
    ['fails where the old pods are better, below the limit', tally(30, 1000), tally(1, 1000), 'fail'],
    ['passes where the old pods are a little better', tally(8, 1000), tally(1, 10_000), 'pass'],
    ['says nothing where the old pods fail too', tally(300, 1000), tally(310, 1000), 'unknown'],
    ['says nothing where the bounds of the histogram do not', tally(1, 1000, 400), undefined, 'unknown'],
  ] as const)('%s', (_what, ours, theirs, state) => {
    expect(assessShare(limit, ours, theirs).state).toBe(state);
  });
  it('is told with its numbers', () => {
    expect(assessShare(limit, tally(80, 1000), tally(2, 900))).toEqual({ state: 'fail', words: 'errors: 80 of 1000 requests (8.0 %, at least 6.2 %); of the old pods 2 of 900 (0.2 %)' });
    expect(assessShare(limit, tally(1, 31))).toMatchObject({ why: '31 requests, 50 are needed', words: 'errors: 1 of 31 requests (3.2 %, at least 0.4 %)' });
    expect(assessShare(limit, tally(45, 1000))).toMatchObject({ warns: true });
  });
});

describe('a level', () => {
  const memory = { warn: 0.7, fail: 0.8, format: (share: number) => `${Math.round(100 * share)} %` };
  it.each([[[0.5], 'pass'], [[0.5, 0.8], 'pass'], [[0.81, 0.2], 'fail'], [[], 'unknown']] as const)('of %j', (values, state) => {
    expect(assessLevel(memory, values.map((value, index) => ({ pod: `web-${index}`, value }))).state).toBe(state);
  });
  it('is told with the highest', () => {
    expect(assessLevel(memory, [{ pod: 'web-1', value: 0.3 }, { pod: 'web-2', value: 0.75 }])).toEqual({ state: 'pass', words: 'web-2 has 75 %, the most of 2 pods', warns: true });
  });
});

describe('a guard', () => {
  it.each([
    ['', 'unproven: there was no time for a look'],
    ['PPP', 'held'],
    ['FFPFFF', 'breached'],
    ['FFPFFP', 'held'],
    ['PPA', 'breached'],
    ['FUFXF', 'breached'],
    ['PFF', 'unproven: it failed in the last 2 looks, and 3 in a row would be a breach'],
    ['PUU', 'held'],
    ['UUU', 'unproven: few requests'],
    ['XXX', 'unproven: Prometheus does not answer'],
    ['PXXXXX', 'unproven: Prometheus does not answer'],
    ['FFFPPP', 'breached'],
  ])('of the looks %j', (letters, result) => {
    expect(end(letters)).toBe(result);
  });
  it('that saw too little at each look is decided by the whole watch', () => {
    expect([end('UUU', { state: 'pass', words: '' }), end('UUU', { state: 'fail', words: '' }), end('UUU', { state: 'unknown', why: '31 requests, 50 are needed' })])
      .toEqual(['held', 'breached', 'unproven: 31 requests, 50 are needed']);
  });
  it('remembers that it warned, and how long its source has been away', () => {
    expect([course('PWP').warned, isAway(course('XXXXX')), isAway(course('XXXXU'))]).toEqual([true, true, false]);
  });
});
