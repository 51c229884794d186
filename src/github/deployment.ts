import type { Listener, RunEvent } from '../outcome/events.js';
import type { Outcome } from '../outcome/outcome.js';
import { messageOf } from '../outcome/wording.js';
import { settingText } from '../outcome/place-words.js';
import { isSuccess } from '../outcome/verdict.js';
import type { Plan } from '../outcome/plan.js';
import { GitHubError, type GitHub } from '../ports/github.js';
import type { Log } from '../ports/log.js';
import { activeAmong, createdBy, earlierOf, isOfRun, maybeOfJob, type Own } from './choose.js';
import { deploymentsApi, type Deployment, type DeploymentsApi } from './deployments-api.js';
import { formatLeft, type End, type Left } from './left.js';
import { payloadOf } from './payload.js';
import { activeAgainText, endedText, plannedText, replacedText, startedText, stateOf, stoppedText } from './words.js';

/** A run that is recorded on GitHub. */
export interface Recorded extends Own {
  open(): Promise<GitHub>;
  /** `owner/name`. */
  readonly repository: string;
  readonly environment: string;
  readonly environmentUrl?: string;
  readonly production: boolean;
  readonly transient: boolean;
  /** Of the workflow run. */
  readonly runUrl?: string;
  /** That of the event; what is deployed may be another one. */
  readonly commit?: string;
  readonly log: Pick<Log, 'info' | 'redact'>;
  /** Keeps what is left open for the post step; an empty text: nothing. */
  keep(left: string): Promise<void>;
  /** What the main step of this run has left open. */
  readonly left?: Left;
}

/**
 * Records a run as a deployment on GitHub: in progress from its plan on, then with its verdict. Nothing is created for a run
 * that rolls nothing out, or whose preflight fails. https://docs.github.com/rest/deployments
 */
export function createRecorder(run: Recorded): Pick<Listener, 'hear'> {
  let { left } = run;
  return {
    hear: async (event, signal) => {
      if (event.kind === 'planned' && rollsOut(event.plan)) {
        const begun = await begin(run, event, signal).catch(explain);
        left = begun?.left;
        await begun?.start().catch(explain);
      }
      if (event.kind === 'ended' && left && !event.outcome.rollback?.continued) await finish(run, { ...left, end: endOf(event.outcome, run) }, signal);
    },
  };
}

type Planned = Extract<RunEvent, { readonly kind: 'planned' }>;

const rollsOut = ({ steps }: Plan): boolean => steps.some(({ stage }) => stage === 'rollout');

/** Ends a deployment whose run was stopped, from what the main step has kept. */
export const finishLeft = (run: Recorded, left: Left, signal: AbortSignal): Promise<void> =>
  finish(run, { ...left, end: left.end ?? { state: 'error', description: stoppedText } }, signal);

interface Begun {
  readonly left: Left;
  /** Says that it is in progress. If that fails, it can still be ended. */
  start(): Promise<void>;
}

/** @returns undefined when there is nothing to record */
async function begin(run: Recorded, { plan, commit }: Planned, signal: AbortSignal): Promise<Begun | undefined> {
  const api = deploymentsApi(await run.open(), run.repository);
  const known = await api.list(run.environment, signal);
  const [ofJob, previous] = await Promise.all([
    deploymentsOfJob(api, known, run, signal),
    activeAmong(earlierOf(known, run), (id) => api.lastStatus(id, signal)),
  ]);
  if (ofJob.length > 1) {
    run.log.info(`GitHub has created ${ofJob.length} deployments of ${run.environment} for the jobs of this run, and does not say which of them is that of this job. They get no verdict.`);
    return undefined;
  }
  const [own] = ofJob;
  // The earlier ones of the job are those of GitHub, which deactivates them.
  const left: Left = own ? { id: own.id, commit }
    : await created(run, { commit, previous: previous?.id }, (sha) => create(api, run, plan, sha, signal));
  await run.keep(formatLeft(left));
  const start = async ({ id }: Left): Promise<void> => {
    if (id !== undefined && !own) await api.setStatus(id, { state: 'in_progress', description: startedText, ...linksOf(run) }, signal);
  };
  return { left, start: () => start(left) };
}

/**
 * The deployments that GitHub has created for running jobs of this workflow run. One of its own beside that of the job would be
 * deactivated when the job ends.
 */
