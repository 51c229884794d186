import { parseSecretLine, parseSecretReference, variablePattern, type SecretSource } from './build-secrets.js';
import { parseChoice } from './choices.js';
import { argumentPattern, checkArgument, checkLabel, imageLabelPattern, parseKeyValue, secretIdPattern } from './key-value.js';
import { single } from './kinds.js';
import { list, repeated } from './list.js';
import { map } from './map.js';
import { parsePlatform, platformsAndAliases } from './platforms.js';
import { setting } from './setting.js';
import { longLimit, parseArgument, parseDockerName, usualLimit } from './text.js';
import type { ActionName } from '../outcome/action.js';

const builders: readonly ActionName[] = ['deploy', 'build'];
export const caches = ['none', 'registry', 'gha'] as const;

const mapSchema = (pattern: string, values: object = { type: ['string', 'number', 'boolean'] }) =>
  ({ type: 'object', propertyNames: { pattern }, additionalProperties: values });

export const buildSettings = {
  'context': setting({
    topic: 'build', actions: builders,
    description: 'Folder that is sent to the build, relative to the workspace. The commit that is checked out there names the image.',
    default: '`.`',
    kind: single(parseArgument, { expects: 'a path' }),
  }),
  'dockerfile': setting({
    topic: 'build', actions: builders,
    description: 'Path of the Dockerfile, relative to the workspace and not to `context`.',
    default: '`Dockerfile` in the context',
    kind: single(parseArgument, { expects: 'a path' }),
  }),
  'target': setting({
    topic: 'build', actions: builders,
    description: 'Stage of the Dockerfile to build.',
    default: 'the last stage',
    kind: single(parseDockerName, { expects: 'the name of a stage' }),
  }),
  'platforms': setting({
    topic: 'build', actions: builders,
    description: 'Platforms to build for, separated by commas or line breaks: `linux/amd64,linux/arm64`. The builder must list each of them.',
    default: 'what the builder builds without emulation',
    examples: ['linux/amd64'],
    kind: list(parsePlatform, {
      expects: 'a list of platforms', item: 'a platform such as linux/amd64', separator: ',',
      itemSchema: { enum: platformsAndAliases }, check: repeated((platform) => platform),
    }),
  }),
  'build-args': setting({
    topic: 'build', actions: builders,
    description: 'Build arguments, one `KEY=VALUE` per line; a map in the settings file. They can be read from the image: secrets go into `build-secrets`.',
    examples: [{ NODE_ENV: 'production' }],
    kind: map<string>({
      expects: 'a map of names and values', limit: longLimit, schema: mapSchema(argumentPattern),
      parseEntry: checkArgument, lines: { form: 'KEY=VALUE', parse: parseKeyValue(checkArgument), inFile: true },
    }),
  }),
  'build-secrets': setting({
    topic: 'build', actions: builders, secret: true,
    description: 'Secrets for `RUN --mount=type=secret,id=ID`, one `ID=VALUE` or `ID=env:NAME` per line. In the settings file a map with `env:NAME` only, the name of an environment variable.',
    examples: [{ 'npm-token': 'env:NPM_TOKEN' }],
    kind: map<SecretSource>({
      expects: 'a map of ids and "env:NAME"', limit: usualLimit, largeHint: 'Give a long secret by an environment variable of the step: ID=env:NAME.', schema: mapSchema(secretIdPattern, { type: 'string', pattern: variablePattern }),
      parseEntry: parseSecretReference, lines: { form: 'ID=VALUE', parse: parseSecretLine, inFile: false },
    }),
  }),
  'labels': setting({
    topic: 'build', actions: builders,
    description: 'Labels of the image, one `KEY=VALUE` per line; a map in the settings file.',
    examples: [{ 'org.opencontainers.image.title': 'api' }],
    kind: map<string>({
      expects: 'a map of names and values', limit: usualLimit, schema: mapSchema(imageLabelPattern),
      parseEntry: checkLabel, lines: { form: 'KEY=VALUE', parse: parseKeyValue(checkLabel), inFile: true },
    }),
  }),
  'builder': setting({
    topic: 'build', actions: builders,
    description: 'Name of the builder, as `docker buildx ls` lists it.',
    default: 'the one that is in use',
    kind: single(parseDockerName, { expects: 'the name of a builder' }),
  }),
  'cache': setting({
    topic: 'build', actions: builders,
    description: 'Where layers are kept between runs: `none`, `registry` (beside the image) or `gha` (the cache of GitHub Actions).',
    default: '`none`',
    kind: single(parseChoice(caches), { expects: 'none, registry or gha', schema: { enum: caches } }),
  }),
};
