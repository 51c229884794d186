import { formatDuration } from '../config/values/duration.js';
import type { Verified } from '../outcome/outcome.js';
import type { WatchReport } from '../outcome/watch.js';

/* What a watch has shown, for the end of a run. */

/** In the record: everything but the watch was complete. */
export const watchMark = 'watch';

/** What was seen to hold. */
export function verifiedBy({ ms, guards }: WatchReport): readonly Verified[] {
  const held = guards.filter(({ result }) => result === 'held');
  const time = formatDuration(1000 * Math.round(ms / 1000));
  return [
    { what: `watch of ${time}`, seen: 'it stayed healthy' },
    ...held.map(({ name, words, looks }) => ({ what: `guard ${name}`, seen: `held in ${looks} ${looks === 1 ? 'look' : 'looks'}: ${words}` })),
  ];
}

/** What could not be shown, and what came near its limit, in sentences. */
export const unprovenBy = ({ guards }: WatchReport): readonly string[] => guards.flatMap(({ name, result, why, words, warned }) => [
  ...result === 'unproven' ? [`Guard ${name} is unproven: ${why}.`] : [],
  ...warned ? [`Guard ${name} exceeded its limit for a warning: ${words}.`] : [],
]);
