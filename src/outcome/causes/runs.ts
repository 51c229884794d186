import type { CauseTable } from './entry.js';

/** Other runs of the same app, its record, and the times at which it may be deployed. */
export const runs = {
  'locked': {
    observed: 'The Lease of the app is held by another run, and was not given up within `lock-timeout`.',
    sentence: 'Another run is deploying this app.',
    hint: 'Wait for that run to end, or stop it. A run that has died gives up its Lease within 15 s by itself.',
  },
  'superseded': {
    observed: 'The workload no longer holds what this run wrote, and somebody else wrote it.',
    sentence: 'Somebody else changed the workload during the run.',
    hint: 'Nothing of theirs was overwritten. Find out who deploys besides this workflow, then run again.',
  },
  'frozen': {
    observed: 'The time of the run lies in a `freeze`, or outside every one of `windows`.',
    sentence: 'Deployments are closed at this time.',
    hint: 'Run it again later, or set `freeze-override` to the reason why it cannot wait; the reason is recorded.',
  },
  'record-unreadable': {
    observed: 'The ledger in the namespace was written by a later version of this action, or was edited by hand.',
    sentence: 'The record of earlier runs cannot be read.',
    hint: 'Use the later version, or look at the ConfigMap that is named and delete it once nothing in it is unfinished.',
  },
  'release-not-found': {
    observed: 'No recorded release fits `to`, or none is older than what runs now.',
    sentence: 'There is no release to roll back to.',
    hint: 'Choose one of the releases listed in the log, or deploy a version with `digest`.',
  },
} as const satisfies CauseTable;
