import type { CauseTable } from './entry.js';

/** The machine that the action runs on, and the action itself. */
export const runner = {
  'tool-missing': {
    observed: 'A program that the run needs (docker, buildx, git, kubectl, bash) is not installed, cannot be downloaded, or does not have its pinned checksum.',
    sentence: 'A program that the run needs is not available.',
    hint: 'Install the program that the message names.',
  },
  'tool-timeout': {
    observed: 'A program did not exit within the time that the run allows for it.',
    sentence: 'A program did not finish in time.',
    hint: 'Run the command that the message names by hand, to see what it is waiting for.',
  },
  'cancelled': {
    observed: 'The run received SIGINT, SIGTERM or SIGHUP.',
    sentence: 'The run was cancelled.',
    hint: 'Run it again when you are ready.',
  },
  'unexpected': {
    observed: 'An error that the action does not handle.',
    sentence: 'The action itself failed.',
    hint: 'This is a bug in deploy-action: please report it with the log.',
  },
} as const satisfies CauseTable;
