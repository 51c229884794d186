import { CancelledError } from '../outcome/errors.js';

/**
 * Aborts when the runner or the user asks to stop. GitHub sends SIGINT, 7.5 s later SIGTERM, 2.5 s later it kills: the
 * signals after the first are taken and change nothing, so that what was begun to put back is put back.
 */
export function cancellation(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!controller.signal.aborted) controller.abort(new CancelledError(signal));
    });
  }
  return controller.signal;
}
