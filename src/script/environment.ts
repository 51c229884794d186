import { jobIdentity } from '../ports/job-identity.js';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Changes to the environment for the user's own commands, so they see what a `run:` step would see. What they write to
 * GITHUB_OUTPUT is discarded, because it would become an output of this action.
 */
export function scriptEnvironment(env: Env): Record<string, string> {
  return {
    ...jobIdentity(env),
    ...telemetrySettings(env),
    ...env['GITHUB_OUTPUT'] === undefined ? {} : { GITHUB_OUTPUT: '/dev/null' },
  };
}

/** Where OpenTelemetry sends what these commands record. No other program gets these variables. */
const telemetrySettings = (env: Env): Record<string, string> =>
  Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (name.startsWith('OTEL_') && value !== undefined ? [[name, value]] : [])));
