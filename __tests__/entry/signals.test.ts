import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cancellation } from '../../src/entry/signals.js';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
let before: Map<string, readonly NodeJS.SignalsListener[]>;

beforeEach(() => {
  before = new Map(signals.map((signal) => [signal, process.listeners(signal) as NodeJS.SignalsListener[]]));
});
afterEach(() => {
  for (const signal of signals) {
    for (const listener of process.listeners(signal) as NodeJS.SignalsListener[]) if (!before.get(signal)?.includes(listener)) process.off(signal, listener);
  }
});

describe('a signal', () => {
  it.each(signals)('%s stops the run, and says which it was', (signal) => {
    const cancelled = cancellation();
    process.emit(signal);
    expect((cancelled.reason as Error).message).toBe(`Stopped by ${signal}.`);
  });
  it('that follows is taken and counted, and changes nothing', () => {
    const counts: number[] = [];
    const cancelled = cancellation((count) => counts.push(count));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGTERM'] as const) process.emit(signal);
    expect([(cancelled.reason as Error).message, counts]).toEqual(['Stopped by SIGINT.', [1, 2, 3]]);
  });
});
