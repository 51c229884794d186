import { ConfigError, type Problem } from '../outcome/errors.js';
import { quote } from './kit/checked.js';
import type { ActionName } from '../outcome/action.js';
import { assemble, namedApp, type ConfigFacts } from './assemble.js';
import type { Config } from './config.js';
import { environmentsOf } from './environments.js';
import { suggestion } from './kit/did-you-mean.js';
import { Report } from './kit/report.js';
import { lackingIn, noLayers, readFileLayers, readInputs, wantedEnvironment, type FileLayers, type Layer } from './layers.js';
import { checkTogether } from './rules.js';
import { namesIn } from './names.js';
import type { Documents } from './documents.js';
import type { NamedVariable } from './referenced-secrets.js';
import { distinct, type Secret } from './secrets.js';
import type { Kubeconfig } from './values/kubeconfig.js';
import { takenBy, type GivenValues, type SettingName } from './settings.js';
import { defaultSettingsFile } from './sections/run.js';
import { placeWords } from '../outcome/place-words.js';

export interface ConfigSource extends Documents {
  readonly action: ActionName;
  /** By the names of `action.yml`; an empty text means that it was not given. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Inputs that come from the environment of a terminal. They may stand there for another command: without use they are ignored. */
  readonly ambient?: readonly string[];
  readonly facts?: ConfigFacts;
}

export interface ParsedConfig {
  readonly config: Config;
  /** Settings that are odd and do not stop the run. */
  readonly warnings: readonly Problem[];
  /** What must be hidden in all that is printed or written besides `rawSecrets`. */
  readonly secrets: readonly Secret[];
  /** The settings that this action uses, as they were given. */
  readonly given: GivenValues;
  /** The variables that they name as `env:NAME`. */
  readonly variables: readonly NamedVariable[];
  /** Names in the settings and the kubeconfig, which are no secrets even where a secret is a part of them. */
  readonly names: readonly string[];
}

/** More messages than this do not help. */
const problemLimit = 50;

/** Where the settings file is looked for. */
export const settingsPath = (inputs: Readonly<Record<string, string>>): string => (inputs['config'] ?? '').trim() || defaultSettingsFile;

/**
 * Combines inputs and settings file. Inputs override the environment in the file, which overrides the top of the file; maps and
 * sections are merged key by key, everything else is replaced. Pure. Throws ConfigError with all problems.
 */
export function parseConfig(source: ConfigSource): ParsedConfig {
  const { action, inputs, ambient = [], file, kubeconfig, facts = {} } = source;
  const report = new Report();
  const layers = readFileOf(source, report);
  const { base, environments } = layers;
  const wanted = wantedEnvironment(inputs);
  const chosen = wanted === undefined ? undefined : chooseEnvironment(wanted, layers, file, report);
  const given = readInputs(action, inputs, chosen ?? base);
  const others = [...environments.values()].filter((layer) => layer !== chosen);
  for (const layer of [given, base, ...environments.values()]) report.problems.push(...layer.problems);
  // The settings of every environment are checked, and of the inherited ones those that this run uses.
  for (const layer of others) report.problems.push(...lackingIn(layer, layer.given));
  report.problems.push(...lackingIn(given, [...new Set([...chosen?.given ?? [], ...takenBy(action)])]));
  const content = contentOf(given, kubeconfig, report);
  // Combinations are only checked when every setting is valid: otherwise a typo would be reported twice.
  const app = namedApp(given.values);
  throwProblems(report.problems.sort(byPlace), app);
  const own = withoutIdleLogin(onlyOf(action, given), action, ambient);
  const notChosen = wanted === undefined ? deployedTo(environments) : [];
  // A check of a pull request is about what a deployment would do. Its inputs are for several environments, not all of which use each.
  const [as, inUse] = action === 'pr-check' ? ['deploy', []] as const : [action, given.given] as const;
  const together = checkTogether({ ...own, action: as, kubeconfig: content, inputs: inUse, notChosen, environments: [...environments.keys()] });
  const { config, secrets, variables, ...assembled } = assemble(action, own, facts, environmentsOf(layers.environments));
  throwProblems([...together.problems, ...assembled.problems], app);
  const warnings = [...[given, base, ...chosen ? [chosen] : [], report, together, assembled].flatMap((part) => part.warnings)];
  return { config, warnings, given: own.values, variables, secrets: distinct(secrets), names: [...namesIn(config), ...content?.names ?? []] };
}

