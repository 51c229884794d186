import { ConfigError } from '../outcome/errors.js';
import type { Files } from '../ports/files.js';
import { readDocuments, type Documents } from './documents.js';
import { defined } from './kit/record.js';
import { noLayers, readFileLayers, readInputs, wantedEnvironment, type Layer } from './layers.js';
import { settingsPath } from './parse.js';
import { login } from './rules.js';
import { loginOf } from './sections/registry.js';
import { setupParts } from './sections/setup.js';
import { takenBy, type GivenValues } from './settings.js';

/** How a machine is prepared. */
const setupOf = (values: GivenValues) => {
  const wanted: readonly (typeof setupParts)[number][] = values.parts ?? setupParts;
  return defined({
    /** Present when a builder is wanted. */
    builder: wanted.includes('builder') ? defined({
      /** It is created if it does not exist. Undefined: the current one, unless that is a part of the Docker daemon. */
      name: values.builder,
      /** Those that it must support; empty: its own. */
      platforms: values.platforms ?? [],
      buildkitImage: values['buildkit-image'],
      emulationImage: values['emulation-image'],
    }) : undefined,
    login: loginOf(values, values.image),
    /** Present when kubectl is wanted. `version` undefined: whatever is on the machine. */
    kubectl: wanted.includes('kubectl') ? defined({
      version: values['kubectl-version'], url: values['kubectl-url'], sha256: values['kubectl-sha256'],
    }) : undefined,
    /** Present when Helm is wanted. */
    helm: values['helm-version'] === undefined ? undefined : defined({
      version: values['helm-version'], url: values['helm-url'], sha256: values['helm-sha256'],
    }),
  });
};
export type SetupConfig = ReturnType<typeof setupOf>;

/**
 * Combines the inputs of `setup` with what the settings file says of the builder, the image and kubectl. Problems of the file are
 * left to the action that deploys, which reports all of them at once: here a setting that cannot be read is one that is not given.
 * Throws ConfigError with all problems of the inputs.
 */
function parseSetup(inputs: Readonly<Record<string, string>>, file: Documents['file']): SetupConfig {
  const { base, environments } = file?.reading && 'root' in file.reading ? readFileLayers(file.reading.root) : noLayers;
  const given = readInputs('setup', inputs, readable(environments.get(wantedEnvironment(inputs) ?? '') ?? base));
  if (given.problems.length > 0) throw new ConfigError(given.problems);
  const own = takenBy('setup');
  const values = Object.fromEntries(own.flatMap((name) => (given.values[name] === undefined ? [] : [[name, given.values[name]]]))) as GivenValues;
  const problems = login({ values, spots: given.spots, action: 'setup', inputs: given.given, notChosen: [] });
  if (problems.length > 0) throw new ConfigError(problems);
  return setupOf(values);
}

/** Reads the settings file, if there is one, and parses everything. Throws ConfigError. */
export async function loadSetup(inputs: Readonly<Record<string, string>>, files: Pick<Files, 'readText'>): Promise<SetupConfig> {
  const path = settingsPath(inputs);
  const text = await files.readText(path).catch(() => undefined);
  return parseSetup(inputs, readDocuments(path, text, undefined).file);
}

/** A setting that was given and could not be read has a symbol for its value. */
const readable = (layer: Layer): Layer =>
  ({ ...layer, values: Object.fromEntries(Object.entries(layer.values).filter(([, value]) => typeof value !== 'symbol')) });
