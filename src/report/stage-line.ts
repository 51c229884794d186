import type { RunEvent } from '../outcome/events.js';
import { duration } from './format.js';

/** The line of the log for an event: `✓ build and push (3.2 s)`. Undefined where the log says it in another way. */
export function stageLine(event: RunEvent): string | undefined {
  if (event.kind !== 'stage-ended') return undefined;
  const { label, startMs, endMs, result } = event.span;
  return `${result === 'failed' ? '✗' : '✓'} ${label} (${duration(endMs - startMs)})`;
}
