import { plainText } from '../outcome/plain.js';
import type { Evidence } from '../outcome/errors.js';
import type { Change, Failure, Outcome } from '../outcome/outcome.js';
import { shortCommit, shortNames } from '../outcome/short-name.js';
import type { Verdict } from '../outcome/verdict.js';
import { commitAddress } from '../report/commit-address.js';
import { placeName, versionName } from '../report/places.js';
import { rollbackSentences } from '../report/rollback.js';
import { environmentWord, signs, verdictSentence } from '../report/words.js';
import { isRecovery, severityOf, type Severity } from './occasion.js';
import { oneLine, webAddress } from './text.js';

/**
 * What is said of an outcome to people, whatever the service: the words of the summary, as plain text. Each service cuts it to
 * its limits and escapes it as it needs.
 */
export interface Notice {
  readonly verdict: Verdict;
  readonly severity: Severity;
  /** `🚨`. */
  readonly sign: string;
  /** `rollback-failed: api to production`, on one line. */
  readonly title: string;
  /** The verdict as sentences. */
  readonly sentence: string;
  /** What else is to be known, in sentences: how the rollback went, that an earlier run was finished, that the last run had failed. */
  readonly notes: readonly string[];
  readonly failure?: Pick<Failure, 'cause' | 'stage' | 'message' | 'hint'>;
  /** What decided the failure, first. */
  readonly evidence: readonly Pick<Evidence, 'title' | 'text'>[];
  /** `deployment/api:app: hello:1 → hello:2`. */
  readonly changes: readonly string[];
  /** `commit 5e94acd`, `by octocat`. */
  readonly facts: readonly string[];
  /** Only when a person must act. */
  readonly commands: readonly string[];
  readonly links: readonly NoticeLink[];
}

interface NoticeLink {
  /** Words of this action. */
  readonly text: string;
  /** Of http or https, without a sign that could end a link. */
  readonly href: string;
}

/** Lines of lists. */
const changesAtMost = 20;

/** @param outcome without secrets */
export function noticeOf(outcome: Outcome): Notice {
  const { app, environment, verdict, failure, rollback } = outcome;
  const where = environment ? ` ${environmentWord(outcome)} ${environment}` : '';
  const needsPerson = verdict === 'rollback-failed' && !rollback?.continued;
  return {
    verdict, severity: severityOf(outcome), sign: signs[verdict], title: oneLine(plainText(`${verdict}: ${app}${where}`)),
    sentence: plainText(verdictSentence(outcome)), notes: notesOf(outcome).map(plainText),
    ...failure && { failure: { cause: failure.cause, stage: failure.stage, message: plainText(failure.message), hint: plainText(failure.hint) } },
    evidence: (failure?.evidence ?? []).map(({ title, text }) => ({ title: oneLine(plainText(title)), text: plainText(text).trimEnd() })).filter(({ text }) => text !== ''),
    changes: changeLines(outcome), facts: factsOf(outcome).map((text) => oneLine(plainText(text))),
    commands: needsPerson ? outcome.undoCommands.map(plainText) : [], links: linksOf(outcome),
  };
}

function notesOf(outcome: Outcome): readonly string[] {
  const { recovery, lastRun } = outcome;
  const earlier = recovery === undefined ? [] : [`An interrupted earlier run (${recovery.runUrl ?? recovery.runId}) was finished first: ${recoveryWords[recovery.result]}.`];
  const recovered = isRecovery(outcome) ? [`The last run had failed${lastRun?.runUrl === undefined ? '' : `: ${lastRun.runUrl}`}`] : [];
  return [...rollbackSentences(outcome), ...earlier, ...recovered];
}

const recoveryWords = {
  confirmed: 'it had succeeded', restored: 'the version before it was restored', failed: 'the version before it could not be restored or verified',
} as const;

function changeLines({ changes, verdict }: Outcome): readonly string[] {
  const wasUndone = verdict !== 'deployed' && verdict !== 'unchanged';
  const line = (change: Change): string => {
    const [before = '', after = '', now = ''] = shortNames([change.before, change.after, change.now ?? '']);
    const state = wasUndone ? `${versionName(before)} → ${after} (now ${change.now === undefined ? 'could not be read' : now})` : `${versionName(before)} → ${after}`;
    return oneLine(plainText(`${placeName(change)}: ${state}`));
  };
  const more = changes.length - changesAtMost;
  return [...changes.slice(0, changesAtMost).map(line), ...more > 0 ? [`and ${more} more`] : []];
}

function factsOf(outcome: Outcome): readonly string[] {
  const { commit, actor, namespace, reference } = outcome;
  return [
    ...commit ? [`commit ${shortCommit(commit)}`] : [], ...actor ? [`by ${actor}`] : [], ...namespace ? [`namespace ${namespace}`] : [],
    ...reference ? [`image ${shortNames([reference])[0]}`] : [],
  ];
}

function linksOf({ runUrl, commit, environmentUrl }: Outcome): readonly NoticeLink[] {
  const link = (text: string, address: string | undefined): NoticeLink[] => {
    const href = webAddress(address);
    return href === undefined ? [] : [{ text, href }];
  };
  return [...link('Run', runUrl), ...link('Commit', commit === undefined ? undefined : commitAddress(commit, runUrl)), ...link('App', environmentUrl)];
}

/** The notice as lines of plain text. @param evidenceLines shortens a piece of evidence */
export function noticeText(notice: Notice, evidenceLines: (text: string) => string): string {
  const { sentence, notes, failure, evidence, changes, facts, commands, links } = notice;
  const part = (title: string, lines: readonly string[]): readonly string[] => (lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)]);
  return [
    sentence, ...notes,
    ...failure ? ['', `Cause: ${failure.cause} in the stage ${failure.stage}`, failure.message, '', `What to do: ${failure.hint}`] : [],
    ...part('Roll back by hand', commands), ...part('Versions', changes),
    ...evidence.flatMap(({ title, text }) => part(title, evidenceLines(text).split('\n'))),
    ...facts.length > 0 ? ['', facts.join(', ')] : [],
    ...links.length > 0 ? ['', ...links.map(({ text, href }) => `${text}: ${href}`)] : [],
  ].join('\n');
}
