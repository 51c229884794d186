import { describe, expect, it } from '@jest/globals';
import { watchGuards, type Guard } from '../../../src/check/watch/watch.js';
import type { Assessment } from '../../../src/guard/assessment.js';
import { fakePorts } from '../../kubernetes/client/fake-ports.js';
import { idleClock } from '../../ports/idle-clock.js';

const time = { forMs: 60_000, intervalMs: 10_000 };
const never = new AbortController().signal;

/** A guard whose looks say this, each after so long; the last one goes on. */
function watched(looks: readonly (readonly [state: 'pass' | 'fail' | 'away', tookMs?: number])[]) {
  const clock = idleClock();
  const ports = fakePorts({ clock });
  const at: number[] = [];
  const startedAt = clock.monotonic();
  const guard: Guard = {
    name: 'health', failures: 3,
    look: async (signal): Promise<Assessment> => {
      at.push(clock.monotonic() - startedAt);
      const [state, tookMs = 0] = looks[Math.min(at.length, looks.length) - 1] ?? ['pass'];
      await clock.sleep(tookMs, signal);
      return state === 'away' ? { state, why: 'it does not answer' } : { state, words: state };
    },
  };
  return { at, ports, done: watchGuards(ports, [guard], time, never) };
}

describe('a watch', () => {
  it('looks at each interval, and at its end', async () => {
    const { at, done } = watched([['pass']]);
    expect(await done).toEqual({ ms: 60_000, guards: [{ name: 'health', result: 'held', words: 'pass', warned: false, looks: 6 }] });
    expect(at).toEqual([10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
  });
  it('does not make up for looks that a slow one has left out', async () => {
    const { at, done } = watched([['pass', 25_000], ['fail'], ['fail'], ['pass']]);
    expect((await done).guards[0]?.result).toBe('held');
    expect(at).toEqual([10_000, 35_000, 45_000, 55_000, 60_000]);
  });
  it('is lengthened once, by its own length, if a source does not answer', async () => {
    const { at, ports, done } = watched([['away']]);
    expect(await done).toMatchObject({ ms: 120_000, guards: [{ result: 'unproven', why: 'it does not answer' }] });
    expect([at.length, ports.lines.filter((line) => line.includes('lengthened once')).length]).toEqual([12, 1]);
  });
});
