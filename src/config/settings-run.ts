import { actionNames } from '../outcome/action.js';
import { bad, good } from './checked.js';
import { digestPattern, parseDigest } from './digest.js';
import { imageNamePattern, parseImageName } from './image-name.js';
import { flag, script, single, type Kind } from './kinds.js';
import { labelPattern, parseLabel } from './kubernetes-names.js';
import { list } from './list.js';
import { readingOf, wrong } from './reading.js';
import { parseRegistry, registryPattern } from './registry.js';
import { withoutLineEnd } from './secrets.js';
import { setting } from './setting.js';
import { parseTag, tagPattern } from './tags.js';
import { longLimit, parseArgument, tooLarge, usualLimit } from './text.js';

/** The settings file that is read when none is named. */
export const defaultSettingsFile = '.github/deploy.yml';

export const runSettings = {
  'config': setting({
    topic: 'run', actions: actionNames, inFile: false,
    description: 'Path of the settings file.',
    default: `\`${defaultSettingsFile}\`, if it exists`,
    kind: single(parseArgument, { expects: 'a path' }),
  }),
  'environment': setting({
    topic: 'run', actions: actionNames, inFile: false,
    description: 'Name of the environment. What the settings file says under `environments:` for this name wins over what it says at the top.',
    examples: ['production'],
    kind: single(parseArgument, { expects: 'a name' }),
  }),
  'app': setting({
    topic: 'run', actions: actionNames,
    description: 'Name of the app, for the records of its deployments. Lower-case letters, digits and dashes. Give one where two images in a namespace end alike (`shop/api`, `billing/api`).',
    default: 'the last part of `image`, else the name of the repository',
    examples: ['api'],
    kind: single(parseLabel, { expects: 'a name', schema: { pattern: labelPattern } }),
  }),
  'dry-run': setting({
    topic: 'run', actions: actionNames, inFile: false, flag: true,
    description: '`true`: say what the run would do, and change nothing.',
    default: '`false`',
    kind: flag,
  }),
};

export const gateSettings = {
  'test': setting({
    topic: 'gate', actions: ['deploy', 'build'],
    description: 'Commands that must succeed before anything is built, one per line. They run in one `bash -eo pipefail`.',
    examples: ['npm ci\nnpm test'],
    kind: script({ expects: 'commands, as text or as a list', limit: longLimit }),
  }),
  'working-directory': setting({
    topic: 'gate', actions: ['deploy', 'build'],
    description: 'Folder in which the commands of `test` run.',
    default: '`.`',
    kind: single(parseArgument, { expects: 'a path' }),
  }),
};

export const imageSettings = {
  'image': setting({
    topic: 'image', actions: actionNames, requiredBy: ['rollout'],
    description: 'Repository of the image, without a tag. The image is built unless `digest` names one that exists.',
    descriptionFor: {
      build: 'Repository of the image to build and push, without a tag.',
      rollout: 'Repository of the image, without a tag.',
      rollback: 'Repository of the image, without a tag. Only its releases count, and only workloads that run it are changed. It gives `app` and `registry` their defaults.',
    },
    examples: ['ghcr.io/acme/api'],
    kind: single(parseImageName, { expects: 'the name of an image', schema: { pattern: imageNamePattern, maxLength: 255 } }),
  }),
  'digest': setting({
    topic: 'image', actions: ['deploy', 'rollout'], requiredBy: ['rollout'],
    description: 'Deploy this existing image, `sha256:…`, and build nothing.',
    descriptionFor: { rollout: 'Digest of the image to roll out, `sha256:…`.' },
    kind: single(parseDigest, { expects: 'a digest', schema: { pattern: digestPattern } }),
  }),
  'tags': setting({
    topic: 'image', actions: ['deploy', 'build'],
    description: 'Tags of the image, separated by commas or line breaks. Tags that move, such as `latest`, move only after a good verdict.',
    default: 'the full sha of the commit that is checked out, and `latest` when it is the one of the default branch that the event names',
    examples: ['1.4.2, latest'],
    kind: unique(list(parseTag, {
      expects: 'a list of tags', item: 'a tag such as 1.4.2', separator: ',', accepts: ['text', 'number'],
      itemSchema: { type: ['string', 'number'], pattern: tagPattern },
    })),
  }),
};

/** Two ways to the same tag, e.g. a branch that is called `latest`, are no mistake. */
function unique(kind: Kind<readonly string[]>): Kind<readonly string[]> {
  return {
    ...kind,
    fromText: (text, spot) => without(kind.fromText(text, spot)),
    fromNode: (node, spot) => without(kind.fromNode(node, spot)),
  };
}
const without = <R extends { readonly value?: readonly string[] }>(reading: R): R =>
  (reading.value === undefined ? reading : { ...reading, value: [...new Set(reading.value)] });

/** A secret is taken as it is, whatever it is made of: the key of a service account is a JSON file on a dozen lines. */
const password: Kind<string> = {
  schema: { type: 'string', minLength: 1 },
  fromText: (text, spot) => {
    const fault = tooLarge(text, usualLimit, 'A password or token for a registry is shorter: check what the secret holds.');
    if (fault) return wrong(spot, fault);
    const blank = text.trim() === '';
    return readingOf(spot, blank ? bad('is blank', 'Check that the secret exists and that this run may read it.') : good(withoutLineEnd(text)));
  },
  fromNode: (_, spot) => wrong(spot, { message: 'cannot stand in the settings file' }),
};

export const registrySettings = {
  'registry': setting({
    topic: 'registry', actions: actionNames,
    description: 'Host of the registry to log in to.',
    default: 'the host in `image`',
    examples: ['ghcr.io'],
    kind: single(parseRegistry, { expects: 'a host', schema: { pattern: registryPattern } }),
  }),
  'registry-username': setting({
    topic: 'registry', actions: actionNames,
    description: 'User name for the registry. Without it, the login that Docker has already is used.',
    kind: single(parseArgument, { expects: 'a user name' }),
  }),
  'registry-password': setting({
    topic: 'registry', actions: actionNames, secret: true,
    inFile: false,
    outsideHint: 'Give it as the input `registry-password` from a secret. If this was a real password, replace it: it is in the history of the repository.',
    description: 'Password, token or JSON key for the registry; it may have several lines. It is handed over by standard input, and never printed.',
    kind: password,
  }),
};
