import { ConfigError, type Problem } from '../outcome/errors.js';
import { readFileLayers } from './layers.js';
import { parseConfig, type ConfigSource, type ParsedConfig } from './parse.js';

/** The settings of one environment, or what is wrong with them. */
export type ParsedEnvironment =
  | { readonly environment?: string; readonly parsed: ParsedConfig }
  /** `app`: its name, as far as the settings determine it in spite of the problems. */
  | { readonly environment?: string; readonly problems: readonly Problem[]; readonly app?: string };

/** The names in the input `environment` of an action that takes several: separated by commas or line breaks, each once. */
export const environmentsIn = ({ environment = '' }: Readonly<Record<string, string>>): readonly string[] =>
  [...new Set(environment.split(/[,\r\n]/).map((name) => name.trim()).filter((name) => name !== ''))];

/**
 * The settings of each environment that the inputs name, or of all in the file; of one without a name where the file has none.
 * Pure. Problems that several environments share are in each of them.
 */
export function parseEnvironments(source: ConfigSource): readonly ParsedEnvironment[] {
  const named = environmentsIn(source.inputs);
  const names: readonly (string | undefined)[] = named.length > 0 ? named : inFile(source);
  return (names.length === 0 ? [undefined] : names).map((environment) => {
    try {
      return { environment, parsed: parseConfig({ ...source, inputs: { ...source.inputs, environment: environment ?? '' } }) };
    } catch (error) {
      if (error instanceof ConfigError) return { environment, problems: error.problems, app: error.app };
      throw error;
    }
  });
}

function inFile({ file }: ConfigSource): readonly string[] {
  const { reading } = file ?? {};
  // One with an empty name is a problem that every environment reports.
  return reading && 'root' in reading ? [...readFileLayers(reading.root).environments.keys()].filter((name) => name.trim() !== '') : [];
}

/** The problems or warnings of several environments, each once, in the order of the file. */
export function distinctProblems(lists: readonly (readonly Problem[])[]): readonly Problem[] {
  const all = new Map(lists.flat().map((problem) => [JSON.stringify([problem.file, problem.line, problem.column, problem.where, problem.message]), problem]));
  return [...all.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

/**
 * The inputs without the values of build secrets, of which a check needs only the names. A secret that a pull request is not
 * allowed to read is empty, and that is no mistake of the pull request.
 */
export function withoutBuildSecrets(inputs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const lines = (inputs['build-secrets'] ?? '').split(/\r\n?|\n/);
  return { ...inputs, 'build-secrets': lines.map((line) => (line.includes('=') ? `${line.slice(0, line.indexOf('='))}=env:NOT_READ` : line)).join('\n') };
}

/** The inputs for code that is not trusted: without any login. */
export function withoutLogins(inputs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { kubeconfig: _kubeconfig, 'registry-username': _username, 'registry-password': _password, ...others } = inputs;
  return others;
}
