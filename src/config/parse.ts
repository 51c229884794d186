import { ConfigError, type Problem } from '../outcome/errors.js';
import { quote } from './checked.js';
import type { ActionName } from '../outcome/action.js';
import { assemble, type ConfigFacts } from './assemble.js';
import type { Config } from './config.js';
import { suggestion } from './did-you-mean.js';
import { mergeLayers, readFileLayers, readInputs, type FileLayers, type Layer } from './layers.js';
import { problemAt } from './reading.js';
import { checkTogether } from './rules.js';
import { namesIn } from './names.js';
import { distinct, secretsIn, type Secret } from './secrets.js';
import { readSettingsText } from './settings-file.js';
import { isSettingName, takenBy, type SettingName } from './settings.js';
import { defaultSettingsFile } from './settings-run.js';

export interface ConfigSource {
  readonly action: ActionName;
  /** By the names of `action.yml`; an empty text means that it was not given. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The settings file at `settingsPath(inputs)`; `text` is undefined when there is no such file. */
  readonly file?: { readonly path: string; readonly text: string | undefined };
  readonly facts?: ConfigFacts;
}

export interface ParsedConfig {
  readonly config: Config;
  /** Settings that are odd and do not stop the run. */
  readonly warnings: readonly Problem[];
  /** Everything in the settings that must be hidden in all that is printed or written. */
  readonly secrets: readonly Secret[];
  /** Names in the settings and the kubeconfig, which are no secrets even where a secret is a part of them. */
  readonly names: readonly string[];
}

/** Messages beyond these help nobody. */
const problemLimit = 50;

/** Where the settings file is looked for. */
export const settingsPath = (inputs: Readonly<Record<string, string>>): string => (inputs['config'] ?? '').trim() || defaultSettingsFile;

/**
 * What inputs and settings file mean together. Inputs win over the environment's part of the file, and that over the
 * top of the file; maps are joined name by name, everything else is replaced. Pure. Throws ConfigError with all problems.
 */
export function parseConfig(source: ConfigSource): ParsedConfig {
  const inputs = readInputs(source.action, source.inputs);
  const file = readFileOf(source);
  const chosen = chooseEnvironment(source, file.layers, inputs.values.environment);
  const every = [file.layers?.base, ...(file.layers?.environments.values() ?? []), inputs].filter((layer) => layer !== undefined);
  const merged = onlyOf(source.action, mergeLayers([file.layers?.base, chosen.layer, inputs].filter((layer) => layer !== undefined)));
  const problems = [...file.problems, ...chosen.problems, ...every.flatMap((layer) => layer.problems)];
  const together = checkTogether({
    action: source.action, ...merged, inputs: Object.keys(inputs.values).filter(isSettingName),
    notChosen: inputs.values.environment === undefined ? withWorkloads(file.layers) : [],
  });
  // What belongs together is only judged when each part is right: otherwise a typo would be reported twice.
  if (problems.length > 0) throw new ConfigError(limited([...problems].sort(byPlace)));
  const { config, secrets, problems: unresolved } = assemble(source.action, merged, source.facts ?? {}, file.layers && source.file?.path);
  const later = [...together.problems, ...unresolved];
  if (later.length > 0) throw new ConfigError(limited(later));
  const layers = [inputs, file.layers?.base, chosen.layer].filter((layer) => layer !== undefined);
  const warnings = [...layers.flatMap((layer) => layer.warnings), ...chosen.warnings, ...together.warnings];
  const { kubeconfig } = merged.values;
  const names = [...namesIn(config), ...kubeconfig && 'content' in kubeconfig ? kubeconfig.names : []];
  return { config, warnings, secrets: distinct([...secretsIn(source.inputs), ...secrets]), names };
}

const withWorkloads = (layers: FileLayers | undefined): readonly string[] =>
  [...layers?.environments ?? []].filter(([, { values }]) => (values.workloads ?? []).length > 0).map(([name]) => name);

/** Those of the inputs first, then those of the file from its top to its end. */
const byPlace = (a: Problem, b: Problem): number => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);

function limited(problems: readonly Problem[]): readonly Problem[] {
  if (problems.length <= problemLimit) return problems;
  const rest = problems.length - problemLimit;
  return [...problems.slice(0, problemLimit), { where: 'settings', message: `have ${rest} more problems`, hint: 'Mend those above first.' }];
}

function readFileOf({ file, inputs }: ConfigSource): { readonly layers?: FileLayers; readonly problems: readonly Problem[] } {
  if (file === undefined) return { problems: [] };
  if (file.text === undefined) {
    if (!inputs['config']?.trim()) return { problems: [] };
    const hint = 'Check the path, which begins at the root of the repository, and that the repository was checked out before this step.';
    return { problems: [{ where: 'input config', message: `there is no file ${quote(file.path)}`, hint }] };
  }
  const read = readSettingsText(file.path, file.text);
  return 'problems' in read ? read : { layers: readFileLayers(file.path, read.root), problems: [] };
}

interface Choice { readonly layer?: Layer; readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] }

/** The part of the file for the wanted environment. Without any environments in the file, the name is only a name. */
function chooseEnvironment(source: ConfigSource, layers: FileLayers | undefined, wanted: string | undefined): Choice {
  if (wanted === undefined) return { problems: [], warnings: [] };
  const spot = { where: 'input environment' };
  if (layers?.spot === undefined) {
    const message = `${quote(wanted)} only names the run: ${layers ? `${source.file?.path} has no \`environments:\`` : 'there is no settings file'}`;
    return { problems: [], warnings: [problemAt(spot, { message })] };
  }
  const layer = layers.environments.get(wanted);
  if (layer) return { layer, problems: [], warnings: [] };
  const known = [...layers.environments.keys()];
  const list = known.length === 0 ? 'The file has none.' : `The file has ${known.slice(0, 20).map(quote).join(', ')}.`;
  const meant = suggestion(wanted, known);
  const fault = { message: `${quote(wanted)} is not in ${source.file?.path}`, hint: meant ? `${meant} ${list}` : list };
  return { problems: [problemAt(spot, fault)], warnings: [] };
}

/** A settings file serves all actions; each takes its own. */
function onlyOf(action: ActionName, { values, spots }: Pick<Layer, 'values' | 'spots'>): Pick<Layer, 'values' | 'spots'> {
  const own = takenBy(action);
  return { values: Object.fromEntries(Object.entries(values).filter(([name]) => own.includes(name as SettingName))), spots };
}
