import type { Secret } from '../config/secrets.js';
import { loadConfig } from '../config/load.js';
import { environmentSecrets, rawSecrets } from '../config/raw-secrets.js';
import { appName } from '../config/assemble.js';
import type { Config } from '../config/config.js';
import type { ActionName } from '../outcome/action.js';
import { ConfigError, describeProblem, type DeployError, type Problem } from '../outcome/errors.js';
import type { Outcome } from '../outcome/outcome.js';
import { asDeployError } from '../workflow/failure.js';
import type { Run } from '../workflow/run.js';
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
}

/** Runs an action from its raw inputs to its outcome. Every failure is an outcome; it does not reject. */
export async function perform(ports: Ports, request: Request): Promise<Outcome> {
  const startedAt = ports.clock.monotonic();
  const startedAtWall = ports.clock.now();
  try {
    const config = await readConfig(ports, request);
    const run: Run = { ...request, ports, config, startedAt, startedAtWall };
    request.follow(run);
    if (request.action === 'rollback') {
      const { rollBack } = await import('../workflow/rollback.js');
      return await rollBack(run);
    }
    const { deploy } = await import('../workflow/deploy.js');
    return await deploy(run);
  } catch (thrown) {
    // Each problem is shown at its place: on GitHub next to the line of the file.
    if (thrown instanceof ConfigError) for (const problem of thrown.problems) ports.log.error(withoutPlace(problem), problem);
    return unstarted(request, asDeployError(thrown), { startedAtWall, durationMs: ports.clock.monotonic() - startedAt });
  }
}

/** The outcome of a run for which no folder could be created: its settings were not read. */
export function withoutFolder({ clock }: Pick<Ports, 'clock'>, request: Omit<Request, 'folder' | 'keep' | 'announce' | 'follow'>, error: DeployError): Outcome {
  const outcome = unstarted(request, error, { startedAtWall: clock.now(), durationMs: 0 });
  return outcome.failure ? { ...outcome, failure: { ...outcome.failure, stage: 'preflight' } } : outcome;
}

/** Reads and checks all settings; masks every secret in them before anything else is printed. Throws ConfigError. */
export async function readConfig(ports: Ports, { action, inputs, ambient, facts }: Pick<Request, 'action' | 'inputs' | 'ambient' | 'facts'>): Promise<Config> {
  const { log } = ports;
  log.keep(ownWords);
  const given = await rawSecrets(inputs, ports.env);
  for (const { text, kind } of given) log.mask(text, kind);
  for (const text of environmentSecrets(ports.env)) log.mask(text);
  const source = { action, inputs, ambient, facts: { defaultApp: facts.repository, env: ports.env } };
  const { config, warnings, secrets, names } = await loadConfig(source, ports.files);
  log.keep(names);
  for (const { text, kind } of secrets) log.mask(text, kind);
  for (const warning of warnings) log.warning(withoutPlace(warning), warning);
  for (const place of notHidden(log, [...given, ...secrets])) log.warning(`A secret in \`${place}\` is so short, or so common a word, that it is also part of printed verdicts and names. ${cannotHide}`);
  return config;
}

const cannotHide = 'Masking it there would make the outputs and the log useless, so it stays visible. Use a longer secret.';

/** Where the secrets were given that stay visible. */
const notHidden = (log: Pick<Ports['log'], 'hides'>, secrets: readonly Secret[]): ReadonlySet<string> =>
  new Set(secrets.filter(({ text }) => !log.hides(text)).map(({ of }) => of));

/** The log shows the place itself. */
const withoutPlace = (problem: Problem): string => describeProblem({ ...problem, file: undefined });

const unstarted = (request: Omit<Request, 'folder' | 'keep' | 'announce' | 'follow'>, error: DeployError, times: { startedAtWall: number; durationMs: number }): Outcome => ({
  verdict: 'failed',
  failure: { cause: error.code, stage: 'config', message: error.message, hint: error.hint, evidence: error.evidence },
  app: (error instanceof ConfigError ? error.app : undefined) ?? appName(request.inputs, request.facts.repository),
  environment: request.inputs['environment'],
  commit: request.facts.commit, runUrl: request.facts.runUrl, startedAt: times.startedAtWall, durationMs: Math.round(times.durationMs),
  tags: [], changes: [], previous: [], timeline: [], undoCommands: [], warnings: [],
});
