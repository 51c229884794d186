import type { Taker } from '../outcome/action.js';
import { backup, restore } from './sections/backup.js';
import { build } from './sections/build.js';
import { calendar } from './sections/calendar.js';
import { cluster } from './sections/cluster.js';
import { command } from './sections/command.js';
import { databases } from './sections/databases.js';
import { disaster } from './sections/disaster.js';
import { github } from './sections/github.js';
import { image } from './sections/image.js';
import { metrics } from './sections/metrics.js';
import { migrate } from './sections/migrate.js';
import { notify } from './sections/notify.js';
import { policy } from './sections/policy.js';
import { pullRequest } from './sections/pull-request.js';
import { registry } from './sections/registry.js';
import { rollout } from './sections/rollout.js';
import { run } from './sections/run.js';
import { setup } from './sections/setup.js';
import { smoke } from './sections/smoke.js';
import { test } from './sections/test.js';
import { watch } from './sections/watch.js';
import type { Setting, Values } from './setting.js';

/** Every section, in the order of the docs. @public for scripts/generate */
export const sections = [
  run, test, image, build, registry, cluster, rollout, command, smoke, watch, calendar, policy, databases, backup, restore, disaster, migrate,
  notify, github, metrics, pullRequest, setup,
] as const;

/** All settings. Everything else about settings is derived from this table. */
export const settings = {
  ...run.settings, ...test.settings, ...image.settings, ...build.settings, ...registry.settings, ...cluster.settings,
  ...rollout.settings, ...command.settings, ...smoke.settings, ...watch.settings, ...calendar.settings, ...policy.settings,
  ...databases.settings, ...backup.settings, ...restore.settings, ...disaster.settings, ...migrate.settings,
  ...notify.settings, ...github.settings, ...metrics.settings, ...pullRequest.settings, ...setup.settings,
} as const;

export type SettingName = keyof typeof settings;
/** The values of the settings that were given. */
export type GivenValues = Values<typeof settings>;

const table: Readonly<Record<SettingName, Setting>> = settings;
export const settingNames = Object.keys(settings) as readonly SettingName[];
/** Settings that an action takes, as inputs or in the file. */
export const takenBy = (action: Taker): readonly SettingName[] => settingNames.filter((name) => table[name].actions.includes(action));
/** Those of them that are its inputs, and its flags in the terminal. */
export const settingsOf = (action: Taker): readonly SettingName[] => takenBy(action)
  .filter((name) => table[name].kind.fromText && (table[name].asInput ?? table[name].actions).includes(action));
/** Settings that are allowed in the settings file. */
export const fileSettings: readonly SettingName[] = settingNames.filter((name) => settings[name].inFile);
/** Inputs whose raw text is to be masked before anything else happens; see `rawSecrets` for what exactly. */
export const secretInputs: readonly SettingName[] = settingNames.filter((name) => settings[name].secret);

export const isSettingName = (name: string): name is SettingName => Object.hasOwn(settings, name);