async function deploymentsOfJob(api: DeploymentsApi, known: readonly Deployment[], run: Recorded, signal: AbortSignal): Promise<readonly Deployment[]> {
  const { runUrl, commit } = run;
  if (runUrl === undefined) return [];
  const found = await Promise.all(maybeOfJob(known, commit).map(async (deployment) => ({ deployment, status: await api.lastStatus(deployment.id, signal) })));
  return found.filter(({ status }) => isOfRun(status, runUrl)).map(({ deployment }) => deployment);
}

/**
 * A deployment is one of a commit. A rollback may lead to a version that was there before the first recorded release.
 * @param create gives the id
 */
async function created(run: Recorded, left: Omit<Left, 'id'>, create: (commit: string) => Promise<number>): Promise<Left> {
  if (left.commit === undefined) {
    run.log.info('No deployment is created on GitHub, because the commit of this version is not known.');
    return left;
  }
  // If the step is killed meanwhile, the post step looks for it.
  await run.keep(formatLeft(left));
  try {
    return { ...left, id: await create(left.commit) };
  } catch (error) {
    if (error instanceof GitHubError) await run.keep('');
    throw error;
  }
}

async function create(api: DeploymentsApi, run: Recorded, plan: Plan, commit: string, signal: AbortSignal): Promise<number> {
  const { environment, production, transient } = run;
  const description = plannedText(plan, commit, (text) => run.log.redact(text));
  try {
    return await api.create({ commit, environment, description, production, transient, payload: payloadOf(run.app, run.run) }, signal);
  } catch (error) {
    if (!(error instanceof GitHubError) || error.trouble !== 'unavailable') throw error;
    // Only the answer may be lost.
    const found = createdBy(await api.list(environment, signal), run);
    if (!found) throw error;
    return found.id;
  }
}

const linksOf = ({ runUrl, environmentUrl }: Recorded) =>
  ({ ...runUrl !== undefined && { logUrl: runUrl }, ...environmentUrl !== undefined && { environmentUrl } });

function endOf(outcome: Outcome, { transient }: Recorded): End {
  const state = stateOf(outcome);
  return { state, description: endedText(outcome), ...previousAfter(outcome, transient) };
}

/** What a run has made of the version before it. GitHub shows a transient environment as destroyed when its deployment is inactive. */
function previousAfter({ verdict, rollback, nothingRuns }: Outcome, transient: boolean): Pick<End, 'previous'> {
  if (isSuccess(verdict)) return transient ? {} : { previous: 'inactive' };
  return verdict === 'rolled-back' && !rollback?.nothingGood && !nothingRuns ? { previous: 'active' } : {};
}

/** Says how the run ended. What GitHub does not take for now is left to the post step, if there is one. */
async function finish(run: Recorded, left: Left & { readonly end: End }, signal: AbortSignal): Promise<void> {
  await run.keep(formatLeft(left));
  try {
    await say(run, left, signal);
  } catch (error) {
    if (error instanceof GitHubError && (error.trouble === 'denied' || error.trouble === 'missing' || error.trouble === 'invalid')) await run.keep('');
    explain(error);
  }
  await run.keep('');
}

async function say(run: Recorded, { id, commit, previous, end }: Left & { readonly end: End }, signal: AbortSignal): Promise<void> {
  const api = deploymentsApi(await run.open(), run.repository);
  const own = id ?? (commit === undefined ? undefined : createdBy(await api.list(run.environment, signal), run)?.id);
  const { state, description } = end;
  const links = linksOf(run);
  const ofPrevious = end.previous === 'active' ? { state: 'success', description: activeAgainText(commit), ...links } as const : { state: 'inactive', description: replacedText(commit) } as const;
  await Promise.all([
    own !== undefined && api.setStatus(own, { state, description, ...links }, signal),
    previous !== undefined && end.previous !== undefined && api.setStatus(previous, ofPrevious, signal),
  ]);
}

/** Adds what to do to the error of a token that is not allowed to do this. */
function explain(error: unknown): never {
  if (!(error instanceof GitHubError) || error.trouble !== 'denied') throw error;
  const remedy = error.status === 401
    ? `Check the token in ${settingText('github-token')}`
    : `Add \`deployments: write\` to the \`permissions\` of the job, or set ${settingText('github-deployments', 'off')}`;
  throw new Error(`${messageOf(error)}. ${remedy}`, { cause: error });
}
