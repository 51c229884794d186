import type { ActionName } from '../outcome/action.js';
import { buildSettings } from './settings-build.js';
import { clusterSettings } from './settings-cluster.js';
import { rolloutSettings } from './settings-rollout.js';
import type { Setting } from './setting.js';
import { gateSettings, imageSettings, registrySettings, runSettings } from './settings-run.js';

/** Every setting there is, in the order of the docs. All that is known of settings elsewhere is made from this table. */
export const settings = {
  ...runSettings, ...gateSettings, ...imageSettings, ...buildSettings, ...registrySettings, ...clusterSettings, ...rolloutSettings,
} as const;

type Table = typeof settings;
export type SettingName = keyof Table;
/** The values of the settings that were given. */
type ValueOf<S> = S extends Setting<infer T> ? T : never;
export type Values = { readonly [Name in SettingName]?: ValueOf<Table[Name]> };

export const settingNames = Object.keys(settings) as readonly SettingName[];
/** Settings that an action takes, wherever they stand. */
export const takenBy = (action: ActionName): readonly SettingName[] =>
  settingNames.filter((name) => (settings[name].actions as readonly ActionName[]).includes(action));
/** Those of them that are its inputs, and its flags in the terminal. */
export const settingsOf = (action: ActionName): readonly SettingName[] => takenBy(action).filter((name) => settings[name].asInput);
/** Settings that can stand in the settings file. */
export const fileSettings: readonly SettingName[] = settingNames.filter((name) => settings[name].inFile);
/** Inputs whose raw text is to be masked before anything else happens; see `secretsIn` for what exactly. */
export const secretInputs: readonly SettingName[] = settingNames.filter((name) => settings[name].secret);

export const isSettingName = (name: string): name is SettingName => Object.hasOwn(settings, name);
