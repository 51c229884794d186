import type { Change, Failure, Outcome } from '../outcome/outcome.js';
import { commitAddress } from './commit-address.js';
import { dataMarkdown } from './data.js';
import { evidenceBlocks } from './evidence.js';
import { shortCommit, shortNames } from '../outcome/short-name.js';
import { figuresMarkdown } from './figures.js';
import { duration } from './format.js';
import { gantt } from './gantt.js';
import { code, codeBlock, details, inline, link, prose, table } from './markdown.js';
import { exactVersions, placeColumns, versionCells } from './places.js';
import { planMarkdown } from './plan.js';
import { policyMarkdown } from './policy.js';
import { rollbackSentences } from './rollback.js';
import { environmentWord, signs, verdictSentence } from './words.js';

/** Characters of the whole summary: a page that a browser opens at once. The log and the report hold the rest. */
const sizeLimit = 64 * 1024;

/** The job summary, in GitHub's markdown. The outcome is expected to be redacted (`redactOutcome`). */
export function summary(outcome: Outcome): string {
  const byHand = undo(outcome);
  const isUrgent = needsPerson(outcome);
  const before = [headline(outcome), isUrgent ? byHand : '', failure(outcome.failure)];
  const after = [
    rollback(outcome), recovery(outcome), dataMarkdown(outcome.data), plan(outcome), changes(outcome), verified(outcome), warnings(outcome), allowed(outcome),
    gantt(outcome), isUrgent ? '' : byHand, figuresMarkdown(outcome), facts(outcome),
  ];
  const fixed = [...before, ...after].map(bounded).join('\n\n').length;
  const evidence = evidenceBlocks(outcome.failure?.evidence ?? [], sizeLimit - fixed - 1024);
  const text = [...before.map(bounded), evidence, ...after.map(bounded)].filter((part) => part !== '').join('\n\n');
  return text.length < sizeLimit ? `${text}\n` : `${text.slice(0, sizeLimit - 100)}\n\n${cutNotice}\n`;
}

const cutNotice = '*This part was cut: the log has the rest.*';

/** Only the evidence is long by nature. Any other part that is (a message of a megabyte) must not push the others out. */
function bounded(part: string): string {
  const limit = sizeLimit / 4;
  return part.length <= limit ? part : `${part.slice(0, limit)}…\n\n${cutNotice}`;
}

/** Whoever goes back by hand while the post step does it gets in its way. */
const needsPerson = ({ verdict, rollback }: Outcome): boolean => verdict === 'rollback-failed' && !rollback?.continued;

function headline(outcome: Outcome): string {
  return `### ${signs[outcome.verdict]} ${outcome.verdict}: ${code(outcome.app)}${where(outcome)}\n\n${verdictSentence(outcome)}`;
}

/** The environment, as a link to where users reach the app. */
function where(outcome: Outcome): string {
  const { environment, environmentUrl } = outcome;
  const name = environment ?? environmentUrl?.replace(/^https?:\/\/|\/$/g, '');
  if (!name) return '';
  return ` ${environmentWord(outcome)} ${environmentUrl === undefined ? code(name) : link(name, environmentUrl)}`;
}

const plan = (outcome: Outcome): string => (outcome.plan ? planMarkdown(outcome.plan) : '');

function changes(outcome: Outcome): string {
  if (outcome.changes.length === 0) return '';
  const wasUndone = outcome.verdict !== 'deployed' && outcome.verdict !== 'unchanged';
  const places = placeColumns(outcome.changes);
  const heads = [...places.heads, 'before', wasUndone ? 'tried' : 'after', ...(wasUndone ? ['now'] : [])];
  const row = (change: Change): readonly string[] => {
    const [before = '', after = '', now = ''] = versionCells([change.before, change.after, ...(change.now === undefined ? [] : [change.now])]);
    return [...places.of(change), before, after, ...(wasUndone ? [nowCell(change, now)] : [])];
  };
  const rows = outcome.changes.slice(0, 50).map(row);
  const more = outcome.changes.length > rows.length ? `\n\nAnd ${outcome.changes.length - rows.length} more.` : '';
  return `${table(heads, rows)}${more}\n\n${exactVersions(outcome.changes)}`;
}

