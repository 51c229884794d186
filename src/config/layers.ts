import type { Taker } from '../outcome/action.js';
import type { Problem } from '../outcome/errors.js';
import type { Fault } from './kit/checked.js';
import { emptyFault, expectedFault, unknownKey } from './kit/faults.js';
import { lackFault, type Fields, type Kind } from './kit/kind.js';
import { inputNode, inputsNode, type MapEntry, type MapNode, type Node, type Spot } from './kit/node.js';
import { object } from './kit/object.js';
import { problemAt, Report } from './kit/report.js';
import { fileSettings, isSettingName, settings, settingsOf, takenBy, type GivenValues, type SettingName } from './settings.js';
import { unknownInput } from './unknown-input.js';

/** The settings of one source on top of the sources below it: the top of the settings file, an environment of it, the inputs. */
export interface Layer extends Pick<Report, 'problems' | 'warnings'> {
  /** Its own and those below it. */
  readonly values: GivenValues;
  /** The place of each of them. */
  readonly spots: Readonly<Partial<Record<SettingName, Spot>>>;
  /** Those of its own. */
  readonly given: readonly SettingName[];
}

const nothing: Layer = { values: {}, spots: {}, given: [], problems: [], warnings: [] };

function layerOf(kind: Kind<GivenValues>, node: Node, below: Layer): Layer {
  const report = new Report();
  const values = kind.read(node, report, below.values) ?? below.values;
  const own = (node.type === 'map' ? node.entries : []).flatMap(({ key, value }) => (isSettingName(key) ? [[key, value.at] as const] : []));
  return { ...report, values, spots: { ...below.spots, ...Object.fromEntries(own) }, given: own.map(([name]) => name) };
}

/** Without their fallbacks, which are added when all layers are read. */
const fields = (names: readonly SettingName[]): Fields => Object.fromEntries(names.map((name) => [name, { ...settings[name], fallback: undefined }]));

/** The environment that the inputs name, when it can be one. */
export function wantedEnvironment({ environment = '' }: Readonly<Record<string, string>>): string | undefined {
  return environment.trim() === '' ? undefined : settings.environment.kind.read(inputNode('environment', environment), new Report());
}

/** The inputs of an action, on top of the settings file. An empty or blank text means that the input was not given. */
export function readInputs(action: Taker, inputs: Readonly<Record<string, string>>, below: Layer = nothing): Layer {
  const kind = object(fields(settingsOf(action)), {
    elsewhere: (key) => (isSettingName(key) && takenBy(action).includes(key) && !settingsOf(action).includes(key) && settings[key].inFile ? { message: 'can only be set in the settings file', hint: `Put \`${key}:\` there.` } : undefined),
    unknown: (key) => unknownInput(key, action),
  });
  return layerOf(kind, inputsNode(Object.entries(inputs).filter(([, text]) => text.trim() !== '')), below);
}

export interface FileLayers {
  readonly base: Layer;
  /** By name, each on top of the base. */
  readonly environments: ReadonlyMap<string, Layer>;
  /** Undefined when the file has no key `environments`. */
  readonly spot?: Spot;
}

/** Where there is no settings file. */
export const noLayers: FileLayers = { base: nothing, environments: new Map() };

const environmentsKey = 'environments';
const elsewhere = (key: string, { type }: Pick<Node, 'type'>): Fault | undefined =>
  (key === 'environment' && type === 'map' ? { message: 'cannot be set in the settings file', hint: `Did you mean "${environmentsKey}"?` } : isSettingName(key) ? { message: 'cannot be set in the settings file', hint: settings[key].outsideHint() } : undefined);

/** The settings of a file. Every environment is read and checked, whichever is chosen. */
export function readFileLayers(root: MapNode): FileLayers {
  const section = root.entries.find(({ key }) => key === environmentsKey)?.value;
  const top = object(fields(fileSettings), { elsewhere, unknown: (key, known) => unknownKey(key, [...known, environmentsKey]) });
  const base = layerOf(top, { ...root, entries: root.entries.filter(({ value }) => value !== section) }, nothing);
  const environment = object(fields(fileSettings), { expects: 'a map of settings', elsewhere });
  const named = section?.type === 'map' ? section.entries : [];
  const misplaced = section && section.type !== 'map' ? [problemAt(section.at, expectedFault('a map of environments', section))] : [];
  return {
    base: { ...base, problems: [...base.problems, ...misplaced] },
    environments: new Map(named.map((entry) => [entry.key, readEnvironment(environment, entry, base)])),
    spot: section?.at,
  };
}

function readEnvironment(kind: Kind<GivenValues>, { key, value }: MapEntry, base: Layer): Layer {
  if (key.trim() === '') return { ...nothing, problems: [problemAt(value.at, emptyFault('a name'))] };
  // `staging:` with nothing under it is an environment that differs in nothing.
  const node: Node = value.type === 'nothing' ? { type: 'map', at: value.at, entries: [] } : value;
  return layerOf(kind, node, base);
}

/** What is lacking in settings that several layers give together. */
export const lackingIn = ({ values, spots }: Pick<Layer, 'values' | 'spots'>, names: readonly SettingName[]): readonly Problem[] => names.flatMap((name) => {
  const kind: Kind<unknown> = settings[name].kind;
  return (values[name] === undefined ? [] : kind.lacks?.(values[name]) ?? []).map((lack) => problemAt(spots[name] ?? { where: name }, lackFault(lack)));
});
