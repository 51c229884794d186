import type { Outcome } from '../outcome/outcome.js';
import { plainLine } from '../outcome/plain.js';
import type { Plan } from '../outcome/plan.js';
import { shortCommit } from '../outcome/short-name.js';
import { isSuccess } from '../outcome/verdict.js';
import { verdictSentence } from '../report/words.js';
import type { End } from './left.js';

/** GitHub refuses a longer description of a deployment or a status. Characters. */
const longest = 140;

/**
 * A text as a description: one line of plain text, cut after a whole word. Characters beyond the Basic Multilingual Plane are
 * left out, because GitHub refuses some texts with them.
 * @param redact takes secrets out, before anything is cut, and again when they are no longer broken by what was left out
 */
export function brief(text: string, redact = (each: string): string => each): string {
  const line = redact(plainLine(redact(text).replace(/\s+/g, ' ')).replace(/[\u{10000}-\u{10FFFF}]/gu, '')).replace(/ {2,}/g, ' ').trim();
  if (line.length <= longest) return line;
  const cut = line.slice(0, longest - 1);
  const space = cut.lastIndexOf(' ');
  return `${(space > longest / 2 ? cut.slice(0, space) : cut).replace(/(?<![\s,.:;])[\s,.:;]+$/, '')}…`;
}

/** `api 5e94acd: build and push the image, roll out deployment/api`. */
export const plannedText = ({ app, steps }: Plan, commit: string, redact?: (text: string) => string): string =>
  brief(`${app} ${shortCommit(commit)}: ${steps.map(({ title }) => title.replaceAll('`', '')).join(', ')}`, redact);

/** `rolled-back: api. The container exited repeatedly. The previous version is restored and verified.` */
export const endedText = (outcome: Outcome): string => brief(`${outcome.verdict}: ${outcome.app}. ${verdictSentence(outcome)}`);

/** What GitHub calls this end: an `error` is one that says nothing about the version. */
export function stateOf({ verdict, failure }: Pick<Outcome, 'verdict' | 'failure'>): End['state'] {
  if (isSuccess(verdict)) return 'success';
  return failure?.cause === 'cancelled' ? 'error' : 'failure';
}

export const startedText = 'The run has started.';
export const queuedText = 'Waiting for another run of the app.';
export const stoppedText = brief('The run was stopped before it could report how it ended.');
export const replacedText = (commit: string | undefined): string => brief(`Replaced by ${nameOf(commit)}.`);
export const activeAgainText = (commit: string | undefined): string => brief(`Active again: ${nameOf(commit)} was rolled back.`);

const nameOf = (commit: string | undefined): string => (commit === undefined ? 'a version whose commit is not known' : shortCommit(commit));
