import { actionNames } from '../../outcome/action.js';
import { flag } from '../kit/text.js';
import { section } from '../setting.js';
import { argument, path } from '../values/argument.js';
import { label } from '../values/kubernetes-names.js';

/** The settings file that is read when none is named. */
export const defaultSettingsFile = '.github/deploy.yml';

export const run = section('The run', actionNames, {
  'config': {
    inFile: false,
    description: 'Path of the settings file.',
    default: `\`${defaultSettingsFile}\`, if it exists`,
    kind: path,
  },
  'environment': {
    inFile: false,
    description: 'Name of the environment. What the settings file says under `environments:` for this name wins over what it says at the top.',
    examples: ['production'],
    kind: argument('a name'),
  },
  'app': {
    description: 'Name of the app, for the records of its deployments. Lower-case letters, digits and dashes. Give one where two images in a namespace end alike (`shop/api`, `billing/api`).',
    default: 'the last part of `image`, else the name of the repository',
    examples: ['api'],
    kind: label('a name'),
  },
  'dry-run': {
    inFile: false,
    description: '`true`: say what the run would do, and change nothing.',
    fallback: 'false',
    kind: flag,
  },
});
