/**
 * What belongs to this action alone: its inputs, passwords among them, whether the runner or a person gave them; its state; and the
 * runner's own tokens, with which a program could write to the caches of the repository or log in to a cloud as this job.
 */
const ownNames = /^(?:INPUT_|STATE_|ACTIONS_)|^GITHUB_STATE$|^DEPLOY_(?:REGISTRY_PASSWORD|BUILD_SECRETS|KUBECONFIG)$/;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The environment of a program that is started: that of this process without what is its own, and with these changes. What a program
 * needs of the runner's own, as buildx does for a cache of GitHub, whoever starts it names.
 */
export function childEnvironment(env: Env, changes: Env = {}): Record<string, string> {
  const inherited = Object.entries(env).filter(([name]) => !ownNames.test(name.toUpperCase()));
  const merged = { ...Object.fromEntries(inherited), ...changes };
  return Object.fromEntries(Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
