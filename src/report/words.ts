import { causes } from '../outcome/causes.js';
import type { Outcome } from '../outcome/outcome.js';
import type { Verdict } from '../outcome/verdict.js';
import { duration } from './format.js';

/** A sign to find the verdict by at a glance; the words beside it say the same. */
export const signs: Readonly<Record<Verdict, string>> = {
  'deployed': '✅', 'unchanged': '✅', 'planned': '📋', 'failed': '❌', 'rolled-back': '↩️', 'rollback-failed': '🚨',
};

/** The verdict as a sentence without names: those are shown beside it, escaped as the place needs. */
export function verdictSentence(outcome: Outcome): string {
  const took = duration(outcome.durationMs);
  const why = outcome.failure ? causes[outcome.failure.cause].sentence : 'It failed.';
  switch (outcome.verdict) {
    case 'deployed': return outcome.changes.length > 0
      ? `The ${outcome.wentBack ? 'earlier' : 'new'} version is on every workload and serves, after ${took}.`
      : `Everything that was asked for is done, after ${took}.`;
    case 'unchanged': return `This version was there already, and healthy; nothing was touched (${took}).`;
    case 'planned': return 'This is what a run would do; nothing was changed.';
    case 'failed': return `${why} No workload was changed.`;
    case 'rolled-back': return `${why} What was there before is back, and was seen to serve.`;
    case 'rollback-failed': return `${why} What was there before is not, or not provably, back: this needs a person now.`;
  }
}
