import { environmentsIn } from '../config/parse-environments.js';
import { settingsPath } from '../config/parse.js';
import { createCheckRun } from '../github/check-run.js';
import { writeComment, type Commented } from '../github/comment.js';
import type { PullRequest, PullRequestEvent } from '../github/event.js';
import { keyOf, markText } from '../github/mark.js';
import type { Outcome } from '../outcome/outcome.js';
import type { PullRequestCheck } from '../outcome/pull-request.js';
import { isSuccess } from '../outcome/verdict.js';
import { messageOf } from '../outcome/wording.js';
import { GitHubError, type GitHub } from '../ports/github.js';
import type { Ports } from '../ports/ports.js';
import { within } from '../ports/within.js';
import { pullRequestPage } from '../report/pull-request/page.js';
import { redactOutcome, wordsToKeep } from '../report/redact.js';
import { verdictSentence } from '../report/words.js';
import type { Run } from '../workflow/run.js';
import type { Request } from './read-config.js';

/** The run whose result is shown. */
type Published = Pick<Request, 'inputs' | 'facts' | 'event'> & Pick<Run, 'startedAtWall'>;

/** Shows an outcome in its pull request. @returns the outcome with where it is shown, and with warnings where that failed; it does not reject */
type Publisher = (outcome: Outcome) => Promise<Outcome>;

/** GitHub accepts 65,536 characters, and counts some of them twice. */
const commentLimit = 60_000;
/** For everything that is sent to GitHub, ms. */
const limitMs = 90_000;

/** What opens the connection to GitHub while the check runs. Where nothing is to be shown, it opens none. */
export function openPublisher(ports: Ports, { inputs, facts, event, startedAtWall }: Published, { pullRequest, origin }: PullRequestEvent): Publisher {
  const nothing = async (outcome: Outcome): Promise<Outcome> => outcome;
  if (!event || inputs['dry-run']?.trim().toLowerCase() === 'true') return nothing;
  const [owner, repo] = facts.repository?.split('/') ?? [];
  if (!pullRequest || owner === undefined || repo === undefined) {
    ports.log.info('This run is not about a pull request, so no comment is written.');
    return nothing;
  }
  const token = inputs['github-token']?.trim() ?? '';
  if (token === '') {
    ports.log.info('There is no token for GitHub, so no comment is written.');
    return nothing;
  }
  const opening = ports.github(token);
  // It is waited for below, and may fail before that.
  opening.catch(() => undefined);
  const place: Place = { ports, opening, owner, repo, pullRequest, isFork: origin === 'fork', at: startedAtWall, key: keyOf([
    settingsPath(inputs), inputs['app'] ?? '', inputs['image'] ?? '', ...[...environmentsIn(inputs)].sort(),
  ]) };
  return (outcome) => publish(place, outcome, inputs['comment']?.trim() !== 'off');
}

interface Place {
  readonly ports: Ports;
  readonly opening: Promise<GitHub>;
  readonly owner: string;
  readonly repo: string;
  readonly pullRequest: PullRequest;
  readonly isFork: boolean;
  /** When the run started, ms since 1970. */
  readonly at: number;
  /** Tells its comment from others of the pull request. */
  readonly key: string;
}

async function publish(place: Place, outcome: Outcome, withComment: boolean): Promise<Outcome> {
  const { log, clock, cancelled } = place.ports;
  log.keep(wordsToKeep(outcome));
  const { check, ...safe } = redactOutcome(outcome, (text) => log.redact(text));
  if (!check) return outcome;
  const late = (): Error => new Error(`GitHub did not answer within ${limitMs / 1000} s`);
  const [commented, ran] = await within(clock, { ms: limitMs, late, signal: cancelled }, (signal) => Promise.allSettled([
    withComment ? comment(place, { ...safe, check }, signal) : undefined, checkRun(place, { ...safe, check }, signal),
  ]));
  const warnings: string[] = [];
  if (commented.status === 'rejected') warnings.push(`${whyNoComment(place, commented.reason)} The summary of the job has its text.`);
  else if (commented.value?.state === 'left') log.info(`The comment was not written: ${commented.value.why}.`);
  else if (commented.value) log.info(`The comment was ${commented.value.state}: ${commented.value.url}`);
  if (ran.status === 'rejected' && isDenied(ran.reason)) log.info('No check run was created: the token is not allowed to (`checks: write`).');
  else if (ran.status === 'rejected') warnings.push(`The check run could not be created: ${messageOf(ran.reason)}.`);
  for (const warning of warnings) log.warning(warning);
  const url = commented.status === 'fulfilled' ? commented.value?.url : undefined;
  return { ...outcome, warnings: [...outcome.warnings, ...warnings], ...url !== undefined && { commentUrl: url } };
}

type Checked = Outcome & { readonly check: PullRequestCheck };

async function comment({ opening, owner, repo, pullRequest: { number, head }, key, at }: Place, outcome: Checked, signal: AbortSignal): Promise<Commented> {
  const mark = { key, head, at };
  const text = pullRequestPage(outcome, outcome.check, { limit: commentLimit, mark: markText(mark) });
  return writeComment(await opening, { owner, repo, number, text, mark, signal });
}

async function checkRun({ opening, owner, repo, pullRequest: { head } }: Place, outcome: Checked, signal: AbortSignal): Promise<string | undefined> {
  const names = outcome.check.environments.flatMap(({ environment }) => environment ?? []);
  return createCheckRun(await opening, {
    owner, repo, commit: head, signal, runUrl: outcome.runUrl, conclusion: isSuccess(outcome.verdict) ? 'success' : 'failure',
    name: `deploy-action: ${outcome.app}${names.length === 0 ? '' : ` (${names.join(', ')})`}`.slice(0, 200),
    title: `${outcome.verdict}: ${verdictSentence(outcome)}`.slice(0, 200), summary: pullRequestPage(outcome, outcome.check, { limit: commentLimit }),
  });
}

const isDenied = (error: unknown): error is GitHubError => error instanceof GitHubError && error.trouble === 'denied';

function whyNoComment({ isFork }: Place, error: unknown): string {
  if (!isDenied(error)) return `The comment could not be written: ${messageOf(error)}.`;
  if (isFork) return 'No comment was written: the token of a pull request from a fork is only allowed to read.';
  return `No comment was written: ${error.message}. The job needs \`permissions: pull-requests: write\`; a pull request of Dependabot gets a token that is only allowed to read.`;
}
