import type { Clock } from '../../ports/clock.js';

export interface Silence {
  readonly signal: AbortSignal;
  heard(): void;
  over(): void;
}

/** A signal that aborts when nothing was heard for so long. Exact to a quarter of that time, so a piece of data costs no timer. */
export function endedWhenSilent(clock: Clock, ms: number, signal: AbortSignal, late: () => Error): Silence {
  const silent = new AbortController();
  const done = new AbortController();
  let heardAt = clock.monotonic();
  const watch = async (): Promise<void> => {
    while (clock.monotonic() - heardAt < ms) await clock.sleep(ms / 4, done.signal);
    silent.abort(late());
  };
  watch().catch(() => undefined);
  return {
    signal: AbortSignal.any([signal, silent.signal]),
    heard: () => { heardAt = clock.monotonic(); },
    over: () => done.abort(),
  };
}
