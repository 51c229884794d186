import type { ActionName } from '../outcome/action.js';
import type { CommandTable, Flag } from '../ports/command-line.js';
import { actions } from './actions.js';
import { defaultOf } from './kit/kind.js';
import { mapValues } from './kit/record.js';
import { descriptionOf } from './setting.js';
import { settings, settingsOf } from './settings.js';

/** The commands of the terminal: the actions, with their inputs as flags. A kubeconfig is given by its path there. */
export const commands: CommandTable<ActionName> = mapValues(actions, ({ description }, action) => ({
  description,
  flags: settingsOf(action).map((name): Flag => ({
    name,
    description: descriptionOf(settings[name], action),
    default: defaultOf(settings[name]),
    isBoolean: settings[name].fallback === 'false',
    fromEnvironmentOnly: settings[name].secret && name !== 'kubeconfig',
  })),
}));
