import type { CauseTable } from './entry.js';

/** The new version runs, and does not do what it should. */
export const checks = {
  'smoke-failed': {
    observed: 'The new version answers a smoke check wrongly, or not at all.',
    sentence: 'A smoke check failed.',
    hint: 'Compare the answer with the check; the log of a new pod is in the evidence.',
  },
  'wrong-version-serving': {
    observed: 'The Service sends traffic to pods that are not of the new version, or answers wrongly when every new pod answers rightly.',
    patienceSeconds: 15,
    sentence: 'The Service is not served by the new version.',
    hint: 'Check the selector of the Service, and whether other workloads carry the same labels.',
  },
} as const satisfies CauseTable;
