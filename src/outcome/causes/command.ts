import type { CauseTable } from './entry.js';

/** A deployment by commands of the user's own: the setting `command`. */
export const command = {
  'command-failed': {
    observed: 'A command of `command` exits with a code other than 0, or does not exit within its `timeout`.',
    sentence: 'A command of the deployment failed.',
    hint: 'Run the command that the message names with the same environment variables, and fix what its last lines report.',
  },
} as const satisfies CauseTable;