function throwProblems(problems: readonly Problem[], app: string | undefined): void {
  const rest = problems.length - problemLimit;
  const more = rest > 0 ? [{ where: 'settings', message: `have ${rest} more problems`, hint: 'Fix the problems above first.' }] : [];
  if (problems.length > 0) throw new ConfigError([...problems.slice(0, problemLimit), ...more], app);
}

const deployedTo = (environments: FileLayers['environments']): readonly string[] =>
  [...environments].filter(([, { values }]) => (values.workloads ?? []).length > 0 || values.command !== undefined).map(([name]) => name);

/** Those of the inputs first, then those of the file from its top to its end. */
const byPlace = (a: Problem, b: Problem): number => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);

function readFileOf({ file, inputs }: ConfigSource, report: Report): FileLayers {
  if (file?.reading === undefined) {
    const hint = placeWords().checkOut;
    if (file && inputs['config']?.trim()) report.problem({ where: placeWords().given('config') }, { message: `the file ${quote(file.path)} does not exist`, hint });
    return noLayers;
  }
  if ('root' in file.reading) return readFileLayers(file.reading.root);
  report.problems.push(...file.reading.problems);
  return noLayers;
}

/** What the kubeconfig says that was given as content. */
function contentOf({ values, spots }: Layer, read: Documents['kubeconfig'], report: Report): Kubeconfig | undefined {
  // A value that could not be read is not one of the two, whatever its type says.
  if (read === undefined || typeof values.kubeconfig !== 'object' || 'path' in values.kubeconfig) return undefined;
  return report.take(spots.kubeconfig ?? { where: placeWords().given('kubeconfig') }, read);
}

/** The part of the file for the wanted environment. In a file without environments, the name is only a label. */
function chooseEnvironment(wanted: string, layers: FileLayers, file: ConfigSource['file'], report: Report): Layer | undefined {
  const at = { where: placeWords().given('environment') };
  const known = [...layers.environments.keys()];
  if (layers.spot === undefined) {
    const reason = file?.reading === undefined ? 'there is no settings file' : `${file.path} has no \`environments:\``;
    report.warning(at, { message: `${quote(wanted)} is only a label of the run: ${reason}` });
  } else if (!layers.environments.has(wanted)) {
    const list = known.length === 0 ? 'The file has none.' : `The file has ${known.slice(0, 20).map(quote).join(', ')}.`;
    const meant = suggestion(wanted, known);
    report.problem(at, { message: `${quote(wanted)} is not in ${file?.path}`, hint: meant ? `${meant} ${list}` : list });
  }
  return layers.environments.get(wanted);
}

/** The login without what this run has no use for: a password in the environment of a terminal, a name without a password. */
function withoutIdleLogin({ values, spots }: Pick<Layer, 'values' | 'spots'>, action: ActionName, ambient: readonly string[]): Pick<Layer, 'values' | 'spots'> {
  const { 'registry-password': password, ...others } = values;
  const { 'registry-username': username, ...rest } = others;
  // A pull request is not always allowed to read the password, and the check can do without.
  if (action === 'pr-check' && password === undefined) return { values: rest, spots };
  if (!ambient.includes('registry-password')) return { values, spots };
  if (username === undefined) return { values: others, spots };
  const isNowhere = action === 'rollback' && values.registry === undefined && values.image === undefined;
  return { values: isNowhere ? rest : values, spots };
}

/** A settings file serves all actions; each uses its own settings. */
function onlyOf(action: ActionName, { values, spots }: Layer): Pick<Layer, 'values' | 'spots'> {
  const own = takenBy(action);
  return { values: Object.fromEntries(Object.entries(values).filter(([name]) => own.includes(name as SettingName))), spots };
}
