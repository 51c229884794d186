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

/** A check of a pull request may be about several environments, so it has no single version and address. */
const ofPullRequest: Readonly<Partial<Record<OutputName, string>>> = {
  'verdict': '', 'cause': outputs.cause, 'stage': outputs.stage, 'report': outputs.report,
  'plan': 'What a deployment would do, as JSON: the plan of the environment, or an object of plans by the names of the environments if there are several.',
  'comment-url': 'Address of the comment of the pull request. Empty where none was written.',
};

/** The outputs as one action gives them: a run of it ends in no other verdict than these, and repeats no setting that it does not take. */
export function outputsOf(action: ActionName): Readonly<Record<string, string>> {
  const verdict = endings(verdicts.filter((each) => verdictTable[each].actions.includes(action)));
  if (action === 'pr-check') return { ...ofPullRequest, verdict };
  const { 'comment-url': _, ...own } = { ...outputs, verdict };
  return Object.fromEntries(Object.entries(own).filter(([name]) => name !== 'environment-url' || takenBy(action).some((setting) => setting === name)));
}
