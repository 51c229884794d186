import type { CauseTable } from './entry.js';

/** The new version runs, but does not do what it should. */
export const checks = {
  'smoke-failed': {
    observed: 'A smoke check of the new version fails or gets no answer.',
    sentence: 'A smoke check failed.',
    hint: 'Compare the answer with the check; the log of a new pod is in the evidence.',
  },
  'wrong-version-serving': {
    observed: 'The Service sends traffic to pods that are not of the new version, or a smoke check passes on every new pod but fails through the Service.',
    patienceSeconds: 10,
    sentence: 'The Service does not serve the new version.',
    hint: 'Check the selector of the Service, and whether other workloads have the same labels.',
  },
  'guard-breached': {
    observed: 'A guard found, while the new version was watched, that it does not keep to a limit of `guards`, or that its smoke checks fail again and again.',
    sentence: 'The new version did not keep to a limit while it was watched.',
    hint: 'The evidence has every look at the guards. Compare them with the limits, and look into the log of a new pod.',
  },
} as const satisfies CauseTable;
