import type { CauseTable } from './entry.js';

/** Rules of the user for what is deployed. */
export const policy = {
  'policy-denied': {
    observed: 'A rule of `policy` whose level is `deny` found something that no exception allows.',
    sentence: 'A policy rule does not allow this deployment.',
    hint: 'Fix every finding listed, or add an exception with a reason and a date to `policy.allow`. docs/policy.md describes each rule.',
  },
} as const satisfies CauseTable;
