/**
 * Variables of this action alone: its inputs, which include passwords; its state; the tokens of the runner, with which a
 * program could write to the caches of the repository or log in to a cloud as this job; and the settings of OpenTelemetry. With
 * these, buildx sends its whole command line, with the values of build arguments, to the collector, and waits at the end of each
 * build for one that does not answer: 30 s, measured with the buildx of the sandbox (https://github.com/moby/buildkit/issues/6747).
 */
const ownNames = /^(?:INPUT_|STATE_|ACTIONS_|OTEL_)|^GITHUB_STATE$|^DEPLOY_(?:REGISTRY_PASSWORD|BUILD_SECRETS|KUBECONFIG)$/;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The environment of a program: that of this process without the action's own variables, and with these changes. A program
 * that needs one of the runner's, as buildx does for the cache of GitHub, is started with it explicitly.
 */
export function childEnvironment(env: Env, changes: Env = {}): Record<string, string> {
  const inherited = Object.entries(env).filter(([name]) => !ownNames.test(name.toUpperCase()));
  const merged = { ...Object.fromEntries(inherited), ...changes };
  return Object.fromEntries(Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
