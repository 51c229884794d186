import { causes } from '../outcome/causes.js';
import type { Outcome } from '../outcome/outcome.js';
import type { Verdict } from '../outcome/verdict.js';
import { duration } from './format.js';

/** A sign to find the verdict by at a glance; the words beside it say the same. */
export const signs: Readonly<Record<Verdict, string>> = {
  // What only tested or built is not to be taken for a deployment from afar.
  'deployed': '✅', 'unchanged': '✅', 'planned': '📋', 'tested': '🧪', 'built': '📦', 'checked': '☑️', 'backed-up': '💾', 'restored': '♻️',
  'failed': '❌', 'rolled-back': '↩️', 'rollback-failed': '🚨',
};

/** The verdict as a sentence without names: those are shown beside it, escaped as the place needs. */
export function verdictSentence(outcome: Outcome): string {
  const took = duration(outcome.durationMs);
  const why = outcome.failure ? causes[outcome.failure.cause].sentence : 'It failed.';
  switch (outcome.verdict) {
    case 'deployed': return deployedSentence(outcome, took);
    case 'unchanged': return unchangedSentence(outcome, took);
    case 'planned': return 'This is what a run would do; nothing was changed.';
    case 'tested': return `The tests passed, after ${took}. Nothing was built or rolled out.`;
    case 'built': return outcome.imageExisted
      ? `The image of this commit was in the registry already, so nothing was built or rolled out (${took}).`
      : `The image is built and pushed, after ${took}. Nothing was rolled out.`;
    case 'checked': return `The pull request passed every check, after ${took}. Nothing was changed.`;
    case 'backed-up': return `The backup is complete, after ${took}.`;
    case 'restored': return `The data of the backup is restored, after ${took}.`;
    // What became of the earlier run is told by itself: it may have changed workloads.
    case 'failed': return `${why} ${outcome.recovery ? `After it had finished an earlier run that died${recovered(outcome)}, this run changed no workload.` : 'No workload was changed.'}`;
    case 'rolled-back': return outcome.nothingRuns
      ? `${why} What was there before is set again, and not verified: ${unverifiedOf(outcome)}.`
      : `${why} What was there before is back, and was seen to serve${outcome.unverified?.length ? ' where anything runs' : ''}.${exceptFor(outcome)}`;
    case 'rollback-failed':
      if (outcome.rollback?.continued) return `${why} What was there before is not, or not provably, back yet: the post step of this job goes on, and says how it ended.`;
      return outcome.rollback?.nothingGood
        ? `${why} There was no healthy version to go back to: this needs a person now.`
        : `${why} What was there before is not, or not provably, back: this needs a person now.`;
  }
}

/** What the run has changed to finish an earlier one, in brackets; empty where that was nothing. */
function recovered({ recovery }: Outcome): string {
  const changed = recovery?.changed ?? [];
  return changed.length === 0 ? '' : ` (the images of ${changed.join(', ')} were restored for it)`;
}

function deployedSentence(outcome: Outcome, took: string): string {
  const which = outcome.wentBack ? 'earlier' : 'new';
  return outcome.nothingRuns
    ? `The ${which} version is set, and not verified (${took}): ${unverifiedOf(outcome)}.`
    : `The ${which} version is on every workload and serves${outcome.unverified?.length ? ' where anything runs' : ''}, after ${took}.${exceptFor(outcome)}`;
}

function unchangedSentence(outcome: Outcome, took: string): string {
  if (outcome.nothingRuns) return `This version was set already, and is not verified: ${unverifiedOf(outcome)}. Nothing was touched (${took}).`;
  return (outcome.recovery?.changed?.length
    ? `This version is there, and healthy, after an earlier run that died was finished${recovered(outcome)}; nothing else was touched (${took}).`
    : `This version was there already, and healthy; nothing was touched (${took}).`) + exceptFor(outcome);
}

const namedAtMost = 5;

/** What that was not seen of. Both names and reasons are this action's own or those of Kubernetes objects: no text of strangers. */
const exceptFor = (outcome: Outcome): string => (outcome.unverified?.length ? ` Not verified: ${unverifiedOf(outcome)}.` : '');

function unverifiedOf({ unverified = [] }: Outcome): string {
  const more = unverified.length > namedAtMost ? ` and ${unverified.length - namedAtMost} more` : '';
  return `${unverified.slice(0, namedAtMost).map(({ subject, reason }) => `${subject} (${reason})`).join(', ')}${more}`;
}

/** What the environment of a run is to it: only what rolls something out goes to one. */
export function environmentWord({ verdict }: Pick<Outcome, 'verdict'>): 'to' | 'for' {
  return ['tested', 'built', 'checked', 'backed-up', 'restored'].includes(verdict) ? 'for' : 'to';
}
