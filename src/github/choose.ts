import type { Deployment, DeploymentStatus } from './deployments-api.js';

/** Whose deployments are looked for. */
export interface Own {
  readonly app: string;
  /** Id of the run. */
  readonly run: string;
}

/** The deployment that this run has created. */
export const createdBy = (deployments: readonly Deployment[], { app, run }: Own): Deployment | undefined =>
  deployments.find(({ payload }) => payload?.app === app && payload.run === run);

/** Earlier deployments of the app, newest first. */
export const earlierOf = (deployments: readonly Deployment[], { app, run }: Own): readonly Deployment[] =>
  deployments.filter(({ payload }) => payload?.app === app && payload.run !== run);

/** So many deployments are looked at, each with a request. */
const [mostOfOtherCommits, mostEarlier] = [5, 20];

/**
 * Deployments that GitHub may have created for the job, as it does for one with `environment:`. They have the task `deploy` and no
 * payload; their creator is a person or a bot. Their commit is that of the event, but the head of a pull request. Any of
 * those of the commit may be the one of the job, but only the newest of the others.
 */
export function maybeOfJob(deployments: readonly Deployment[], commit: string | undefined): readonly Deployment[] {
  const unmarked = deployments.filter(({ payload, task }) => payload === null && task === 'deploy');
  const same = unmarked.filter(({ sha }) => sha === commit);
  return same.length > 0 ? same : unmarked.slice(0, mostOfOtherCommits);
}

/** A deployment of a job of the workflow run, with its last status. */
interface InRun {
  readonly deployment: Deployment;
  readonly status: DeploymentStatus;
}

/** States of a deployment whose job is not over. https://docs.github.com/rest/deployments/statuses */
const openStates: ReadonlySet<string> = new Set(['waiting', 'pending', 'queued', 'in_progress']);

/**
 * Whether a deployment belongs to a job of the workflow run that is not over: its status links to the job,
 * `https://github.com/acme/api/actions/runs/4711/job/815`.
 * @param runUrl `https://github.com/acme/api/actions/runs/4711/attempts/2`
 */
export function isOpenInRun(status: DeploymentStatus | undefined, runUrl: string): status is DeploymentStatus {
  const { state = '', logUrl = '' } = status ?? {};
  const run = pathOf(runUrl)?.replace(/\/attempts\/\d+$/, '');
  return openStates.has(state) && run !== undefined && pathOf(logUrl)?.startsWith(`${run}/job/`) === true;
}

/** Which deployment is that of this job. `unknown`: one of several jobs, and nothing says of which. */
export type OfJob = { readonly state: 'found'; readonly deployment: Deployment } | { readonly state: 'none' | 'unknown' };

/**
 * The deployment that GitHub has created for this job. Where the job is not known, even a single one may be that of a job beside
 * it, and a verdict on that would be worse than none.
 * @param inRun those of jobs that are not over
 * @param job number of the job; undefined if the runner does not know it
 */
export function ofJob(inRun: readonly InRun[], job: string | undefined): OfJob {
  if (inRun.length === 0) return { state: 'none' };
  if (job === undefined) return { state: 'unknown' };
  const own = inRun.find(({ status: { logUrl = '' } }) => pathOf(logUrl)?.endsWith(`/job/${job}`));
  return own ? { state: 'found', deployment: own.deployment } : { state: 'none' };
}

const pathOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).pathname : undefined);

type StatusOf = (id: number) => Promise<DeploymentStatus | undefined>;

/**
 * The last deployment that succeeded and was not replaced. Those that failed since then did not replace it.
 * @param statusOf asked from the newest on, until it is found
 */
export async function activeAmong(earlier: readonly Deployment[], statusOf: StatusOf): Promise<Deployment | undefined> {
  for (const deployment of earlier.slice(0, mostEarlier)) {
    const state = (await statusOf(deployment.id))?.state;
    if (state === 'success') return deployment;
    // One that was replaced: whatever replaced it is newer, and has been looked at.
    if (state === 'inactive') return undefined;
  }
  return undefined;
}
