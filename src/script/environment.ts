import { jobIdentity } from '../ports/job-identity.js';

/**
 * Changes to the environment for the user's own commands, so they see what a `run:` step would see. What they write to
 * GITHUB_OUTPUT is discarded, because it would become an output of this action.
 */
export function scriptEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return {
    ...jobIdentity(env),
    ...env['GITHUB_OUTPUT'] === undefined ? {} : { GITHUB_OUTPUT: '/dev/null' },
  };
}
