import { imageActions } from '../../outcome/action.js';
import { section, type Filled } from '../setting.js';
import { path } from '../values/argument.js';
import { script } from '../values/script.js';

export const test = section('Test gate', ['deploy', 'build', 'pr-check'], {
  'test': {
    description: 'Commands that must succeed before anything is built, one per line. They run as one script with `bash -eo pipefail`.',
    descriptionFor: { 'pr-check': 'Commands of the test gate, one per line. They are shown in the plan and not run.' },
    examples: ['npm ci\nnpm test'],
    kind: script,
  },
  'working-directory': {
    actions: imageActions,
    description: 'Folder in which the commands of `test` and `command` run.',
    fallback: '.',
    kind: path,
  },
});

/** Commands that run by `bash -eo pipefail` before anything is built, in a folder that is relative to the workspace. */
export const gateOf = ({ test: lines = [], 'working-directory': workingDirectory }: Filled<typeof test.settings>) =>
  (lines.length > 0 ? { commands: lines, workingDirectory } : undefined);
export type GateConfig = NonNullable<ReturnType<typeof gateOf>>;
