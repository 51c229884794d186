import { describe, expect, it } from '@jest/globals';
import { forMsAfter, unlessAborted, within } from '../../src/ports/within.js';
import { handClock } from '../kubernetes/client/hand-clock.js';

const late = new Error('late');
const reason = new Error('cancelled');
const turns = () => new Promise((resolve) => setImmediate(resolve));
/** Never ends by itself, and with the reason of its signal. */
const untilAborted = (signal: AbortSignal): Promise<never> => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

describe('work within a time limit', () => {
  it('gives what it comes to, and leaves nothing waiting', async () => {
    const clock = handClock();
    let given: AbortSignal | undefined;
    expect(await within(clock, { ms: 1000, late: () => late }, async (signal) => {
      given = signal;
      return 'done';
    })).toBe('done');
    clock.advance(1000);
    await turns();
    expect(given?.aborted).toBe(false);
  });
  it('fails as it fails', async () => {
    await expect(within(handClock(), { ms: 1000, late: () => late }, () => Promise.reject(reason))).rejects.toBe(reason);
  });
  it('is ended when the time is over, not before', async () => {
    const clock = handClock();
    let end = 'works';
    const done = within(clock, { ms: 1000, late: () => late }, untilAborted).catch((error: unknown) => (end = String(error)));
    clock.advance(999);
    await turns();
    expect(end).toBe('works');
    clock.advance(1);
    await done;
    expect(end).toBe('Error: late');
  });
  it('may end with what it has by then', async () => {
    const clock = handClock();
    const done = within(clock, { ms: 1000, late: () => late }, (signal) => untilAborted(signal).catch(() => 'a half'));
    clock.advance(1000);
    expect(await done).toBe('a half');
  });
  it('is ended by its own signal, with its reason', async () => {
    const stop = new AbortController();
    const done = within(handClock(), { ms: 1000, late: () => late, signal: stop.signal }, untilAborted);
    stop.abort(reason);
    await expect(done).rejects.toBe(reason);
  });
});

describe('a promise, unless a signal aborts', () => {
  it('is what it settles to', async () => {
    const { signal } = new AbortController();
    expect(await unlessAborted(Promise.resolve('done'), signal)).toBe('done');
    await expect(unlessAborted(Promise.reject(late), signal)).rejects.toBe(late);
  });
  it('is the reason of the signal, aborted before or meanwhile', async () => {
    const never = new Promise(() => undefined);
    await expect(unlessAborted(never, AbortSignal.abort(reason))).rejects.toBe(reason);
    const stop = new AbortController();
    const waiting = unlessAborted(never, stop.signal);
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});

describe('work that goes on for a while after its signal', () => {
  it('gives what it comes to, also after it', async () => {
    const clock = handClock();
    const over = new AbortController();
    let finish: (value: string) => void = () => undefined;
    const done = forMsAfter(clock, over.signal, 1000, () => new Promise((resolve) => { finish = resolve; }));
    over.abort(reason);
    clock.advance(999);
    await turns();
    finish('done');
    expect(await done).toBe('done');
  });
  it.each([['that has aborted already', true], ['that aborts later', false]])('is ended with the reason of a signal %s, when the time is over', async (_, isAborted) => {
    const clock = handClock();
    const over = new AbortController();
    if (isAborted) over.abort(reason);
    let end = 'works';
    const done = forMsAfter(clock, over.signal, 1000, untilAborted).catch((error: unknown) => (end = String(error)));
    over.abort(reason);
    await turns();
    clock.advance(999);
    await turns();
    expect(end).toBe('works');
    clock.advance(1);
    await done;
    expect(end).toBe(String(reason));
  });
});
