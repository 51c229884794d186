import type { Config } from '../config/config.js';
import { distinctProblems, type ParsedEnvironment } from '../config/parse-environments.js';
import type { LoadedEnvironments } from '../config/load-environments.js';
import { compareBaseImages } from '../image/base-images.js';
import type { Base } from '../image/git.js';
import { NoKubeconfigError } from '../kubernetes/client/kubeconfig-check.js';
import type { Cause } from '../outcome/causes.js';
import { ConfigError, type DeployError } from '../outcome/errors.js';
import { nothingFound, PreflightError, type Finding } from '../outcome/finding.js';
import type { Outcome } from '../outcome/outcome.js';
import type { EnvironmentCheck, LeftOut, Origin, PullRequestCheck } from '../outcome/pull-request.js';
import type { StageName } from '../outcome/verdict.js';
import type { Annotate, Log } from '../ports/log.js';
import { closedAhead } from '../policy/freeze.js';
import type { Found } from './conduct.js';
import { prepared, survey, type Survey } from './deploy.js';
import { asDeployError } from './failure.js';
import type { Reviewed } from './policy.js';
import { msSince, type Run } from './run.js';
import { runStages, type Stage } from './stage.js';

/** A run that checks a pull request. It has no settings of its own: each environment has some. */
export interface Checking extends Omit<Run, 'config'> {
  readonly settings: LoadedEnvironments;
  readonly origin: Origin;
  /** What the pull request is compared with. */
  readonly base: Base;
  readonly annotate: Annotate;
  /** Names the app where no settings do. */
  readonly defaultApp: string;
}

/**
 * Checks the settings of every environment, and prepares a deployment to each exactly as a run does, up to its first stage.
 * Nothing is changed: no lock is taken, no interrupted run is finished, and of the commands in the settings only those run that a
 * dry run runs. Of the code of a fork, nothing but the files is read. Every result is an outcome; it does not reject.
 */
export async function checkPullRequest(checking: Checking): Promise<Outcome> {
  let check: PullRequestCheck | undefined;
  const preflight: Stage = { name: 'preflight', label: 'preflight', steps: [], run: async () => { check = await checkAll(checking); } };
  const { spans, failure } = await runStages([preflight], checking);
  const outcome: Omit<Outcome, 'verdict'> = { ...about(checking), timeline: spans, durationMs: msSince(checking) };
  if (failure || !check) return { ...outcome, verdict: 'failed', ...failure && { failure: failed(failure.error, failure.stage) } };
  const problem = problemOf(check, outcome.app);
  const isDry = checking.settings.environments.some((each) => 'parsed' in each && each.parsed.config.dryRun);
  return { ...outcome, check, verdict: problem ? 'failed' : isDry ? 'planned' : 'checked', ...problem && { failure: failed(problem, problem instanceof ConfigError ? 'config' : 'preflight') } };
}

function about({ settings: { environments }, defaultApp, facts, startedAtWall }: Checking): Omit<Outcome, 'verdict' | 'durationMs'> {
  const apps = environments.map((each) => ('parsed' in each ? each.parsed.config.app : each.app)).filter((app) => app !== undefined);
  const [only, ...others] = environments;
  return {
    app: apps[0] ?? defaultApp, environment: others.length === 0 ? only?.environment : undefined,
    commit: facts.commit, runUrl: facts.runUrl, actor: facts.actor, startedAt: startedAtWall,
    tags: [], changes: [], previous: [], timeline: [], undoCommands: [], warnings: [],
  };
}

const failed = ({ code: cause, message, hint, evidence }: DeployError, stage: StageName): Outcome['failure'] => ({ cause, stage, message, hint, evidence });

/** Everything that is wrong, as one error; undefined if nothing is. */
function problemOf({ settings: { problems }, environments }: PullRequestCheck, app: string): DeployError | undefined {
  if (problems.length > 0) return new ConfigError(problems, app);
  const isOne = environments.length === 1;
  const found = environments.flatMap(({ environment, problems: own }) =>
    own.map((each) => (isOne || environment === undefined ? each : { ...each, message: `${environment}: ${each.message}` })));
  return found.length > 0 ? new PreflightError(found) : undefined;
}

/** Environments that are read at the same time: each starts programs. */
const atOnce = 4;

async function checkAll(checking: Checking): Promise<PullRequestCheck> {
  const { settings, origin, base, ports } = checking;
  const read = settings.environments.flatMap((each) => ('parsed' in each ? [each.parsed.config] : []));
  const [environments, baseImages] = await Promise.all([
    some(atOnce, read, (config) => (origin === 'fork' ? fromFiles(checking, config) : checkEnvironment(checking, config))),
    compareBaseImages(ports, read.flatMap(({ build }) => build ?? []), base),
  ]);
  annotate(checking, environments);
  return {
    origin, environments, baseImages, ...base.head !== undefined && { head: base.head }, leftOut: origin === 'fork' ? [ofFork] : [],
    settings: {
      problems: distinctProblems(settings.environments.map((each) => ('problems' in each ? each.problems : []))),
      warnings: distinctProblems([settings.warnings, ...settings.environments.map(warningsOf)]),
    },
  };
}

/** What policy rules found in files of the repository is shown at its lines: once, also if several environments are deployed from them. */
function annotate({ annotate: show }: Pick<Checking, 'annotate'>, environments: readonly EnvironmentCheck[]): void {
  const found = environments.flatMap(({ policy }) => policy?.findings ?? []).filter(({ level }) => level !== 'allowed');
  const distinct = new Map(found.map((finding) => [JSON.stringify([finding.rule, finding.message, finding.place]), finding]));
  for (const { rule, level, message, place } of distinct.values()) if (place) show(level === 'deny' ? 'error' : 'warning', `Policy \`${rule}\`: ${message}`, place);
}

