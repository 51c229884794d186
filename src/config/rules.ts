import type { Problem } from '../outcome/errors.js';
import type { ActionName, Taker } from '../outcome/action.js';
import { both, quote } from './kit/checked.js';
import { suggestion } from './kit/did-you-mean.js';
import { checkData } from './data-rules.js';
import { contextFault, type Kubeconfig } from './values/kubeconfig.js';
import type { Layer } from './layers.js';
import type { Spot } from './kit/node.js';
import { problemAt } from './kit/report.js';
import { registryOf } from './values/registry.js';
import { parseReleaseName } from './values/release-name.js';
import { build } from './sections/build.js';
import { calendar } from './sections/calendar.js';
import { cluster } from './sections/cluster.js';
import { rollout } from './sections/rollout.js';
import { smoke } from './sections/smoke.js';
import { defaultLevels } from './values/policy-rules.js';
import { settings, settingNames, type GivenValues, type SettingName } from './settings.js';
import { placeWords, settingText } from '../outcome/place-words.js';

/** The settings of a run, all sources together, with their places. */
export interface Settings extends Pick<Layer, 'values' | 'spots'> {
  readonly action: ActionName;
  /** What it says, when its content was given. */
  readonly kubeconfig?: Kubeconfig;
  /** Those that were given for this run alone, so they must have an effect. */
  readonly inputs: readonly SettingName[];
  /** Environments of the settings file that name a target, if the run has not chosen one. */
  readonly notChosen: readonly string[];
  /** The names of all environments of the settings file. */
  readonly environments: readonly string[];
}

/** What the rule of the login looks at. */
type LoginSettings = Omit<Settings, 'action' | 'environments'> & { readonly action: Taker };

interface Findings { readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] }

/** Checks combinations: settings that require, contradict or disable each other. */
export function checkTogether(given: Settings): Findings {
  const rules = [required, something, oneTarget, commandsNeeded, noServices, namedRelease, nothingRolledOut, imageNeeded, login, context, othersExist];
  const doubts = [withoutEffect, elsewhere, smokeAlone, overrideAlone, environmentMissing, notCompared, noObjects];
  return { problems: [...rules.flatMap((rule) => rule(given)), ...checkData(given)], warnings: doubts.flatMap((rule) => rule(given)) };
}

const spotOf = ({ spots }: Pick<Settings, 'spots'>, name: SettingName): Spot => spots[name] ?? { where: placeWords().given(name) };
const has = (values: GivenValues, name: SettingName): boolean => {
  const value = values[name];
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
};

/** Whether anything is deployed to. */
const deploys = (values: GivenValues): boolean => has(values, 'workloads') || has(values, 'command');

function required(given: Settings): readonly Problem[] {
  return settingNames
    .filter((name) => settings[name].requiredBy.includes(given.action) && !(name === 'workloads' ? deploys(given.values) : has(given.values, name)))
    .map((name) => problemAt(spotOf(given, name), { message: 'is missing', hint: missing[name] ?? 'Set it.' }));
}

const missing: Readonly<Partial<Record<SettingName, string>>> = {
  image: 'Name the repository of the image, e.g. ghcr.io/acme/api.',
  digest: 'Give the output `digest` of the build that pushed the image.',
  workloads: 'Name the workloads that run the image, e.g. deployment/api.',
};

/** What each action can start from; one of them must be there. */
const starts: Readonly<Partial<Record<ActionName, readonly SettingName[]>>> = {
  deploy: ['test', 'image', 'workloads'], build: ['test', 'image'], rollback: ['workloads', 'image', 'app'],
};

function something({ action, values }: Settings): readonly Problem[] {
  const names = starts[action];
  if (names === undefined) return [];
  if (!names.some((name) => has(values, name)) && !has(values, 'command')) {
    const words = names.map((name) => settingText(name));
    const hint = `Set ${words.slice(0, -1).join(', ')} or ${words.at(-1)}, ${placeWords().givenWhere}.`;
    return [{ where: 'settings', message: action === 'rollback' ? 'nothing to roll back' : 'nothing to do', hint }];
  }
  const idle = action === 'deploy' && has(values, 'digest') && !deploys(values) && !has(values, 'test');
  const hint = `Name the workloads to roll out, or remove ${settingText('digest')} to build the image.`;
  return idle ? [{ where: 'settings', message: `nothing to do: with ${settingText('digest')} nothing is built, and there are no ${settingText('workloads')}`, hint }] : [];
}

/** One environment is deployed to in one way. */
function oneTarget(given: Settings): readonly Problem[] {
  if (!has(given.values, 'workloads') || !has(given.values, 'command')) return [];
  return [problemAt(spotOf(given, 'command'), {
    message: `cannot be combined with ${settingText('workloads')} (${placeOf(spotOf(given, 'workloads'))}): each of them deploys`,
    hint: 'Keep one. In an environment of the settings file, `workloads: []` clears those at the top; move a `command` from the top into the environments that use it.',
  })];
}

