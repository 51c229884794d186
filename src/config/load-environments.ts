import type { Origin } from '../outcome/pull-request.js';
import { ConfigError, type Problem } from '../outcome/errors.js';
import type { Files } from '../ports/files.js';
import { parseEnvironments, withoutBuildSecrets, withoutLogins, type ParsedEnvironment } from './parse-environments.js';
import { readGiven, withFileOfKubeconfig, type Unread } from './load.js';

/** The settings of a check: of every environment, with what is wrong with each. */
export interface LoadedEnvironments {
  readonly environments: readonly ParsedEnvironment[];
  /** Doubts about a settings file that is not read. */
  readonly warnings: readonly Problem[];
}

/**
 * Reads the settings of every environment, as `loadConfig` does for one. What is wrong is a part of the result; it does not
 * reject.
 * @param origin the kubeconfig that the code of a fork names is not read, as nothing connects with it
 */
export async function loadEnvironments(unread: Unread, origin: Origin, files: Pick<Files, 'readText'>): Promise<LoadedEnvironments> {
  const given = withoutBuildSecrets(unread.inputs);
  const source = { ...unread, inputs: origin === 'fork' ? withoutLogins(given) : given };
  try {
    const { doubts, ...documents } = await readGiven(source, files);
    const read = parseEnvironments({ ...source, ...documents });
    const environments = origin === 'fork' ? read : await Promise.all(read.map((each) => withKubeconfig(each, source, files)));
    return { environments, warnings: doubts };
  } catch (error) {
    if (error instanceof ConfigError) return { environments: [{ problems: error.problems, app: error.app }], warnings: [] };
    throw error;
  }
}

async function withKubeconfig(settings: ParsedEnvironment, source: Unread, files: Pick<Files, 'readText'>): Promise<ParsedEnvironment> {
  if (!('parsed' in settings)) return settings;
  const { environment, parsed } = settings;
  try {
    return { environment, parsed: await withFileOfKubeconfig(parsed, source, files) };
  } catch (error) {
    if (error instanceof ConfigError) return { environment, problems: error.problems, app: parsed.config.app };
    throw error;
  }
}
