import { formatDuration } from '../config/values/duration.js';
import type { Verified } from '../outcome/outcome.js';
import type { WatchReport } from '../outcome/watch.js';

/* What a watch has shown, for the end of a run. */

/** In the record: everything but the watch was complete. */
export const watchMark = 'watch';

/** What was seen to hold. */
export function verifiedBy({ ms, healthy, guards }: WatchReport): readonly Verified[] {
  const held = guards.filter(({ result }) => result === 'held');
  const time = formatDuration(1000 * Math.round(ms / 1000));
  return [
    ...healthy === undefined ? [] : [{ what: `watch of ${time}`, seen: healthy }],
    ...held.map(({ name, words, looks }) => ({ what: `guard ${name}`, seen: `held in ${looks} ${looks === 1 ? 'look' : 'looks'}: ${words}` })),
  ];
}

/** What could not be shown, and what came near its limit, in sentences. */
export const unprovenBy = ({ healthy, guards }: WatchReport): readonly string[] => [
  ...healthy === undefined && guards.length === 0 ? ['Nothing was watched: nothing of the version runs where it can be seen, and there is no smoke check.'] : [],
  ...guards.flatMap(({ name, result, why, words, warned }) => [
  ...result === 'unproven' ? [`Guard ${name} is unproven: ${why}.`] : [],
  ...warned ? [`Guard ${name} exceeded its limit for a warning: ${words}.`] : [],
]),
];
