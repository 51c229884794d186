import { actionNames, actions } from './actions.js';
import { descriptionOf } from './setting.js';
import { settings, settingsOf } from './settings.js';

/** A flag of a command of the terminal. */
export interface CommandFlag {
  readonly name: string;
  readonly description: string;
  readonly default?: string;
  readonly isBoolean: boolean;
  /** Its value would stand in the list of processes. */
  readonly fromEnvironmentOnly: boolean;
}

/** The commands of the terminal with their flags: the actions and their inputs. A kubeconfig is given by its path there. */
export const commands = Object.fromEntries(actionNames.map((action) => [action, {
  description: actions[action].description,
  flags: settingsOf(action).map((name): CommandFlag => ({
    name,
    description: descriptionOf(settings[name], action),
    default: settings[name].default,
    isBoolean: settings[name].flag,
    fromEnvironmentOnly: settings[name].secret && name !== 'kubeconfig',
  })),
}]));
