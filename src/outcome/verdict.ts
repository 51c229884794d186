import { actionNames } from './action.js';

/** One way in which a run can end. The documentation is made from these entries. */
export interface VerdictEntry {
  /** Whether the workflow step succeeds. */
  readonly success: boolean;
  /** What was seen, for users. */
  readonly meaning: string;
  /** The actions whose runs can end in it. */
  readonly actions: readonly string[];
}

const all: readonly string[] = actionNames;
const rollouts = ['deploy', 'rollout', 'rollback'];
/** A restore changes data and a rollout changes workloads. A failure of either is reported in the same words. */
const changing = [...rollouts, 'restore'];

const table = {
  'deployed': { success: true, actions: rollouts, meaning: 'the new version is deployed to every workload, is healthy, and passed the smoke checks' },
  'unchanged': { success: true, actions: rollouts, meaning: 'this version was already deployed, is healthy, and passed the smoke checks; nothing was changed' },
  'planned': { success: true, actions: all, meaning: 'a dry run: nothing was changed' },
  'tested': { success: true, actions: ['deploy', 'build'], meaning: 'the tests passed; the settings do not include a build or a rollout' },
  'built': { success: true, actions: ['deploy', 'build'], meaning: 'the image is built and pushed; nothing was rolled out' },
  'checked': { success: true, actions: ['pr-check'], meaning: 'the pull request passed every check; nothing was changed' },
  'backed-up': { success: true, actions: ['backup'], meaning: 'the backup is complete' },
  'restored': { success: true, actions: ['restore'], meaning: 'the data of the backup is restored' },
  'failed': { success: false, actions: all, meaning: 'it failed before any workload (in a restore: any data) was changed' },
  'rolled-back': { success: false, actions: changing, meaning: 'it failed after a change; the previous version is restored and verified' },
  'rollback-failed': {
    success: false, actions: changing,
    meaning: 'the previous version could not be restored or verified; the summary lists the current versions and the commands to run',
  },
} as const satisfies Record<string, VerdictEntry>;

/** How a run ended: every run ends in exactly one of these. */
export type Verdict = keyof typeof table;
export const verdictTable: Readonly<Record<Verdict, VerdictEntry>> = table;
export const verdicts = Object.keys(table) as readonly Verdict[];

/** The verdicts that end the workflow step in success. */
export const isSuccess = (verdict: Verdict): boolean => table[verdict].success;

export const stageNames = ['config', 'preflight', 'test', 'build', 'migrate', 'rollout', 'smoke', 'watch', 'tags', 'rollback', 'backup', 'prune', 'restore'] as const;
/** One part of a run, as named in the output `stage`, the summary and the report. */
export type StageName = (typeof stageNames)[number];
