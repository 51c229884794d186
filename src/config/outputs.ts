import { stageNames, verdicts, verdictTable, type Verdict } from '../outcome/verdict.js';
import type { ActionName } from '../outcome/action.js';
import { takenBy } from './settings.js';

const endings = (words: readonly Verdict[]): string => `How the run ended: ${words.map((verdict) => `\`${verdict}\``).join(', ')}.`;

/** The outputs of every action, in the order of the docs. One without a value is empty. */
export const outputs = {
  'verdict': endings(verdicts),
  'cause': 'Why it failed: one of the codes in docs/causes.md. Empty after a success.',
  'stage': `The stage that failed: ${stageNames.map((stage) => `\`${stage}\``).join(', ')}. Empty after a success.`,
  'image': 'Repository of the image, without tag and digest.',
  'digest': 'Digest of the image that was built or deployed, `sha256:…`.',
  'reference': '`image@digest`: exactly what was built or deployed.',
  'previous-reference': 'What the workloads ran before; one per line if they were not at the same version.',
  'environment-url': 'Address where users reach the app, as it was set; for `environment: url:` of the job.',
  'report': 'Path of the report of the run, a JSON file.',
  'plan': 'What the run would do, as JSON. Only in a dry run.',
  'backup': 'Name of the backup that was made or restored, or that a dry run of a restore has chosen; one per line if there are several databases.',
  'manifest': 'Address of the manifest of the backup; one per line if there are several.',
  'bytes': 'Bytes that are stored.',
  'rows': 'Rows of all tables. Empty if they were not counted.',
  'verified': '`restore`: each backup was restored and compared. `archive`: they were only read to their end.',
  'oldest-age': 'Seconds since the oldest of the last verified backups of all databases. Empty if a database has none.',
  'point-in-time': 'The first and the last moment to which a tool that archives the WAL can recover, `2026-11-30T10:00:00Z..2026-11-30T16:40:00Z`, or `not available`; one per line if there are several PostgreSQL.',
  'rto-seconds': 'Seconds until the data served again, or would have.',
  'rpo-seconds': 'Seconds between the moment of the backup and the start of the restore: what was written in between is lost.',
  'kept': 'Where the data from before is kept: the name of a database on the same server; one per line if there are several.',
  'comment-url': 'Only of `pr-check`: address of the comment of the pull request. Empty where none was written.',
} as const;

/** The outputs of `setup`. Those of parts that were not set up are empty. @public for scripts/generate */
export const setupOutputs = {
  'builder': 'Name of the builder.',
  'platforms': 'Platforms that the builder supports, separated by commas.',
  'buildx-version': 'Version of buildx.',
  'kubectl-version': 'Version of kubectl.',
  'helm-version': 'Version of Helm.',
} as const;

type OutputName = keyof typeof outputs;

/** The outputs that only an action for data has. */
const ofData: Readonly<Partial<Record<ActionName, readonly OutputName[]>>> = {
  backup: ['backup', 'manifest', 'bytes', 'rows', 'verified', 'oldest-age', 'point-in-time'], restore: ['backup', 'rows', 'rto-seconds', 'rpo-seconds', 'kept'],
};
const ofAll: ReadonlySet<string> = new Set(['verdict', 'cause', 'stage', 'report', 'plan']);
const notOfRollouts: ReadonlySet<OutputName> = new Set(['comment-url', ...Object.values(ofData).flat()]);

/** A check of a pull request may be about several environments, so it has no single version and address. */
const ofPullRequest: Readonly<Partial<Record<OutputName, string>>> = {
  'verdict': '', 'cause': outputs.cause, 'stage': outputs.stage, 'report': outputs.report,
  'plan': 'What a deployment would do, as JSON: the plan of the environment, or an object of plans by the names of the environments if there are several.',
  'comment-url': 'Address of the comment of the pull request. Empty where none was written.',
};

/** The outputs as one action gives them: a run of it ends in no other verdict than these, and repeats no setting that it does not take. */
export function outputsOf(action: ActionName): Readonly<Record<string, string>> {
  const data = ofData[action];
  const verdict = endings(verdicts.filter((each) => verdictTable[each].actions.includes(action)));
  if (action === 'pr-check') return { ...ofPullRequest, verdict };
  if (data) return Object.fromEntries(Object.entries({ ...outputs, verdict }).filter(([name]) => ofAll.has(name) || data.includes(name as OutputName)));
  return Object.fromEntries(Object.entries({ ...outputs, verdict }).filter(([name]) => !notOfRollouts.has(name as OutputName) && (name !== 'environment-url' || takenBy(action).some((setting) => setting === name))));
}
