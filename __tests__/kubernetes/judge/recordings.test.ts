import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { messageOf, word } from './judging.js';
import { readRecording, recordingNames, replay, replayRestore, type News, type Recording } from './replay.js';
import { gone, set } from './build.js';

/** What a recording comes to, and within which ms after the change: by its own name, else by how its name begins. */
const expected: Readonly<Record<string, readonly [cause: string, notBefore: number, notAfter: number]>> = {
  'good': ['done', 2000, 30_000],
  'image-not-found': ['image-not-found', 0, 4000],
  'image-pull-denied': ['image-pull-denied', 15_000, 20_000],
  'image-name-invalid': ['image-name-invalid', 0, 4000],
  'crash-loop': ['crash-loop', 0, 8000],
  // Its first crash comes when all has been right for longer than the judge looks: smoke checks and minReadySeconds can find that.
  'crash-loop-late': ['done', 2000, 5041],
  'container-config': ['container-config', 10_000, 14_000],
  'not-ready': ['not-ready', 60_000, 75_000],
  'deadline': ['deadline', 9000, 15_000],
  'not-found-restored': ['image-not-found', 0, 4000],
  'init-failed': ['init-failed', 0, 8000],
  'out-of-memory': ['out-of-memory', 0, 12_000],
  'probe-killed': ['probe-killed', 0, 60_000],
  'container-start': ['container-start', 0, 8000],
  'quota': ['quota-exceeded', 20_000, 24_000],
  'admission': ['admission-denied', 20_000, 24_000],
  'unschedulable': ['unschedulable', 180_000, 184_000],
  'volume-mount': ['volume-mount', 20_000, 24_000],
};

function expectedOf(name: string): readonly [string, number, number] {
  const known = Object.keys(expected).filter((key) => name === key || name.startsWith(`${key}-`)).sort((a, b) => b.length - a.length)[0];
  if (known === undefined) throw new Error(`nothing says what the recording ${name} comes to: add it to the table`);
  return expected[known] ?? ['', 0, 0];
}

const recordings = recordingNames.map((name) => [name, readRecording(name)] as const);

const restored = recordings.flatMap(([name, recording]) => (recording.restored ? [[name, recording, recording.restored.news] as const] : []));

describe('what a real cluster showed', () => {
  it.each(recordings)('%s', (name, recording) => {
    const [cause, notBefore, notAfter] = expectedOf(name);
    const { decision, atMs } = replay(recording);
    expect([word(decision), messageOf(decision)]).toEqual([cause, expect.any(String)]);
    expect(atMs).toBeGreaterThanOrEqual(notBefore);
    expect(atMs).toBeLessThanOrEqual(notAfter);
  });

  it.each(restored)('%s: what was there before is found to be back', (_name, recording) => {
    const { decision, atMs } = replayRestore(recording);
    expect([word(decision), messageOf(decision)]).toEqual(['done', '(done)']);
    expect(atMs).toBeLessThan(10_000);
  });

  it('tells a loop from one crash by how long the container had lived, once it has seen the first', () => {
    const recording = readRecording('crash-loop-late');
    const { decision, atMs } = replay(recording, recording.news, 3000);
    expect([word(decision), atMs]).toEqual(['crash-loop', 10_471 - 373]);
  });

  it('says which pod, and what it did', () => {
    expect(messageOf(replay(readRecording('crash-loop')).decision)).toMatch(/^container web of pod web-[0-9a-f]+-\w+ exited twice, last with exit code 1$/);
  });
});

/** What may become of one piece of news on its way. */
interface Fate {
  readonly lost: boolean;
  readonly lateMs: number;
  /** It comes a second time, so much later. */
  readonly againMs: number | undefined;
}

const windowMs = 1000;
const fates = (length: number): fc.Arbitrary<readonly Fate[]> => fc.array(fc.record({
  lost: fc.boolean(), lateMs: fc.nat(windowMs), againMs: fc.option(fc.nat(windowMs), { nil: undefined }),
}), { minLength: length, maxLength: length });

/** The news as it came through, and at the end everything that is there, as a new list tells it. */
function through(news: readonly News[], fate: readonly Fate[], before: Recording['before'], loses: boolean): News[] {
  const arrived = news.flatMap(({ atMs, change }, index) => {
    const { lost = false, lateMs = 0, againMs } = fate[index] ?? {};
    const again = againMs === undefined ? [] : [{ atMs: atMs + lateMs + againMs, change }];
    return lost && loses ? [] : [{ atMs: atMs + lateMs, change }, ...again];
  }).sort((a, b) => a.atMs - b.atMs);
  const last = new Map([...before, ...news.map(({ change }) => change)].map((change) => [change.object.metadata?.uid ?? '', change]));
  const endMs = Math.max(0, ...news.map(({ atMs }) => atMs)) + 2 * windowMs;
  return [...arrived, ...[...last.values()].map((change) => ({ atMs: endMs, change: (change.type === 'set' ? set : gone)(change.object) }))];
}

describe('the verdict does not depend on how the news came', () => {
  // What crashes after the judge has ended shows or not, by when the news of it come.
  const decided = recordings.filter(([name]) => name !== 'crash-loop-late');

  it.each(decided)('%s: late, out of order, twice', (_name, recording) => {
    const wanted = word(replay(recording).decision);
    fc.assert(fc.property(fates(recording.news.length), (fate) => {
      expect(word(replay(recording, through(recording.news, fate, recording.before, false)).decision)).toBe(wanted);
    }), { numRuns: 10 });
  });

  it.each(decided)('%s: half of it lost, until it is listed again', (_name, recording) => {
    const wanted = word(replay(recording).decision);
    fc.assert(fc.property(fates(recording.news.length), (fate) => {
      expect(word(replay(recording, through(recording.news, fate, recording.before, true)).decision)).toBe(wanted);
    }), { numRuns: 10 });
  });

  it.each(restored)('%s: late, out of order, twice, and half of it lost, after the old image was put back', (_name, recording, news) => {
    fc.assert(fc.property(fates(news.length), fc.boolean(), (fate, loses) => {
      expect(word(replayRestore(recording, through(news, fate, recording.news.map(({ change }) => change), loses)).decision)).toBe('done');
    }), { numRuns: 10 });
  });

  it.each(decided)('%s: nothing but the last list', (_name, recording) => {
    const fate = recording.news.map(() => ({ lost: true, lateMs: 0, againMs: undefined }));
    expect(word(replay(recording, through(recording.news, fate, recording.before, true)).decision)).toBe(word(replay(recording).decision));
  });
});
