import { object } from '../kit/object.js';
import { section, type Filled, type Values } from '../setting.js';
import { duration } from '../values/duration.js';
import { script } from '../values/script.js';
import { clusterActions } from './cluster.js';
import type { test } from './test.js';

export const command = section('Commands', clusterActions, {
  'command': {
    description: 'Commands of your own that deploy, instead of `workloads`, to a platform or machine that is not a Kubernetes cluster. Each runs like `test`, in `working-directory`, with '
      + '`DEPLOY_REFERENCE`, `DEPLOY_DIGEST`, `DEPLOY_COMMIT`, `DEPLOY_ENVIRONMENT`, `DEPLOY_RUN` and `DEPLOY_PREVIOUS` in its environment. docs/targets/command.md has the details.',
    examples: [{
      deploy: 'scripts/deploy.sh "$DEPLOY_REFERENCE"', current: 'scripts/current.sh', rollback: 'scripts/deploy.sh "$DEPLOY_PREVIOUS"',
      verify: 'curl --fail --silent --show-error --max-time 5 https://api.acme.example/version | grep --fixed-strings "$DEPLOY_COMMIT"',
    }],
    kind: object({
      deploy: { needed: true, description: 'Deploys the version that the environment variables name, and exits with 0 when that is done.', kind: script },
      current: {
        needed: true,
        description: 'Prints, on its last line, the version that receives traffic, as the platform names it: a revision, a release or a digest. It must not change anything: a dry run runs it too.',
        kind: script,
      },
      verify: { description: 'Exits with 0 if the version that the environment variables name serves. It must not change anything: it runs every 5 s until it succeeds.', kind: script },
      rollback: { description: 'Restores the version that `current` printed before the change: `DEPLOY_PREVIOUS`.', kind: script },
      timeout: { description: 'Maximum duration of each of `deploy`, `verify` and `rollback`.', fallback: '10m', kind: duration },
    }),
  },
});

/** Commands that deploy, as their lines, and the folder in which they run, relative to the workspace. */
export const commandOf = ({ command: given, 'working-directory': workingDirectory }: Values<typeof command.settings> & Filled<typeof test.settings>) => {
  if (given === undefined) return undefined;
  const { deploy, current, verify, rollback, timeout } = given;
  const some = (lines: readonly string[] | undefined): readonly string[] | undefined => (lines?.length ? lines : undefined);
  return {
    deploy, current,
    /** An empty list clears what a lower layer gives. */
    verify: some(verify), rollback: some(rollback),
    /** Of each command but `current`, ms. */
    timeoutMs: timeout,
    workingDirectory,
  };
};
export type CommandConfig = NonNullable<ReturnType<typeof commandOf>>;
