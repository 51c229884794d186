import { actionNames, takers } from '../../outcome/action.js';
import { flag, word } from '../kit/text.js';
import { section } from '../setting.js';
import { argument, path } from '../values/argument.js';
import { label } from '../values/kubernetes-names.js';
import { webAddress } from '../values/web-address.js';

/** The settings file that is read when none is named. */
export const defaultSettingsFile = '.github/deploy.yml';

export const run = section('The run', actionNames, {
  'config': {
    actions: takers, inFile: false,
    description: 'Path of the settings file.',
    default: `\`${defaultSettingsFile}\`, if it exists`,
    kind: path,
  },
  'environment': {
    actions: takers, inFile: false,
    description: 'Name of the environment. Settings under `environments:` with this name override those at the top of the settings file.',
    descriptionFor: { 'pr-check': 'Names of the environments to check, separated by commas or line breaks. Without it, every environment of the settings file is checked.' },
    examples: ['production'],
    kind: argument('a name'),
  },
  'environment-url': {
    actions: ['deploy', 'rollout', 'rollback', 'pr-check'],
    description: 'Address where users reach the app. The summary links to it.',
    examples: ['https://api.acme.example'],
    kind: webAddress,
  },
  'app': {
    description: 'Name of the app in the records of its deployments: lower-case letters, digits and dashes. Set it if two images in a namespace have the same last part (`shop/api`, `billing/api`).',
    default: 'the last part of `image`, or the name of the repository',
    examples: ['api'],
    kind: label('a name'),
  },
  'dry-run': {
    inFile: false,
    description: '`true`: print what the run would do, and change nothing.',
    descriptionFor: { 'pr-check': '`true`: write no comment and no check run. Nothing is built or deployed in any case.' },
    fallback: 'false',
    kind: flag,
  },
  'log': {
    inFile: false,
    description: '`text`: a log for people. `json`: one JSON object on each line, with the time, the level, the stage and the id of the run. docs/observability.md lists the fields.',
    fallback: 'text',
    kind: word(['text', 'json']),
  },
});
