import { object } from '../kit/object.js';
import { section, type Filled } from '../setting.js';
import { count } from '../values/connections.js';
import { duration, durationOrZero } from '../values/duration.js';
import { clusterActions } from './cluster.js';

export const watch = section('Watch', clusterActions, {
  'watch': {
    description: 'How long the new version is watched after its smoke checks, such as `5m`: its pods, and its smoke checks again and again. It is rolled back if one of them fails.',
    fallback: '0s', kind: durationOrZero,
  },
  'watch-interval': { description: 'Time between two looks at the guards.', fallback: '10s', kind: duration },
  'guards': {
    description: 'Limits that the new version must keep while it is watched. docs/rollout.md has the details.',
    examples: [{ health: { failures: '5' } }],
    kind: object({
      health: {
        description: 'The smoke checks, run once at each look. On whenever there is a `watch`.',
        kind: object({ failures: { description: 'So many failed looks in a row are a breach.', fallback: '3', kind: count } }),
      },
    }),
  },
});

/** What is watched of a new version; undefined: nothing. Times are in ms. */
export const watchOf = (values: Filled<typeof watch.settings>) => (values.watch === 0 ? undefined : {
  forMs: values.watch, intervalMs: values['watch-interval'], health: { failures: values.guards?.health?.failures ?? 3 },
});

export type WatchConfig = NonNullable<ReturnType<typeof watchOf>>;
