import type { Problem } from '../outcome/errors.js';
import type { ActionName } from '../outcome/action.js';
import { both, quote } from './kit/checked.js';
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
import { settings, settingNames, type GivenValues, type SettingName } from './settings.js';

/** The settings of a run, all sources together, with their places. */
export interface Settings extends Pick<Layer, 'values' | 'spots'> {
  readonly action: ActionName;
  /** What it says, when its content was given. */
  readonly kubeconfig?: Kubeconfig;
  /** Those that were given for this run alone, so that they must have an effect. */
  readonly inputs: readonly SettingName[];
  /** Environments of the settings file that say what is deployed to, when the run was told of none. */
  readonly notChosen: readonly string[];
}

interface Findings { readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] }

/** What no single setting shows: settings that need, contradict or outdo each other. */
export function checkTogether(given: Settings): Findings {
  const rules = [required, something, oneTarget, commandsNeeded, noServices, namedRelease, nothingRolledOut, imageNeeded, login, context];
  const doubts = [withoutEffect, elsewhere, smokeAlone, overrideAlone, environmentMissing];
  return { problems: rules.flatMap((rule) => rule(given)), warnings: doubts.flatMap((rule) => rule(given)) };
}

const spotOf = ({ spots }: Settings, name: SettingName): Spot => spots[name] ?? { where: `input ${name}` };
const has = (values: GivenValues, name: SettingName): boolean => {
  const value = values[name];
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
};

/** Whether anything is deployed to. */
const deploys = (values: GivenValues): boolean => has(values, 'workloads') || has(values, 'command');

function required(given: Settings): readonly Problem[] {
  return settingNames
    .filter((name) => settings[name].requiredBy.includes(given.action) && !(name === 'workloads' ? deploys(given.values) : has(given.values, name)))
    .map((name) => problemAt(spotOf(given, name), { message: 'is missing', hint: missing[name] ?? 'Give it.' }));
}

const missing: Readonly<Partial<Record<SettingName, string>>> = {
  image: 'Name the repository of the image, e.g. ghcr.io/acme/api.',
  digest: 'Give the output `digest` of the build that pushed the image.',
  workloads: 'Name what runs the image, e.g. deployment/api.',
};

/** What each action can start from; one of them must be there. */
const starts: Readonly<Partial<Record<ActionName, readonly SettingName[]>>> = {
  deploy: ['test', 'image', 'workloads'], build: ['test', 'image'], rollback: ['workloads', 'image', 'app'],
};

function something({ action, values }: Settings): readonly Problem[] {
  const names = starts[action];
  if (names === undefined) return [];
  if (!names.some((name) => has(values, name)) && !has(values, 'command')) {
    const words = names.map((name) => `\`${name}\``);
    const hint = `Give ${words.slice(0, -1).join(', ')} or ${words.at(-1)}, as an input or in the settings file.`;
    return [{ where: 'settings', message: action === 'rollback' ? 'do not say what is to be rolled back' : 'give nothing to do', hint }];
  }
  const idle = action === 'deploy' && has(values, 'digest') && !deploys(values) && !has(values, 'test');
  const hint = 'Name the workloads that are to run the image, or leave `digest` out to build it.';
  return idle ? [{ where: 'settings', message: 'give nothing to do: with `digest` nothing is built, and there are no `workloads`', hint }] : [];
}

/** One environment is deployed to in one way. */
function oneTarget(given: Settings): readonly Problem[] {
  if (!has(given.values, 'workloads') || !has(given.values, 'command')) return [];
  return [problemAt(spotOf(given, 'command'), {
    message: `and \`workloads\` (${placeOf(spotOf(given, 'workloads'))}) are both given, and each of them is what is deployed to`,
    hint: 'Keep one. In an environment of the settings file, `workloads: []` clears those of the top; a `command` of the top belongs into the environments that it deploys.',
  })];
}

const placeOf = ({ file, line, column, where }: Spot): string => (file === undefined ? where : [file, line, column].filter((part) => part !== undefined).join(':'));

