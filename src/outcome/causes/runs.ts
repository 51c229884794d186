import type { CauseTable } from './entry.js';
import { settingText } from '../place-words.js';

/** Other runs of the same app, its record, and the times at which deployments are allowed. */
export const runs = {
  'locked': {
    observed: 'Another run holds the Lease of the app and did not release it within `lock-timeout`.',
    sentence: 'Another run is deploying this app.',
    hint: 'Wait for that run to finish, or cancel it. The lock of an interrupted run expires after 15 s.',
  },
  'superseded': {
    observed: 'The workload no longer has what this run wrote, because someone else changed it.',
    sentence: 'Someone else changed the workload during the run.',
    hint: 'Their change was not overwritten. Find out who else deploys this workload, then run again.',
  },
  'frozen': {
    observed: 'The run falls within a `freeze` or outside all `windows`.',
    sentence: 'Deployments are not allowed at this time.',
    get hint() { return `Run it again later, or set ${settingText('freeze-override')} to the reason why it cannot wait. The reason is recorded.`; },
  },
  'record-unreadable': {
    observed: 'The record was written by a later version of this action, or was edited by hand.',
    sentence: 'The record of earlier runs cannot be read.',
    hint: 'Use the later version, or check the ConfigMap that the message names and delete it if it holds no unfinished run.',
  },
  'release-not-found': {
    observed: 'No recorded release matches `to`, or none is older than the current version.',
    sentence: 'There is no release to roll back to.',
    get hint() { return `Choose one of the releases listed in the log, or deploy a version with ${settingText('digest')}.`; },
  },
} as const satisfies CauseTable;
