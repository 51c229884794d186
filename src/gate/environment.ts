/** What belongs to this action alone: its inputs (passwords among them), its state, and the runner's own tokens. */
const ownNames = /^(?:INPUT_|STATE_|ACTIONS_RUNTIME_|ACTIONS_RESULTS_|ACTIONS_CACHE_)|^GITHUB_STATE$/;

/**
 * Changes to the environment for the user's own commands, so that they see what a `run:` step would see.
 * The names of `env` that are not theirs to read are removed. What they write to GITHUB_OUTPUT goes nowhere: it would
 * become an output of this action.
 */
export function gateEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  const changes: Record<string, string | undefined> = {};
  for (const name of Object.keys(env)) if (ownNames.test(name.toUpperCase())) changes[name] = undefined;
  if (env['GITHUB_OUTPUT'] !== undefined) changes['GITHUB_OUTPUT'] = '/dev/null';
  return changes;
}
