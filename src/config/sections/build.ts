import { word } from '../kit/text.js';
import { defined } from '../kit/record.js';
import { section, type Filled } from '../setting.js';
import { dockerName, path } from '../values/argument.js';
import { buildSecrets } from '../values/build-secrets.js';
import { buildArguments, imageLabels } from '../values/key-value.js';
import { platformList } from '../values/platforms.js';

export const build = section('Build', ['deploy', 'build', 'pr-check'], {
  'context': {
    description: 'Folder that is sent to the build, relative to the workspace. The image is tagged with the commit that is checked out there.',
    fallback: '.',
    kind: path,
  },
  'dockerfile': {
    description: 'Path of the Dockerfile, relative to the workspace and not to `context`.',
    default: '`Dockerfile` in the context',
    kind: path,
  },
  'target': {
    description: 'Stage of the Dockerfile to build.',
    default: 'the last stage',
    kind: dockerName('the name of a stage'),
  },
  'platforms': {
    actions: ['deploy', 'build', 'pr-check', 'setup'],
    description: 'Platforms to build for, separated by commas or line breaks: `linux/amd64,linux/arm64`. The builder must list each of them.',
    descriptionFor: { setup: 'Platforms that the builder must support, separated by commas or line breaks. For those that it lacks, emulation is installed.' },
    default: 'the native platform of the builder',
    examples: ['linux/amd64'],
    kind: platformList,
  },
  'build-args': {
    description: 'Build arguments, one `KEY=VALUE` per line; a map in the settings file. They can be read from the image: use `build-secrets` for secrets.',
    examples: [{ NODE_ENV: 'production' }],
    kind: buildArguments,
  },
  'build-secrets': {
    secret: true,
    description: 'Secrets for `RUN --mount=type=secret,id=ID`, one `ID=VALUE` or `ID=env:NAME` per line. In the settings file, a map of `ID: env:NAME`, where NAME is an environment variable.',
    examples: [{ 'npm-token': 'env:NPM_TOKEN' }],
    kind: buildSecrets,
  },
  'labels': {
    description: 'Labels of the image, one `KEY=VALUE` per line; a map in the settings file.',
    examples: [{ 'org.opencontainers.image.title': 'api' }],
    kind: imageLabels,
  },
  'builder': {
    actions: ['deploy', 'build', 'pr-check', 'setup'],
    description: 'Name of the builder, as `docker buildx ls` lists it.',
    descriptionFor: { setup: 'Name of the builder. It is created if it does not exist.' },
    default: 'the current builder',
    kind: dockerName('the name of a builder'),
  },
  'cache': {
    description: 'Where layers are cached between runs: `none`, `registry` (next to the image) or `gha` (the GitHub Actions cache).',
    fallback: 'none',
    kind: word(['none', 'registry', 'gha']),
  },
});

/** How the image is built. */
export const buildOf = (values: Filled<typeof build.settings>, secrets: Readonly<Record<string, string>>) => defined({
  context: values.context,
  dockerfile: values.dockerfile,
  target: values.target,
  builder: values.builder,
  buildArgs: values['build-args'] ?? {},
  /** id → value; passed to the build by files, never by argument. Already masked when Config is handed out. */
  buildSecrets: secrets,
  /** Empty: what the builder builds when no platform is named, its own. */
  platforms: values.platforms ?? [],
  labels: values.labels ?? {},
  cache: values.cache,
});
export type BuildConfig = ReturnType<typeof buildOf>;
