import type { Listener, RunEvent } from '../outcome/events.js';
import type { Outcome } from '../outcome/outcome.js';
import { messageOf } from '../outcome/wording.js';
import { settingText } from '../outcome/place-words.js';
import { isSuccess } from '../outcome/verdict.js';
import type { Plan } from '../outcome/plan.js';
import { GitHubError, type GitHub } from '../ports/github.js';
import type { Log } from '../ports/log.js';
import { activeAmong, createdBy, earlierOf, isOpenInRun, maybeOfJob, ofJob, type OfJob, type Own } from './choose.js';
import { deploymentsApi, type Deployment, type DeploymentsApi } from './deployments-api.js';
import { formatLeft, type End, type Left } from './left.js';
import { payloadOf } from './payload.js';
import { activeAgainText, endedText, plannedText, queuedText, replacedText, startedText, stateOf, stoppedText } from './words.js';

/** A run that is recorded on GitHub. */
export interface Recorded extends Own {
  open(): Promise<GitHub>;
  /** `owner/name`. */
  readonly repository: string;
  readonly environment: string;
  readonly environmentUrl?: string;
  readonly production: boolean;
  readonly transient: boolean;
  /** Whether the settings ask for it. Otherwise a token that is not allowed to is no error. */
  readonly isWanted: boolean;
  /** Of the workflow run. */
  readonly runUrl?: string;
  /** Number of the job. Undefined if the runner does not know it. */
  readonly job?: string;
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
  const open: Open = async (now) => {
    left = now;
    await run.keep(formatLeft(now));
  };
  return {
    hear: async (event, signal) => {
      if (event.kind === 'planned' && rollsOut(event.plan)) await begin({ run, open }, event, signal).catch((error: unknown) => { explain(run, error); });
      if (event.kind === 'lock-awaited' || event.kind === 'lock-acquired') await setWaiting(run, left, event.kind === 'lock-awaited', signal);
      if (event.kind === 'ended' && left && !event.outcome.rollback?.continued) await finish(run, { ...left, end: endOf(event.outcome, run) }, signal);
    },
  };
}

type Planned = Extract<RunEvent, { readonly kind: 'planned' }>;

const rollsOut = ({ steps }: Plan): boolean => steps.some(({ stage }) => stage === 'rollout');

/** Ends a deployment whose run was stopped, from what the main step has kept. */
export const finishLeft = (run: Recorded, left: Left, signal: AbortSignal): Promise<void> =>
  finish(run, { ...left, end: left.end ?? { state: 'error', description: stoppedText } }, signal);

/** Notes what is open from now on, for the end of the run and for the post step. */
type Open = (left: Left | undefined) => Promise<void>;
interface Beginning {
  readonly run: Recorded;
  readonly open: Open;
}

/** Whatever fails in it, or is not answered in time: what is open by then can still be ended. */
async function begin({ run, open }: Beginning, { plan, commit }: Planned, signal: AbortSignal): Promise<void> {
  const api = deploymentsApi(await run.open(), run.repository);
  const known = await api.list(run.environment, signal);
  const own = await findOwn(api, known, run, signal);
  if (own.state === 'unknown') return sayUnknown(run);
  // The earlier ones of the job are those of GitHub, which deactivates them.
  if (own.state === 'found') return open({ id: own.deployment.id, commit, previous: null });
  const left = await created({ run, open }, commit, (sha) => create(api, run, plan, sha, signal));
  if (left.id !== undefined) await api.setStatus(left.id, { state: 'in_progress', description: startedText, ...linksOf(run) }, signal);
  // Up to twenty requests, so they come last. If there is no time for them, they are sent at the end.
  await open({ ...left, previous: await previousIn(api, known, run, signal) });
}

/** GitHub sets the status of a deployment of its own when the job ends. What is lost is the verdict. */
function sayUnknown({ environment, isWanted, log }: Recorded): void {
  const message = `GitHub has a deployment of ${environment} for a job of this run, and the number of this job is not known, so it may be that of another one`;
  if (isWanted) throw new Error(`${message}. Set \`deployment: false\` for the environment of the job, or ${settingText('github-deployments', 'off')}`);
  log.info(`The deployment is not recorded on GitHub: ${message}.`);
}

/** A state in between: where GitHub refuses or does not answer, the verdict is still to come. */
async function setWaiting(run: Recorded, left: Left | undefined, isWaiting: boolean, signal: AbortSignal): Promise<void> {
  if (left?.id === undefined) return;
  const [state, description] = isWaiting ? ['queued', queuedText] as const : ['in_progress', startedText] as const;
  const api = deploymentsApi(await run.open(), run.repository);
  await api.setStatus(left.id, { state, description, ...linksOf(run) }, signal).catch((error: unknown) => { explain(run, error); });
}

