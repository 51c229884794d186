import { describe, expect, it } from '@jest/globals';
import { backoff, retry, steadily, type RetryPolicy } from '../../src/ports/retry.js';
import { handClock, swiftClock } from '../kubernetes/client/hand-clock.js';

const turns = () => new Promise((resolve) => setImmediate(resolve));

interface Tried {
  readonly end: unknown;
  readonly attempts: number;
  readonly slept: readonly number[];
}

/** What comes of work that fails with these errors, one after the other, and then succeeds. */
async function tried(errors: readonly unknown[], policy: Partial<RetryPolicy>): Promise<Tried> {
  const clock = swiftClock();
  let attempts = 0;
  const end = await retry(clock, { delaysMs: [100, 300], retryable: () => true, ...policy }, (count) => {
    expect(count).toBe(attempts += 1);
    return count <= errors.length ? Promise.reject(errors[count - 1]) : Promise.resolve('done');
  }).catch((error: unknown) => error);
  return { end, attempts, slept: clock.slept };
}

describe('retry', () => {
  const [first, second, third] = ['first', 'second', 'third'].map((name) => new Error(name));

  it('gives the result of the first attempt that succeeds', async () => {
    expect(await tried([], {})).toEqual({ end: 'done', attempts: 1, slept: [] });
    expect(await tried([first, second], {})).toEqual({ end: 'done', attempts: 3, slept: [100, 300] });
  });
  it('throws the very error of the last attempt when the delays are used up', async () => {
    const { end, attempts } = await tried([first, second, third], {});
    expect([end === third, attempts]).toEqual([true, 3]);
  });
  it('makes one attempt without delays', async () => expect(await tried([first], { delaysMs: [] })).toEqual({ end: first, attempts: 1, slept: [] }));
  it('throws at once what is not retryable', async () => {
    expect(await tried([first, second], { retryable: (error) => error === first })).toEqual({ end: second, attempts: 2, slept: [100] });
  });
  it.each([[undefined], [null], ['text'], [0]])('hides nothing that is thrown, not even %j', async (thrown) => {
    expect((await tried([thrown], { retryable: () => false })).end).toBe(thrown);
  });
  it('asks about each failed attempt once, and in order', async () => {
    const asked: unknown[] = [];
    await tried([first, second, third], { retryable: (error) => asked.push(error) > 0 });
    expect(asked).toEqual([first, second, third]);
  });
  it('reports each wait before it, with its reason, and nothing else', async () => {
    const told: unknown[] = [];
    await tried([first, second, third], { onWait: (error, delayMs) => told.push([error, delayMs]) });
    expect(told).toEqual([[first, 100], [second, 300]]);
  });
  it('makes its last attempt at the end, and at least one', async () => {
    const { monotonic } = swiftClock();
    expect(await tried([first, second, third], { delaysMs: steadily(100), untilMs: monotonic() + 150 })).toEqual({ end: third, attempts: 3, slept: [100, 50] });
    expect(await tried([first], { untilMs: monotonic() })).toEqual({ end: first, attempts: 1, slept: [] });
  });
  it('waits as long as the other side wants, and not beyond the end', async () => {
    const { monotonic } = swiftClock();
    const leastDelayMs = (error: unknown): number => (error === first ? 200 : error === second ? 50 : 5000);
    expect(await tried([first, second, third], { delaysMs: steadily(100), leastDelayMs, untilMs: monotonic() + 1000 })).toEqual({ end: 'done', attempts: 4, slept: [200, 100, 700] });
  });
  it('waits for its whole delay', async () => {
    const clock = handClock();
    let attempts = 0;
    const end = retry(clock, { delaysMs: [100], retryable: () => true }, () => {
      attempts += 1;
      return attempts === 1 ? Promise.reject(first as Error) : Promise.resolve(attempts);
    });
    await turns();
    clock.advance(99);
    await turns();
    expect(attempts).toBe(1);
    clock.advance(1);
    expect(await end).toBe(2);
  });

  describe('with a signal', () => {
    const reason = new Error('cancelled');
    it('that aborts while it waits ends with its reason', async () => {
      const stop = new AbortController();
      const end = retry(handClock(), { delaysMs: [100], retryable: () => true, signal: stop.signal }, () => Promise.reject(first));
      await turns();
      stop.abort(reason);
      await expect(end).rejects.toBe(reason);
    });
    it('that aborted during an attempt makes no other, and gives its result if there is one', async () => {
      const during = (attempt: () => Promise<string>) => {
        const stop = new AbortController();
        return retry(swiftClock(), { delaysMs: [100], retryable: () => true, signal: stop.signal }, () => {
          stop.abort(reason);
          return attempt();
        });
      };
      await expect(during(() => Promise.reject(first))).rejects.toBe(reason);
      expect(await during(() => Promise.resolve('done'))).toBe('done');
    });
    it('does not hide an error that is final', async () => {
      const { end } = await tried([first], { retryable: () => false, signal: AbortSignal.abort(reason) });
      expect(end).toBe(first);
    });
  });
});

describe('delays', () => {
  const firstOf = (count: number, delays: Iterable<number>): number[] => {
    const iterator = delays[Symbol.iterator]();
    return Array.from({ length: count }, () => Number(iterator.next().value));
  };
  it('double up to the longest', () => expect(firstOf(6, backoff(250, 2000))).toEqual([250, 500, 1000, 2000, 2000, 2000]));
  it('stay the same', () => expect(firstOf(3, steadily(500))).toEqual([500, 500, 500]));
  it('begin anew for each use of a policy', () => {
    const delays = backoff(100, 1000);
    expect([firstOf(2, delays), firstOf(2, delays)]).toEqual([[100, 200], [100, 200]]);
  });
});
