import type { FilePlace } from '../outcome/errors.js';
import type { Outcome } from '../outcome/outcome.js';
import { isSuccess } from '../outcome/verdict.js';
import { dataLines } from './data.js';
import { placeName, versionName } from './places.js';
import { rollbackSentences } from './rollback.js';
import { environmentWord, settingsSentence, verdictSentence } from './words.js';

/** The annotation of a run that failed: what GitHub shows on the page of the run. Undefined after a success. */
export function annotationOf(outcome: Outcome): { readonly title: string; readonly text: string; readonly place?: FilePlace } | undefined {
  if (isSuccess(outcome.verdict)) return undefined;
  const { failure } = outcome;
  const title = failure ? `${outcome.verdict}: ${failure.cause}` : outcome.verdict;
  const ofSettings = settingsSentence(outcome);
  if (ofSettings !== undefined) return { title, text: ofSettings };
  return { title, text: failure ? `${failure.message}\n${failure.hint}` : verdictSentence(outcome), ...(failure?.place && { place: failure.place }) };
}

/** The last lines of the log: the verdict, the versions of the workloads, and what to do. */
export function closingLines(outcome: Outcome): readonly string[] {
  const where = outcome.environment ? ` ${environmentWord(outcome)} ${outcome.environment}` : '';
  const undone = outcome.verdict === 'rolled-back' || outcome.verdict === 'rollback-failed';
  return [
    `${outcome.verdict}: ${outcome.app}${where}. ${verdictSentence(outcome)}`,
    ...outcome.changes.map((change) =>
      `  ${placeName(change)} ${undone ? `is ${change.now ?? 'not readable'}` : `${versionName(change.before)} → ${change.after}`}`),
    ...dataLines(outcome.data).map((line) => `  ${line}`),
    ...rollbackSentences(outcome).map((sentence) => `  ${sentence}`),
    ...outcome.verdict === 'rollback-failed' && !outcome.rollback?.continued && outcome.undoCommands.length > 0
      ? ['Roll back by hand:', ...outcome.undoCommands.map((command) => `  ${command}`)] : [],
  ];
}