/** @param name of the version that is there now, as a cell */
function nowCell({ before, after, now }: Change, name: string): string {
  if (now === undefined) return 'could not be read';
  if (now === before) return 'as before';
  return now === after ? '**the new version**' : name;
}

/** What the verdict rests on; after a failure there is nothing. */
function verified({ verified: all = [], rolledOutMs }: Outcome): string {
  if (all.length === 0) return '';
  const took = rolledOutMs === undefined ? [] : [`rolled out in ${duration(rolledOutMs)}`];
  const lines = all.slice(0, 50).map(({ what, seen }) => `- ✓ ${code(what)}: ${prose(seen)}`);
  return `**Verified**${took.map((words) => ` (${words})`).join('')}\n\n${lines.join('\n')}`;
}

function failure(failed: Failure | undefined): string {
  if (!failed) return '';
  return `**Cause:** ${code(failed.cause)} in the stage ${code(failed.stage)}\n\n${quote(failed.message)}\n\n**What to do:**${points(failed.hint)}`;
}

/** A message as a quotation. Several problems, which stand on a line each, are a list in it. */
function quote(message: string): string {
  const lines = linesOf(message);
  return lines.map((line) => (lines.length > 1 ? `> - ${prose(line)}` : `> ${prose(line)}`)).join('\n');
}

/** One thing to do after the words before it, or several as a list. */
function points(hint: string): string {
  const lines = linesOf(hint);
  return lines.length > 1 ? `\n\n${list(lines)}` : ` ${prose(hint)}`;
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line.trim() !== '');

function rollback(outcome: Outcome): string {
  const sentences = rollbackSentences(outcome);
  return sentences.length > 0 ? `**Rollback**\n\n${list(sentences)}` : '';
}

/** The earlier run is reported separately, because its result is not the result of this run. */
function recovery({ recovery: found }: Outcome): string {
  if (!found) return '';
  const which = `An earlier run (${found.runUrl ?? found.runId}, started ${found.startedAt}) was interrupted during its rollout, and was finished first`;
  return `**Recovery**\n\n${list([`${which}: ${recoveryWords[found.result]}.`, ...found.notes])}`;
}

const recoveryWords = {
  confirmed: 'it had succeeded', restored: 'the version before it was restored', failed: 'the version before it could not be restored or verified',
} as const;

/** Without those that the plan lists. */
function warnings(outcome: Outcome): string {
  const texts = outcome.warnings.filter((text) => !outcome.plan?.warnings.includes(text));
  return texts.length > 0 ? `**Warnings**\n\n${list(texts)}` : '';
}

/** The findings that exceptions allow. All others are problems or warnings. */
const allowed = ({ policy }: Outcome): string => policyMarkdown((policy?.findings ?? []).filter(({ level }) => level === 'allowed'));

const list = (texts: readonly string[]): string => texts.map((text) => `- ${prose(text)}`).join('\n');

function undo(outcome: Outcome): string {
  if (outcome.undoCommands.length === 0) return '';
  const block = codeBlock(outcome.undoCommands.join('\n'), 'sh');
  // After a failed rollback these are needed at once, so they are not folded.
  return needsPerson(outcome) ? `**Roll back by hand**\n\n${block}` : details('Roll back by hand', block);
}

function facts(outcome: Outcome): string {
  const parts = [
    outcome.commit && `commit ${commitLink(outcome.commit, outcome.runUrl)}`,
    outcome.actor && `by ${inline(outcome.actor)}`,
    outcome.namespace && `namespace ${code(outcome.namespace)}`,
    outcome.reference && `image ${code(shortNames([outcome.reference])[0] ?? '')}`,
    outcome.tags.length > 0 && `tags ${outcome.tags.slice(0, 20).map((tag) => code(shortCommit(tag))).join(', ')}`,
  ].filter((part) => typeof part === 'string' && part !== '');
  return parts.length > 0 ? `<sub>${parts.join(' · ')}</sub>` : '';
}

/** The commit by its first digits, on GitHub as a link. */
function commitLink(commit: string, runUrl: string | undefined): string {
  const address = commitAddress(commit, runUrl);
  return address === undefined ? code(shortCommit(commit)) : link(shortCommit(commit), address);
}