const warningsOf = (settings: ParsedEnvironment): LoadedEnvironments['warnings'] => ('parsed' in settings ? settings.parsed.warnings : []);

const ofFork: LeftOut = {
  what: 'everything outside of the files',
  why: 'The pull request is from a fork, whose settings could name any command, cluster or registry. They were checked, but nothing that they name was run or contacted.',
};

/** What is known of an environment by the files of the repository alone. */
async function fromFiles(checking: Checking, config: Config): Promise<EnvironmentCheck> {
  const policy = await reviewedFiles({ ...checking, config });
  return { ...fromSettings(checking, config), ...policy && { policy: policy.report, problems: policy.checked.problems } };
}

/** The policy rules without the target. Undefined where nothing is rolled out. */
async function reviewedFiles(run: Pick<Run, 'ports' | 'config'>): Promise<Reviewed | undefined> {
  const { config: { workloads, command } } = run;
  if (workloads.length === 0 && !command) return undefined;
  const { reviewFiles } = await import('./policy.js');
  return reviewFiles(run);
}

/** What is known of an environment by its settings alone. */
function fromSettings({ ports }: Checking, { app, environment, image, workloads, command, cluster, freeze, windows }: Config): EnvironmentCheck {
  return {
    app, environment, namespace: cluster.namespace, image, subjects: command ? [app] : [...new Set(workloads.map(({ kind, name }) => `${kind}/${name}`))],
    calendar: closedAhead({ freeze, windows }, ports.clock), problems: [], warnings: [], differences: [], leftOut: [],
  };
}

async function checkEnvironment(checking: Checking, config: Config): Promise<EnvironmentCheck> {
  const known = fromSettings(checking, config);
  const { ports, settings: { environments } } = checking;
  const log = environments.length === 1 || config.environment === undefined ? ports.log : under(config.environment, ports.log);
  const run: Run = {
    ...checking, ports: { ...ports, log }, folder: await ports.files.temporaryFolder(),
    // When no rollout is allowed is shown, and is no fault of the pull request.
    config: { ...config, dryRun: true, freeze: [], windows: [] },
  };
  const found: Found = {};
  try {
    const surveyed = await survey(run, found, 'check');
    try {
      return { ...known, ...await planOf(surveyed) };
    } finally {
      await surveyed.sides.target?.close?.();
    }
  } catch (thrown) {
    ports.cancelled.throwIfAborted();
    return { ...known, problems: findingsOf(asDeployError(thrown)) };
  }
}

type Planned = Pick<EnvironmentCheck, 'namespace' | 'plan' | 'problems' | 'warnings' | 'policy' | 'differences' | 'leftOut'>;

async function planOf(surveyed: Survey): Promise<Planned> {
  const { image, target, unopened, sides, sides: { proposal } } = surveyed;
  const isWithout = unopened instanceof NoKubeconfigError;
  const ofMachine = image.problems.filter(({ cause }) => aboutMachine.includes(cause));
  const preview = proposal?.isThere ? undefined : await proposal?.preview?.();
  // Where something is wrong with the target, what was read of it is not complete: of nothing there is no plan, and its health is unknown.
  const isKnown = target.problems.length === 0;
  const known = isKnown || proposal?.rows.length ? surveyed : { ...surveyed, sides: { ...sides, proposal: undefined } };
  const policy = surveyed.policy ?? await reviewedFiles(surveyed.run);
  const { problems: denied, warnings: doubts } = policy?.checked ?? nothingFound;
  const warnings = [...new Set([...image.warnings, ...target.warnings])];
  const { plan: { rollback, ...plan } } = prepared(known, [...warnings, ...doubts]);
  return {
    plan: { ...plan, ...isKnown && { rollback } }, ...plan.namespace !== undefined && { namespace: plan.namespace },
    problems: [...image.problems.filter((problem) => !ofMachine.includes(problem)), ...isWithout ? [] : target.problems, ...denied, ...preview?.problems ?? []],
    warnings, ...policy && { policy: policy.report },
    differences: preview?.differences ?? [],
    leftOut: [
      ...ofMachine.map(({ message }) => ({ what: 'the build', why: message })),
      ...isWithout ? [{ what: 'the rollout', why: unopened.message }] : [],
    ],
  };
}

/** What the machine of the check lacks need not be lacking where the deployment runs. */
const aboutMachine: readonly Cause[] = ['tool-missing', 'tool-timeout', 'build-failed', 'platform-unsupported'];

const findingsOf = (error: DeployError): readonly Finding[] =>
  (error instanceof PreflightError ? error.problems : [{ cause: error.code, message: error.message, hint: error.hint }]);

/** The log of one environment among several. */
function under(name: string, log: Log): Log {
  const named = (text: string): string => `${name}: ${text}`;
  return {
    ...log,
    info: (text) => { log.info(named(text)); },
    warning: (text, place) => { log.warning(named(text), place); },
    error: (text, place) => { log.error(named(text), place); },
    output: (line) => { log.output(named(line)); },
    // Those of several environments would be drawn into one another.
    group: async (title, body) => {
      log.info(named(title));
      return body();
    },
  };
}

/** The results of all, in their order; at most so many are worked on at a time. */
async function some<T, R>(atMost: number, values: readonly T[], work: (value: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const left = values.entries();
  const worker = async (): Promise<void> => {
    for (const [index, value] of left) results[index] = await work(value);
  };
  await Promise.all(Array.from({ length: Math.min(atMost, values.length) }, worker));
  return results;
}
