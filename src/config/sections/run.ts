import { actionNames } from '../../outcome/action.js';
import { flag, text } from '../kit/text.js';
import { labelPattern, parseLabel } from '../kubernetes-names.js';
import { section } from '../setting.js';
import { parseArgument } from '../text.js';

/** The settings file that is read when none is named. */
export const defaultSettingsFile = '.github/deploy.yml';

export const run = section('The run', actionNames, {
  'config': {
    inFile: false,
    description: 'Path of the settings file.',
    default: `\`${defaultSettingsFile}\`, if it exists`,
    kind: text(parseArgument, { expects: 'a path' }),
  },
  'environment': {
    inFile: false,
    description: 'Name of the environment. What the settings file says under `environments:` for this name wins over what it says at the top.',
    examples: ['production'],
    kind: text(parseArgument, { expects: 'a name' }),
  },
  'app': {
    description: 'Name of the app, for the records of its deployments. Lower-case letters, digits and dashes. Give one where two images in a namespace end alike (`shop/api`, `billing/api`).',
    default: 'the last part of `image`, else the name of the repository',
    examples: ['api'],
    kind: text(parseLabel, { expects: 'a name', schema: { pattern: labelPattern } }),
  },
  'dry-run': {
    inFile: false,
    description: '`true`: say what the run would do, and change nothing.',
    fallback: 'false',
    kind: flag,
  },
});
