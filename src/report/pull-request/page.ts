import type { Outcome } from '../../outcome/outcome.js';
import type { BaseImages, LeftOut, PullRequestCheck } from '../../outcome/pull-request.js';
import { shortCommit } from '../../outcome/short-name.js';
import { code, link, prose, table } from '../markdown.js';
import { signs, verdictSentence } from '../words.js';
import { environmentBlocks } from './environment.js';
import { fit, type Block } from './fit.js';
import { list, problemLines } from './lists.js';

/** What was found in a pull request, in GitHub's markdown: the comment, the text of the check run and the summary of the job. */
interface Page {
  /** Characters. */
  readonly limit: number;
  /** Before everything else, as it is: a mark that nobody sees. */
  readonly mark?: string;
}

/** The outcome is expected to be redacted (`redactOutcome`). */
export function pullRequestPage(outcome: Outcome, check: PullRequestCheck, { limit, mark }: Page): string {
  const head = mark === undefined ? '' : `${mark}\n`;
  const blocks = blocksOf(outcome, check).filter(({ text }) => text !== '');
  return `${head}${fit(blocks, limit - head.length - 1, (names) => cutSentence(outcome, names))}\n`;
}

function blocksOf(outcome: Outcome, check: PullRequestCheck): readonly Block[] {
  const first = (name: string, text: string): Block => ({ name, text, rank: 0 });
  return [
    first('the verdict', headline(outcome, check)),
    first('the settings', settings(check)),
    ...outcome.failure && check.settings.problems.length === 0 && check.environments.every(({ problems }) => problems.length === 0) ? [first('the failure', failure(outcome))] : [],
    ...check.environments.flatMap((environment) => environmentBlocks(environment, check.environments.length > 1)),
    { name: 'the base images', text: baseImages(check.baseImages), rank: 2 },
    first('what was not checked', leftOut(check.leftOut)),
    first('where it is from', footer(outcome, check)),
  ];
}

function headline(outcome: Outcome, { environments }: PullRequestCheck): string {
  const names = environments.flatMap(({ environment }) => (environment === undefined ? [] : [environment]));
  const shown = names.slice(0, 10).map(code).join(', ');
  const more = names.length > 10 ? ` and ${names.length - 10} more` : '';
  return `### ${signs[outcome.verdict]} ${outcome.verdict}: ${code(outcome.app)}${names.length === 0 ? '' : ` for ${shown}${more}`}\n\n${verdictSentence(outcome)}`;
}

/** Nothing is said of settings without a fault: the plans that are made of them say it. */
function settings({ settings: { problems, warnings } }: PullRequestCheck): string {
  return [
    problems.length > 0 ? `**Problems in the settings**\n\n${list(problemLines(problems))}` : '',
    warnings.length > 0 ? `**Warnings about the settings**\n\n${list(problemLines(warnings))}` : '',
  ].filter((part) => part !== '').join('\n\n');
}

const failure = ({ failure: failed }: Outcome): string => (failed ? `> ${prose(failed.message.split('\n').join(' ').slice(0, 2000))}` : '');

function baseImages(all: readonly BaseImages[]): string {
  const rows = all.flatMap(({ dockerfile, changes }) => changes.map((each) =>
    [code(dockerfile), code(each.stage), each.old === undefined ? '' : code(each.old), each.new === undefined ? 'removed' : code(each.new)]));
  const unknown = all.flatMap(({ dockerfile, unknown: why }) => (why === undefined ? [] : [`${code(dockerfile)}: ${prose(why)}`]));
  const more = rows.length > 50 ? `\n\nAnd ${rows.length - 50} more.` : '';
  return [
    rows.length > 0 ? `**Changed base images**\n\n${table(['Dockerfile', 'stage', 'base branch', 'pull request'], rows.slice(0, 50))}${more}` : '',
    unknown.length > 0 ? `**Base images that could not be compared**\n\n${list(unknown)}` : '',
  ].filter((part) => part !== '').join('\n\n');
}

const leftOut = (all: readonly LeftOut[]): string =>
  (all.length === 0 ? '' : `**Not checked**\n\n${list(all.map(({ what, why }) => `${prose(what)}: ${prose(why)}`))}`);

function footer({ runUrl, commit }: Outcome, { head = commit }: PullRequestCheck): string {
  const parts = [head === undefined ? '' : `commit ${code(shortCommit(head))}`, runUrl === undefined ? '' : link('run', runUrl)].filter((part) => part !== '');
  return parts.length === 0 ? '' : `<sub>${parts.join(' · ')}</sub>`;
}

const cutSentence = ({ runUrl }: Outcome, names: readonly string[]): string =>
  `*There was no room for ${names.map(code).join(', ')}. ${runUrl === undefined ? 'The report has all of it.' : `The summary of ${link('the run', runUrl)} has more room.`}*`;