const placeOf = ({ file, line, column, where }: Spot): string => (file === undefined ? where : [file, line, column].filter((part) => part !== undefined).join(':'));

function commandsNeeded(given: Settings): readonly Problem[] {
  const { command } = given.values;
  if (command === undefined) return [];
  const needed = ['deploy', 'current', ...given.action === 'rollback' ? ['rollback'] as const : []] as const;
  return needed.filter((name) => !command[name]?.length).map((name) => problemAt(spotOf(given, 'command'), {
    message: name === 'rollback' ? 'has no `rollback`, which the rollback action runs' : `has no \`${name}\``, hint: 'Give commands, as text or as a list.',
  }));
}

/** What a command deploys to is reached from the outside. */
function noServices(given: Settings): readonly Problem[] {
  const { command, smoke: checks = [] } = given.values;
  if (command === undefined) return [];
  return checks.flatMap(({ target, at }) => (target.type === 'url' ? [] : [problemAt(at ?? spotOf(given, 'smoke'), {
    message: `checks the Service ${target.name} of a cluster, but \`command\` does not deploy to a cluster`, hint: 'Check a URL.',
  })]));
}

/** Releases in a cluster have a revision, digest or commit; a version of `command` is named by whatever `current` prints. */
function namedRelease(given: Settings): readonly Problem[] {
  const { to, command } = given.values;
  const read = to === undefined || command !== undefined ? undefined : parseReleaseName(to);
  return !read || read.ok ? [] : read.faults.map((fault) => problemAt(spotOf(given, 'to'), fault));
}

const namesIn = (...sections: readonly { readonly settings: object }[]): readonly SettingName[] =>
  sections.flatMap((section) => Object.keys(section.settings) as SettingName[]);

const forRollout: readonly SettingName[] = ['digest', ...namesIn(cluster, rollout, smoke, calendar).filter((name) => name !== 'workloads')];

/**
 * A step with inputs for a cluster or a rollout is meant to roll something out. The settings file serves other steps too, and
 * an environment with `workloads: []` rolls nothing out on purpose.
 */
function nothingRolledOut(given: Settings): readonly Problem[] {
  const { action, values, inputs, notChosen } = given;
  if (action !== 'deploy' || values.workloads !== undefined || values.command !== undefined || something(given).length > 0) return [];
  // For a digest without its image, the missing image is reported first.
  const useless = forRollout.filter((name) => inputs.includes(name) && has(values, name) && (name !== 'digest' || has(values, 'image')));
  if (useless.length === 0) return [];
  const where = placeWords().givenTogether(useless);
  const out = `To only test and build, remove ${useless.length === 1 ? 'it' : 'them'}.`;
  const hint = notChosen.length > 0
    ? `The settings file names workloads for the ${notChosen.length === 1 ? 'environment' : 'environments'} ${both(notChosen.map(quote))}: set ${settingText('environment')}. ${out}`
    : `Name the workloads that run the image, e.g. deployment/api. ${out}`;
  return [{ where, message: `nothing is rolled out, because there are no ${settingText('workloads')}`, hint }];
}

/** The file has workloads only in environments, and none was chosen. */
function environmentMissing({ action, values, notChosen }: Settings): readonly Problem[] {
  if (action !== 'deploy' || values.workloads !== undefined || values.command !== undefined || notChosen.length === 0) return [];
  const hint = `To roll out, set ${settingText('environment')}. The file has workloads for ${both(notChosen.map(quote))}.`;
  return [{ where: placeWords().given('environment'), message: `is not set, and only environments of the settings file name ${settingText('workloads')}: nothing is rolled out`, hint }];
}

function imageNeeded(given: Settings): readonly Problem[] {
  if (given.action === 'rollback' || given.action === 'restore' || has(given.values, 'image')) return [];
  // The rollout action says on its own that `image` is missing.
  const names: readonly SettingName[] = given.action === 'rollout' ? [] : ['workloads', 'digest'];
  return names.filter((name) => has(given.values, name)).map((name) => problemAt(spotOf(given, name), {
    message: `needs ${settingText('image')}, which is not given`,
    hint: name === 'workloads' ? 'Name the repository of the image that they run, e.g. ghcr.io/acme/api.' : 'Name the repository that has this digest.',
  }));
}

/** A name and a password belong together, and to a registry. */
export function login(given: LoginSettings): readonly Problem[] {
  const [username, password] = [has(given.values, 'registry-username'), has(given.values, 'registry-password')];
  if (username && password && (given.action === 'rollback' || given.action === 'setup') && !has(given.values, 'registry') && !has(given.values, 'image')) {
    return [problemAt(spotOf(given, 'registry-username'), {
      message: `needs ${settingText('registry')} or ${settingText('image')}, and neither is given`, hint: 'Name the registry to log in to, e.g. ghcr.io.',
    })];
  }
  if (username === password) return [];
  if (password) {
    return [problemAt(spotOf(given, 'registry-password'), {
      message: `needs ${settingText('registry-username')}, which is not given`, hint: `For ghcr.io it is ${placeWords().githubUser}.`,
    })];
  }
  return [problemAt(spotOf(given, 'registry-username'), {
    message: `needs ${settingText('registry-password')}, which is not given or empty`,
    hint: placeWords().emptySecret || placeWords().giveSecret('registry-password'),
  })];
}

