import { causes } from '../outcome/causes.js';
import type { Outcome, TargetWords } from '../outcome/outcome.js';
import type { Verdict } from '../outcome/verdict.js';
import { ageText } from './data.js';
import { duration } from './format.js';

/** A sign to find the verdict by at a glance; the words beside it say the same. */
export const signs: Readonly<Record<Verdict, string>> = {
  // A run that only tested or built must not look like a deployment.
  'deployed': '✅', 'unchanged': '✅', 'planned': '📋', 'tested': '🧪', 'built': '📦', 'checked': '☑️', 'backed-up': '💾', 'restored': '♻️',
  'failed': '❌', 'rolled-back': '↩️', 'rollback-failed': '🚨',
};

/** The verdict as a sentence without names: those are shown beside it, escaped as the place needs. */
export function verdictSentence(outcome: Outcome): string {
  const took = duration(outcome.durationMs);
  const { targetWords: words = noTarget } = outcome;
  const why = outcome.failure ? causes[outcome.failure.cause].sentence : 'It failed.';
  switch (outcome.verdict) {
    case 'deployed': return deployedSentence(outcome, took);
    case 'unchanged': return unchangedSentence(outcome, took);
    case 'planned': return 'This is what a run would do; nothing was changed.';
    case 'tested': return `The tests passed in ${took}. Nothing was built or rolled out.`;
    case 'built': return outcome.imageExisted
      ? `The image of this commit was already in the registry, so nothing was built or rolled out (${took}).`
      : `The image was built and pushed in ${took}. Nothing was rolled out.`;
    case 'checked': return `The pull request passed every check${isPartial(outcome) ? ' that was made' : ''} in ${took}. Nothing was changed.`;
    case 'backed-up': return backedUpSentence(outcome, took);
    case 'restored': return restoredSentence(outcome, took);
    // The earlier run is reported separately: finishing it may have changed workloads.
    case 'failed': return `${why} ${outcome.recovery ? `This run finished an interrupted earlier run${recovered(outcome)}, and ${words.leftAlone}.` : words.untouched}`;
    case 'rolled-back': return rolledBackSentence(outcome, why);
    case 'rollback-failed':
      if (outcome.rollback?.continued) return `${why} The previous version is not restored or verified yet. The post step of this job continues, and reports the result.`;
      return outcome.rollback?.nothingGood
        ? `${why} There was no healthy version to roll back to. Manual action is required.`
        : `${why} The previous version could not be restored or verified. Manual action is required.`;
  }
}

function rolledBackSentence(outcome: Outcome, why: string): string {
  if (outcome.data?.of === 'restore' && !outcome.data.recovery) return `${why} The data from before the restore serves again.${exceptFor(outcome)}`;
  return outcome.nothingRuns
    ? `${why} The previous version is set again, but not verified: ${unverifiedOf(outcome)}.`
    : `${why} The previous version is restored and verified${outcome.unverified?.length ? ' where anything runs' : ''}.${exceptFor(outcome)}`;
}

/** With `check: true`, there is none. */
const backedUpSentence = ({ data }: Outcome, took: string): string =>
  (data?.backups.length === 0 && data.oldestAgeMs !== undefined
    ? `The last verified backup of each database is recent enough: at most ${ageText(data.oldestAgeMs)} old. No backup was made.`
    : `The backup was completed in ${took}.`);

function restoredSentence({ data }: Outcome, took: string): string {
  if (data?.recovery) return `The app and its data were recovered in ${took}.`;
  const isDrill = data !== undefined && data.restores.length > 0 && data.restores.every(({ into }) => into === 'scratch');
  return isDrill ? `The drill restored and compared the backup in ${took}. No live data was changed.` : `The data of the backup was restored in ${took}.`;
}

/** What was not checked is listed elsewhere. */
const isPartial = ({ check }: Outcome): boolean => check !== undefined && [check, ...check.environments].some(({ leftOut }) => leftOut.length > 0);

/** Where nothing is deployed to, or the settings could not be read. */
const noTarget: TargetWords = { untouched: 'Nothing was deployed.', leftAlone: 'deployed nothing itself', deployed: 'is deployed' };

/** What the run changed to finish an earlier one, in brackets; empty if it changed nothing. */
function recovered({ recovery }: Outcome): string {
  const changed = recovery?.result === 'restored' ? recovery.changed ?? [] : [];
  return changed.length === 0 ? '' : ` (and restored ${changed.join(', ')} for it)`;
}

function deployedSentence(outcome: Outcome, took: string): string {
  const which = outcome.wentBack ? 'earlier' : 'new';
  return outcome.nothingRuns
    ? `The ${which} version is set, but not verified (${took}): ${unverifiedOf(outcome)}.`
    : `The ${which} version ${(outcome.targetWords ?? noTarget).deployed} and verified${outcome.unverified?.length ? ' where anything runs' : ''} (${took}).${exceptFor(outcome)}`;
}

function unchangedSentence(outcome: Outcome, took: string): string {
  if (outcome.nothingRuns) return `This version was already set, but it is not verified: ${unverifiedOf(outcome)}. Nothing was changed (${took}).`;
  return (outcome.recovery?.changed?.length
    ? `This version is deployed and healthy. This run finished an interrupted earlier run${recovered(outcome)}, and changed nothing else (${took}).`
    : `This version was already deployed and is healthy; nothing was changed (${took}).`) + exceptFor(outcome);
}

const namedAtMost = 5;

/** What was not verified. Names and reasons are this action's own or those of Kubernetes objects: no text from outside. */
const exceptFor = (outcome: Outcome): string => (outcome.unverified?.length ? ` Not verified: ${unverifiedOf(outcome)}.` : '');

function unverifiedOf({ unverified = [] }: Outcome): string {
  const more = unverified.length > namedAtMost ? ` and ${unverified.length - namedAtMost} more` : '';
  return `${unverified.slice(0, namedAtMost).map(({ subject, reason }) => `${subject} (${reason})`).join(', ')}${more}`;
}

/** What is left to say when the settings are not valid, as their problems are reported one by one; undefined for another end. */
export const settingsSentence = ({ failure }: Pick<Outcome, 'failure'>): string | undefined =>
  (failure?.stage === 'config' && failure.cause === 'config-invalid' ? 'The settings are not valid: each problem is reported at its place. Nothing was run or changed.' : undefined);

/** A rollout goes to an environment; anything else is done for one. */
export function environmentWord({ verdict }: Pick<Outcome, 'verdict'>): 'to' | 'for' {
  return ['tested', 'built', 'checked', 'backed-up', 'restored'].includes(verdict) ? 'for' : 'to';
}
