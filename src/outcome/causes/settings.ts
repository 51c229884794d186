import type { CauseTable } from './entry.js';

/** What is written in the inputs and the settings file. */
export const settings = {
  'config-invalid': {
    observed: 'An input, the settings file or the kubeconfig contains an invalid value, or there is no kubeconfig.',
    sentence: 'The settings are not valid.',
    hint: 'Fix every problem listed; nothing was run or changed.',
  },
} as const satisfies CauseTable;
