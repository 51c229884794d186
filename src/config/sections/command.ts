import { object } from '../kit/object.js';
import { section, type Filled, type Values } from '../setting.js';
import { duration } from '../values/duration.js';
import { script } from '../values/script.js';
import { clusterActions } from './cluster.js';
import type { test } from './test.js';

export const command = section('Commands', clusterActions, {
  'command': {
    description: 'Commands of your own that deploy, in place of `workloads`, for a platform or a machine that is no cluster. Each runs as `test` does, in `working-directory`, with '
      + '`DEPLOY_REFERENCE`, `DEPLOY_DIGEST`, `DEPLOY_COMMIT`, `DEPLOY_ENVIRONMENT`, `DEPLOY_RUN` and `DEPLOY_PREVIOUS` in its environment. docs/targets/command.md says what is made of them.',
    examples: [{
      deploy: 'scripts/deploy.sh "$DEPLOY_REFERENCE"', current: 'scripts/current.sh', rollback: 'scripts/deploy.sh "$DEPLOY_PREVIOUS"',
      verify: 'curl --fail --silent --show-error --max-time 5 https://api.acme.example/version | grep --fixed-strings "$DEPLOY_COMMIT"',
    }],
    kind: object({
      deploy: { needed: true, description: 'Deploys the version that the environment names. It exits with 0 once that is done.', kind: script },
      current: {
        needed: true,
        description: 'Prints, on its last line, what the platform calls the version that traffic goes to: a revision, a release or a digest. It only reads; a dry run runs it too.',
        kind: script,
      },
      verify: { description: 'Exits with 0 once the version that the environment names serves. It only reads, and runs every 5 s until it does.', kind: script },
      rollback: { description: 'Brings the version back that `current` printed before: `DEPLOY_PREVIOUS`.', kind: script },
      timeout: { description: 'Upper bound for each of `deploy`, `verify` and `rollback`.', fallback: '10m', kind: duration },
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
