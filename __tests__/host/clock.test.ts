import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/host/clock.js';

describe('the system clock', () => {
  it('tells wall time, and a monotonic time of its own', () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
    const before = systemClock.monotonic();
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before);
  });

  it('sleeps', async () => {
    const before = systemClock.monotonic();
    await systemClock.sleep(20);
    expect(systemClock.monotonic() - before).toBeGreaterThan(15);
    await systemClock.sleep(-1);
  });

  it('is woken by the signal, with its reason', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const slept = systemClock.sleep(2 ** 40, abort.signal);
    abort.abort(reason);
    await expect(slept).rejects.toBe(reason);
    await expect(systemClock.sleep(1, abort.signal)).rejects.toBe(reason);
  });
});