function commandsNeeded(given: Settings): readonly Problem[] {
  const { command } = given.values;
  if (command === undefined) return [];
  const needed = ['deploy', 'current', ...given.action === 'rollback' ? ['rollback'] as const : []] as const;
  return needed.filter((name) => !command[name]?.length).map((name) => problemAt(spotOf(given, 'command'), {
    message: name === 'rollback' ? 'has no `rollback`, which is what the rollback action runs' : `has no \`${name}\``, hint: 'Give commands, as text or as a list.',
  }));
}

/** What a command deploys to is reached from the outside. */
function noServices(given: Settings): readonly Problem[] {
  const { command, smoke: checks = [] } = given.values;
  if (command === undefined) return [];
  return checks.flatMap(({ target, at }) => (target.type === 'url' ? [] : [problemAt(at ?? spotOf(given, 'smoke'), {
    message: `checks the Service ${target.name} of a cluster, and \`command\` deploys to none`, hint: 'Check a URL.',
  })]));
}

/** Releases in a cluster have names of their own; what a command deploys is called whatever `current` prints. */
function namedRelease(given: Settings): readonly Problem[] {
  const { to, command } = given.values;
  const read = to === undefined || command !== undefined ? undefined : parseReleaseName(to);
  return !read || read.ok ? [] : read.faults.map((fault) => problemAt(spotOf(given, 'to'), fault));
}

const namesIn = (...sections: readonly { readonly settings: object }[]): readonly SettingName[] =>
  sections.flatMap((section) => Object.keys(section.settings) as SettingName[]);

const forRollout: readonly SettingName[] = ['digest', ...namesIn(cluster, rollout, smoke, calendar).filter((name) => name !== 'workloads')];

/**
 * Who gives a step a cluster, or says how to roll out, wants something rolled out. The settings file serves other steps
 * too, and an environment of it that has `workloads: []` says that nothing is.
 */
function nothingRolledOut(given: Settings): readonly Problem[] {
  const { action, values, inputs, notChosen } = given;
  if (action !== 'deploy' || values.workloads !== undefined || values.command !== undefined || something(given).length > 0) return [];
  // Of a digest without its image that is to be said first.
  const useless = forRollout.filter((name) => inputs.includes(name) && has(values, name) && (name !== 'digest' || has(values, 'image')));
  if (useless.length === 0) return [];
  const where = `${useless.length === 1 ? 'input' : 'inputs'} ${both(useless)}`;
  const out = `To only test and build, leave ${useless.length === 1 ? 'it' : 'them'} out.`;
  const hint = notChosen.length > 0
    ? `The settings file names workloads for the ${notChosen.length === 1 ? 'environment' : 'environments'} ${both(notChosen.map(quote))}: give \`environment\`. ${out}`
    : `Name the workloads that are to run the image, e.g. deployment/api. ${out}`;
  return [{ where, message: 'nothing is rolled out, as there are no `workloads`', hint }];
}

/** The file has something to roll out, in environments of which none was chosen. */
function environmentMissing({ action, values, notChosen }: Settings): readonly Problem[] {
  if (action !== 'deploy' || values.workloads !== undefined || values.command !== undefined || notChosen.length === 0) return [];
  const hint = `Give \`environment\` to roll out: ${both(notChosen.map(quote))}.`;
  return [{ where: 'input environment', message: 'is not given, and only environments of the settings file name `workloads`: nothing is rolled out', hint }];
}

function imageNeeded(given: Settings): readonly Problem[] {
  if (given.action === 'rollback' || has(given.values, 'image')) return [];
  // The rollout action says on its own that `image` is missing.
  const names: readonly SettingName[] = given.action === 'rollout' ? [] : ['workloads', 'digest'];
  return names.filter((name) => has(given.values, name)).map((name) => problemAt(spotOf(given, name), {
    message: 'needs `image`, which is not given',
    hint: name === 'workloads' ? 'Name the repository of the image that they run, e.g. ghcr.io/acme/api.' : 'Name the repository that has this digest.',
  }));
}

