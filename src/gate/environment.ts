/** A step that runs commands has these, where the job may have a token of its own (`id-token: write`); other programs do not get them. */
const ofRunSteps = ['ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_URL'];

/**
 * Changes to the environment for the user's own commands, so that they see what a `run:` step would see. What they write to
 * GITHUB_OUTPUT goes nowhere: it would become an output of this action.
 */
export function gateEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return {
    ...Object.fromEntries(ofRunSteps.map((name) => [name, env[name]])),
    ...env['GITHUB_OUTPUT'] === undefined ? {} : { GITHUB_OUTPUT: '/dev/null' },
  };
}
