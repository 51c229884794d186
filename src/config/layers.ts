import type { Problem } from '../outcome/errors.js';
import { fileSettings, isSettingName, settings, settingsOf, type SettingName, type Values } from './settings.js';
import type { ActionName } from '../outcome/action.js';
import { emptyFault, expectedFault, unknownKey } from './fault-texts.js';
import { unknownInput } from './unknown-input.js';
import type { Kind } from './kinds.js';
import type { MapEntry, MapNode } from './node.js';
import { below, problemAt, wrong, type Reading, type Spot } from './reading.js';

/** What one source says: the inputs, the top of the settings file, or one environment of it. */
export interface Layer {
  readonly values: Values;
  /** Where each of them stands. */
  readonly spots: Readonly<Partial<Record<SettingName, Spot>>>;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

type One = readonly [SettingName, Spot, Reading<unknown>];

function layerOf(readings: readonly One[], more: readonly Problem[] = []): Layer {
  const valid = readings.filter(([, , reading]) => reading.value !== undefined);
  return {
    // Each reading was made by the kind of its setting, which is what the type of Values is made from.
    values: Object.fromEntries(valid.map(([name, , reading]) => [name, reading.value])) as Values,
    spots: Object.fromEntries(readings.map(([name, spot]) => [name, spot])),
    problems: [...more, ...readings.flatMap(([, , reading]) => reading.problems)],
    warnings: readings.flatMap(([, , reading]) => reading.warnings),
  };
}

const kindOf = (name: SettingName): Kind<unknown> => settings[name].kind as Kind<unknown>;

/** The inputs of an action. An empty or blank text means that the input was not given. */
export function readInputs(action: ActionName, inputs: Readonly<Record<string, string>>): Layer {
  const known = settingsOf(action);
  const given = Object.entries(inputs).filter(([, text]) => text.trim() !== '');
  const unknown = given.filter(([name]) => !known.some((candidate) => candidate === name))
    .map(([name]) => (isSettingName(name) && !settings[name].asInput
      ? problemAt({ where: `input ${name}` }, { message: 'can only stand in the settings file', hint: `Put \`${name}:\` there.` })
      : problemAt({ where: 'inputs' }, unknownInput(name, action))));
  return layerOf(given.flatMap(([name, text]): readonly One[] => {
    if (!isSettingName(name) || !known.includes(name)) return [];
    const spot = { where: `input ${name}` };
    return [[name, spot, kindOf(name).fromText(text, spot)]];
  }), unknown);
}

export interface FileLayers {
  readonly base: Layer;
  /** By name. */
  readonly environments: ReadonlyMap<string, Layer>;
  /** That of the key `environments`; undefined when there is none. */
  readonly spot?: Spot;
}

const environmentsKey = 'environments';

/** The settings of a file, with every environment read and checked, whichever of them is wanted. */
export function readFileLayers(file: string, root: MapNode): FileLayers {
  const top: Spot = { where: '', file };
  const entry = root.entries.find(({ key }) => key === environmentsKey);
  const base = readMap(root.entries.filter((other) => other !== entry), top, [...fileSettings, environmentsKey]);
  if (entry === undefined) return { base, environments: new Map() };
  const spot = below(top, environmentsKey, entry.at);
  if (entry.value.type !== 'map') {
    const { problems } = wrong(spot, expectedFault('a map of environments', entry.value));
    return { base: { ...base, problems: [...base.problems, ...problems] }, environments: new Map(), spot };
  }
  return { base, environments: new Map(entry.value.entries.map((one) => [one.key, readEnvironment(one, spot)])), spot };
}

function readEnvironment({ key, at, value }: MapEntry, parent: Spot): Layer {
  const spot = below(parent, key, at);
  if (key.trim() === '') return layerOf([], wrong(spot, emptyFault('a name')).problems);
  // `staging:` with nothing under it is an environment that differs in nothing.
  if (value.type === 'null') return layerOf([]);
  if (value.type !== 'map') return layerOf([], wrong(spot, expectedFault('a map of settings', value)).problems);
  return readMap(value.entries, spot, fileSettings);
}

function readMap(entries: readonly MapEntry[], parent: Spot, known: readonly string[]): Layer {
  const problems: Problem[] = [];
  const readings = entries.flatMap(({ key, at, value }): readonly One[] => {
    const spot = below(parent, key, at);
    if (isSettingName(key) && settings[key].inFile) return [[key, spot, kindOf(key).fromNode(value, spot)]];
    const fault = isSettingName(key)
      ? { message: 'cannot stand in the settings file', hint: settings[key].outsideHint }
      : unknownKey(key, known);
    problems.push(problemAt(isSettingName(key) ? spot : { ...spot, where: parent.where || 'settings file' }, fault));
    return [];
  });
  return layerOf(readings, problems);
}

/** What the layers say together, the highest last: maps are joined name by name, everything else is replaced. */
export function mergeLayers(layers: readonly Layer[]): Pick<Layer, 'values' | 'spots'> {
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer.values) as readonly (readonly [SettingName, unknown])[]) {
      const { merge } = kindOf(name);
      values[name] = merge && values[name] !== undefined ? merge(values[name], value) : value;
    }
  }
  return { values: values as Values, spots: Object.assign({}, ...layers.map((layer) => layer.spots)) as Layer['spots'] };
}
