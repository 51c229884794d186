import { setMaxListeners } from 'node:events';
import { CancelledError } from '../outcome/errors.js';

/**
 * Aborts when the runner or the user cancels. GitHub sends SIGINT, 7.5 s later SIGTERM, and kills 2.5 s later: signals after
 * the first are ignored, so a rollback that has started is completed.
 * @param onSignal called with the number of the signal, counted from 1, and its name: a person at a terminal may want to stop it
 */
export function cancellation(onSignal: (count: number, signal: string) => void = () => undefined): AbortSignal {
  // Node warns of a leak from eleven listeners on, but each of fifty workloads may wait for this signal.
  setMaxListeners(0);
  const controller = new AbortController();
  let count = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      count += 1;
      onSignal(count, signal);
      if (count === 1) controller.abort(new CancelledError(signal));
    });
  }
  return controller.signal;
}
