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

/** So many deployments are looked at, each with a request: all at once, and one after the other. */
const [mostOfJob, mostEarlier] = [5, 20];

/**
 * Deployments that GitHub may have created for the job, as it does for one with `environment:`. They have the task `deploy` and no
 * payload; their creator is a person or a bot. Their commit is that of the event, but the head of a pull request.
 */
export function maybeOfJob(deployments: readonly Deployment[], commit: string | undefined): readonly Deployment[] {
  const unmarked = deployments.filter(({ payload, task }) => payload === null && task === 'deploy');
  const same = unmarked.filter(({ sha }) => sha === commit);
  return (same.length > 0 ? same : unmarked).slice(0, mostOfJob);
}

/**
 * Whether a deployment belongs to a running job of the workflow run: its status links to the job,
 * `https://github.com/acme/api/actions/runs/4711/job/815`.
 * @param runUrl `https://github.com/acme/api/actions/runs/4711/attempts/2`
 */
export function isOfRun(status: DeploymentStatus | undefined, runUrl: string): boolean {
  const { state = '', logUrl = '' } = status ?? {};
  const run = pathOf(runUrl)?.replace(/\/attempts\/\d+$/, '');
  return state === 'in_progress' && run !== undefined && pathOf(logUrl)?.startsWith(`${run}/job/`) === true;
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
