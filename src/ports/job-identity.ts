/**
 * Where a program gets a token that says which job of which repository it runs in, when the job has `id-token: write`:
 * https://docs.github.com/actions/reference/security/oidc. No program has them unless whoever starts it says so.
 */
const names = ['ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_URL'];

/** Those variables, as a change to the environment of a program; absent where the job has none. */
export const jobIdentity = (env: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