/** Id of the deployment that this run replaces; `null` for none. */
async function previousIn(api: DeploymentsApi, known: readonly Deployment[], run: Own, signal: AbortSignal): Promise<number | null> {
  const active = await activeAmong(earlierOf(known, run), (id) => api.lastStatus(id, signal));
  return active?.id ?? null;
}

/** Requests at the same time. GitHub allows 100 to everything that a token does. */
const atOnce = 10;

/**
 * The deployment that GitHub has created for this job. The newest come first, and no more are looked at than needed: the jobs of
 * a large matrix each look at those of all the others.
 */
async function findOwn(api: DeploymentsApi, known: readonly Deployment[], run: Recorded, signal: AbortSignal): Promise<OfJob> {
  const { runUrl, commit, job } = run;
  const candidates = runUrl === undefined ? [] : maybeOfJob(known, commit);
  for (let start = 0; runUrl !== undefined && start < candidates.length; start += atOnce) {
    const some = candidates.slice(start, start + atOnce);
    const found = await Promise.all(some.map(async (deployment) => ({ deployment, status: await api.lastStatus(deployment.id, signal) })));
    const own = ofJob(found.flatMap(({ deployment, status }) => (isOpenInRun(status, runUrl) ? [{ deployment, status }] : [])), job);
    if (own.state !== 'none') return own;
  }
  return { state: 'none' };
}

/**
 * A deployment is one of a commit. A rollback may lead to a version that was there before the first recorded release.
 * @param create gives the id
 */
async function created({ run, open }: Beginning, commit: string | undefined, create: (commit: string) => Promise<number>): Promise<Left> {
  // Before it is created: it may be created although GitHub does not answer, or the step is killed. Then it is looked for at the end.
  await open({ commit });
  if (commit === undefined) {
    run.log.info('No deployment is created on GitHub, because the commit of this version is not known.');
    return { commit };
  }
  try {
    const left = { commit, id: await create(commit) };
    await open(left);
    return left;
  } catch (error) {
    if (isRefused(error)) await open(undefined);
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
    if (isRefused(error)) await run.keep('');
    explain(run, error);
  }
  await run.keep('');
}

async function say(run: Recorded, { end, ...left }: Left & { readonly end: End }, signal: AbortSignal): Promise<void> {
  const api = deploymentsApi(await run.open(), run.repository);
  const { commit, id, previous } = await completed(api, run, left, end, signal);
  const { state, description } = end;
  const links = linksOf(run);
  const ofPrevious = end.previous === 'active' ? { state: 'success', description: activeAgainText(commit), ...links } as const : { state: 'inactive', description: replacedText(commit) } as const;
  await Promise.all([
    id !== undefined && api.setStatus(id, { state, description, ...links }, signal),
    typeof previous === 'number' && end.previous !== undefined && api.setStatus(previous, ofPrevious, signal),
  ]);
}

/** With what the begin of the run had no answer to: the own deployment, and the one before it, as far as this end concerns it. */
async function completed(api: DeploymentsApi, run: Recorded, left: Left, end: End, signal: AbortSignal): Promise<Left> {
  const lacksOwn = left.id === undefined && left.commit !== undefined;
  const lacksPrevious = left.previous === undefined && end.previous !== undefined;
  if (!lacksOwn && !lacksPrevious) return left;
  const known = await api.list(run.environment, signal);
  const id = left.id ?? (lacksOwn ? createdBy(known, run)?.id : undefined);
  // A later run may have begun since then.
  const until = known.filter((each) => id === undefined || each.id < id);
  return { ...left, id, previous: lacksPrevious ? await previousIn(api, until, run, signal) : left.previous };
}

/** It would be refused again, and nothing has been done. */
const isRefused = (error: unknown): boolean => error instanceof GitHubError && ['denied', 'missing', 'invalid'].includes(error.trouble);

/** Adds what to do to the error of a token that is not allowed to do this. Where nobody asked for it, that is no error. */
function explain({ isWanted, log }: Recorded, error: unknown): void {
  if (!(error instanceof GitHubError) || error.trouble !== 'denied') throw error;
  if (!isWanted && error.status !== 401) {
    log.info(`The deployment is not recorded on GitHub: ${messageOf(error)}. To record it, add \`deployments: write\` to the \`permissions\` of the job.`);
    return;
  }
  const remedy = error.status === 401
    ? `Check the token in ${settingText('github-token')}`
    : `Add \`deployments: write\` to the \`permissions\` of the job, or set ${settingText('github-deployments', 'off')}`;
  throw new Error(`${messageOf(error)}. ${remedy}`, { cause: error });
}