function context(given: Settings): readonly Problem[] {
  const fault = given.kubeconfig && contextFault(given.kubeconfig, given.values['kube-context']);
  return fault ? [problemAt(spotOf(given, 'kubeconfig'), fault)] : [];
}

const forBuild = namesIn(build);
const forCluster: readonly SettingName[] = [...namesIn(cluster), 'timeout', 'prove-first', 'advice', 'lock-timeout'];

/** Inputs that do nothing in this run. Those of the file may serve other runs. */
function withoutEffect(given: Settings): readonly Problem[] {
  const { values, inputs } = given;
  const useless = (names: readonly SettingName[], reason: string) => names.filter((name) => inputs.includes(name) && has(values, name))
    .map((name) => problemAt(spotOf(given, name), { message: `has no effect: ${reason}`, hint: 'Remove it.' }));
  const noLogin = has(values, 'registry-username') ? [] : useless(['registry'], `there is no ${settingText('registry-username')} to log in with`);
  const noCluster = has(values, 'command') ? useless(forCluster, '`command` does not deploy to a cluster') : [];
  if (given.action !== 'deploy' && given.action !== 'build') return [...noCluster, ...noLogin];
  return [
    ...(has(values, 'digest') ? useless([...forBuild, 'tags'], `${settingText('digest')} is given, so nothing is built`) : []),
    ...(has(values, 'image') || has(values, 'digest') ? [] : useless([...forBuild, 'tags', 'registry-username'], `there is no ${settingText('image')} to build`)),
    ...(has(values, 'test') || has(values, 'command') ? [] : useless(['working-directory'], `there is no ${settingText('test')}`)),
    ...noCluster, ...noLogin,
  ];
}

/** A login at another registry than that of the image is possible (a base image) and more often a mistake. */
function elsewhere(given: Settings): readonly Problem[] {
  const { registry, image } = given.values;
  if (registry === undefined || image === undefined || registryOf(image) === registry || !has(given.values, 'registry-username')) return [];
  const message = `is ${registry}, but the image is at ${registryOf(image)}`;
  return [problemAt(spotOf(given, 'registry'), { message, hint: placeWords().otherRegistry })];
}

function smokeAlone(given: Settings): readonly Problem[] {
  // As an input it is already an error; in the file it may be for another step, which has the workloads.
  if (given.action !== 'deploy' || !has(given.values, 'smoke') || deploys(given.values) || given.notChosen.length > 0) return [];
  return [problemAt(spotOf(given, 'smoke'), { message: `is not run, because there are no ${settingText('workloads')} to roll out`, hint: 'Name the workloads, or remove it.' })];
}

function overrideAlone(given: Settings): readonly Problem[] {
  if (!has(given.values, 'freeze-override') || has(given.values, 'freeze') || has(given.values, 'windows')) return [];
  return [problemAt(spotOf(given, 'freeze-override'), { message: `has no effect: neither ${settingText('freeze')} nor ${settingText('windows')} is set`, hint: 'Remove it.' })];
}

/** Environments that are compared must be in the file. */
function othersExist(given: Settings): readonly Problem[] {
  const { environments } = given;
  return (given.values.policy?.['compare-with'] ?? []).filter((name) => !environments.includes(name)).map((name) => problemAt(spotOf(given, 'policy'), {
    message: `compares with the environment ${quote(name)}, which is not in the settings file`,
    hint: suggestion(name, environments, environments.length > 0 ? `The file has ${both(environments.map(quote))}.` : 'The file has no environments.'),
  }));
}

function notCompared(given: Settings): readonly Problem[] {
  const { rules, 'compare-with': others = [] } = given.values.policy ?? {};
  const isOff = (rules?.environments ?? defaultLevels.environments) === 'off';
  return others.length > 0 && isOff ? [problemAt(spotOf(given, 'policy'), {
    message: 'has `compare-with`, which has no effect: the rule `environments` is off', hint: 'Set `environments: warn` under `policy.rules`.',
  })] : [];
}

/** Without a cluster there are no objects that these could be about. */
function noObjects(given: Settings): readonly Problem[] {
  const { command, policy } = given.values;
  const useless = (['env', 'connections', 'compare-with'] as const).filter((name) => policy?.[name] !== undefined);
  return command === undefined ? [] : useless.map((name) => problemAt(spotOf(given, 'policy'), {
    message: `has \`${name}\`, which has no effect: \`command\` does not deploy to a cluster`, hint: 'Remove it, or check it with `policy.commands`.',
  }));
}
