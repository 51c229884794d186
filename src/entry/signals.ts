import { setMaxListeners } from 'node:events';
import { CancelledError } from '../outcome/errors.js';

/**
 * Aborts when the runner or the user asks to stop. GitHub sends SIGINT, 7.5 s later SIGTERM, 2.5 s later it kills: the
 * signals after the first are taken and change nothing, so that what was begun to put back is put back.
 * @param onRepeat told how many signals have come, from the second on: a person at a terminal may want to leave
 */
export function cancellation(onRepeat: (count: number) => void = () => undefined): AbortSignal {
  // Fifty workloads that wait for one signal are no leak: node would warn of more than ten, of this signal and of later ones.
  setMaxListeners(0);
  const controller = new AbortController();
  let count = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      count += 1;
      if (count > 1) onRepeat(count);
      else controller.abort(new CancelledError(signal));
    });
  }
  return controller.signal;
}