function login(given: Settings): readonly Problem[] {
  const [username, password] = [has(given.values, 'registry-username'), has(given.values, 'registry-password')];
  if (username && password && given.action === 'rollback' && !has(given.values, 'registry') && !has(given.values, 'image')) {
    return [problemAt(spotOf(given, 'registry-username'), {
      message: 'needs `registry` or `image`, and neither is given', hint: 'Name the registry to log in to, e.g. ghcr.io.',
    })];
  }
  if (username === password) return [];
  if (password) {
    return [problemAt(spotOf(given, 'registry-password'), {
      message: 'needs `registry-username`, which is not given', hint: 'For ghcr.io it is ${{ github.actor }}.',
    })];
  }
  return [problemAt(spotOf(given, 'registry-username'), {
    message: 'needs `registry-password`, which is not given or empty',
    hint: 'A secret that does not exist, or that this run may not read (as in a pull request from a fork), is empty.',
  })];
}

function context(given: Settings): readonly Problem[] {
  const fault = given.kubeconfig && contextFault(given.kubeconfig, given.values['kube-context']);
  return fault ? [problemAt(spotOf(given, 'kubeconfig'), fault)] : [];
}

const forBuild = namesIn(build);
const forCluster: readonly SettingName[] = [...namesIn(cluster), 'timeout', 'prove-first', 'lock-timeout'];

/** Inputs that do nothing in this run. Those of the file may serve other runs. */
function withoutEffect(given: Settings): readonly Problem[] {
  const { values, inputs } = given;
  const useless = (names: readonly SettingName[], reason: string) => names.filter((name) => inputs.includes(name) && has(values, name))
    .map((name) => problemAt(spotOf(given, name), { message: `has no effect: ${reason}`, hint: 'Leave it out.' }));
  const noLogin = has(values, 'registry-username') ? [] : useless(['registry'], 'there is no `registry-username` to log in with');
  const noCluster = has(values, 'command') ? useless(forCluster, 'what is deployed to is not a cluster: `command` deploys') : [];
  if (given.action === 'rollback' || given.action === 'rollout') return [...noCluster, ...noLogin];
  return [
    ...(has(values, 'digest') ? useless([...forBuild, 'tags'], '`digest` is given, so nothing is built') : []),
    ...(has(values, 'image') || has(values, 'digest') ? [] : useless([...forBuild, 'tags', 'registry-username'], 'there is no `image` to build')),
    ...(has(values, 'test') || has(values, 'command') ? [] : useless(['working-directory'], 'there is no `test`')),
    ...noCluster, ...noLogin,
  ];
}

/** A login at another registry than that of the image is possible (a base image) and more often a mistake. */
function elsewhere(given: Settings): readonly Problem[] {
  const { registry, image } = given.values;
  if (registry === undefined || image === undefined || registryOf(image) === registry || !has(given.values, 'registry-username')) return [];
  const message = `is ${registry}, while the image is at ${registryOf(image)}`;
  return [problemAt(spotOf(given, 'registry'), { message, hint: 'Leave `registry` out to log in where the image goes.' })];
}

function smokeAlone(given: Settings): readonly Problem[] {
  // An input is an error already; in the file it may be meant for another step, which gives the workloads.
  if (given.action !== 'deploy' || !has(given.values, 'smoke') || deploys(given.values) || given.notChosen.length > 0) return [];
  return [problemAt(spotOf(given, 'smoke'), { message: 'is not run, as there are no `workloads` to roll out', hint: 'Name the workloads, or leave it out.' })];
}

function overrideAlone(given: Settings): readonly Problem[] {
  if (!has(given.values, 'freeze-override') || has(given.values, 'freeze') || has(given.values, 'windows')) return [];
  return [problemAt(spotOf(given, 'freeze-override'), { message: 'has no effect: there are no `freeze` and no `windows`', hint: 'Leave it out.' })];
}
