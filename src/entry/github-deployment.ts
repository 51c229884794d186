import type { Follower } from '../outcome/events.js';
import type { Recorded } from '../github/deployment.js';
import { kept, type Run } from '../workflow/run.js';

/** After it: "failed: …". */
export const recorderName = 'Recording the deployment on GitHub';

/** Records the run on GitHub, if it deploys to an environment there. */
export function deploymentFollower(run: Run, left = ''): Follower | undefined {
  const recorded = recordedOf(run);
  return recorded && {
    name: recorderName,
    load: async () => {
      const [{ createRecorder }, { parseLeft }] = await Promise.all([import('../github/deployment.js'), import('../github/left.js')]);
      return { name: recorderName, ...createRecorder({ ...recorded, left: parseLeft(left) }) };
    },
  };
}

/** A terminal knows no repository on GitHub. */
export function recordedOf(run: Run): Omit<Recorded, 'left'> | undefined {
  const { config: { app, environment, environmentUrl, github, dryRun }, facts: { repository, runUrl, commit }, ports } = run;
  if (!github || github.deployments === 'off' || environment === undefined || repository === undefined || dryRun) return undefined;
  let opened: ReturnType<Recorded['open']> | undefined;
  return {
    app, run: run.id, repository, environment, environmentUrl, runUrl, commit, job: github.job, production: github.production, transient: github.transient,
    isWanted: github.deployments === 'auto', log: ports.log,
    open: () => opened ??= ports.github(github.token),
    keep: (text) => run.keep(kept.deployment, text),
  };
}
