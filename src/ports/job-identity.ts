/**
 * Where a program gets an OIDC token that identifies the job, if the job has `id-token: write`:
 * https://docs.github.com/actions/reference/security/oidc. Only programs that are started with them have these variables.
 */
const names = ['ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_URL'];

/** Those variables, as a change to the environment of a program; absent where the job has none. */
export const jobIdentity = (env: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
