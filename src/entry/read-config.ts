import type { Secret } from '../config/secrets.js';
import { loadConfig } from '../config/load.js';
import { environmentSecrets, rawSecrets } from '../config/raw-secrets.js';
import type { Config } from '../config/config.js';
import type { ParsedConfig } from '../config/parse.js';
import type { ActionName } from '../outcome/action.js';
import { describeProblem, type Problem } from '../outcome/errors.js';
import type { Run } from '../workflow/run.js';
import type { Annotate } from '../ports/log.js';
import type { Ports } from '../ports/ports.js';
import type { RunFacts } from '../ports/run-facts.js';
import { ownWords } from './own-words.js';

/** Everything that differs between the GitHub runner and a terminal. */
export interface Request extends Pick<Run, 'id' | 'folder' | 'hasPost' | 'keep' | 'announce'> {
  readonly action: ActionName;
  readonly inputs: Readonly<Record<string, string>>;
  /** Inputs that come from the environment of a terminal; none on the runner. */
  readonly ambient?: readonly string[];
  readonly facts: RunFacts;
  /** Adds the listeners that these settings ask for. */
  readonly follow: (run: Run) => void;
  /** The event of the workflow run, as GitHub names it, and the file that holds it. In a terminal there is none. */
  readonly event?: { readonly name: string; readonly path: string };
  /** How a checked pull request shows at its place what its page lists. */
  readonly annotate: Annotate;
}

/** The settings of a run, and what is doubtful about them. */
export interface ReadConfig {
  readonly config: Config;
  readonly warnings: readonly Problem[];
  /** All that are given, in the inputs and by names in the settings. */
  readonly secrets: readonly Secret[];
}

/**
 * Reads and checks all settings; masks every secret in them before anything else is printed. Throws ConfigError. Prints no warning:
 * the main step has reported them by `warnOfSettings`, and a post step reads the same settings again.
 */
export async function readConfig(ports: Ports, { action, inputs, ambient, facts }: Pick<Request, 'action' | 'inputs' | 'ambient' | 'facts'>): Promise<ReadConfig> {
  const given = await maskInputs(ports, inputs);
  const source = { action, inputs, ambient, facts: { defaultApp: facts.repository, env: ports.env } };
  const { config, warnings, ...parsed } = await loadConfig(source, ports.files);
  maskSettings(ports, [parsed]);
  return { config, warnings, secrets: [...given, ...parsed.secrets] };
}

/** Reports what is doubtful about the settings, each at its place. */
export function warnOfSettings(ports: Pick<Ports, 'log'>, { warnings, secrets }: Pick<ReadConfig, 'warnings' | 'secrets'>): void {
  for (const warning of warnings) ports.log.warning(withoutPlace(warning), warning);
  warnOfVisible(ports, secrets);
}

/** Masks every secret in the inputs and the environment, before anything is read that could be printed. @returns those in the inputs */
export async function maskInputs({ log, env }: Pick<Ports, 'log' | 'env'>, inputs: Request['inputs']): Promise<readonly Secret[]> {
  log.keep(ownWords);
  const given = await rawSecrets(inputs, env);
  for (const { text, kind } of given) log.mask(text, kind);
  for (const text of environmentSecrets(env)) log.mask(text);
  return given;
}

/** The same for secrets that settings name. Names are kept first, so none of them is masked. */
export function maskSettings({ log }: Pick<Ports, 'log'>, all: readonly Pick<ParsedConfig, 'names' | 'secrets'>[]): void {
  for (const { names } of all) log.keep(names);
  for (const { text, kind } of all.flatMap(({ secrets }) => secrets)) log.mask(text, kind);
}

/** Warns of secrets that cannot be masked. */
export function warnOfVisible({ log }: Pick<Ports, 'log'>, secrets: readonly Secret[]): void {
  for (const place of notHidden(log, secrets)) log.warning(`A secret in \`${place}\` is so short, or so common a word, that it is also part of printed verdicts and names. ${cannotHide}`);
}

const cannotHide = 'Masking it there would make the outputs and the log useless, so it stays visible. Use a longer secret.';

/** Where the secrets were given that stay visible. */
const notHidden = (log: Pick<Ports['log'], 'hides'>, secrets: readonly Secret[]): ReadonlySet<string> =>
  new Set(secrets.filter(({ text }) => !log.hides(text)).map(({ of }) => of));

/** The log shows the place itself. */
export const withoutPlace = (problem: Problem): string => describeProblem({ ...problem, file: undefined });
