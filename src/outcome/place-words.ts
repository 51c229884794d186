/*
 * The words of a message that depend on where the run happens: a step of a workflow has inputs and earlier steps, a terminal has
 * flags and a person who can type. Like the language of a program, the place is set once, before the first message.
 */

export type PlaceName = 'workflow' | 'terminal';

export interface PlaceWords {
  /** A setting that was given for this run alone: `input timeout`, `--timeout`. */
  given(name: string): string;
  /** The same for several: `inputs timeout and smoke`. */
  givenTogether(names: readonly string[]): string;
  /** All of them: `inputs`. */
  readonly allGiven: string;
  /** A setting in a sentence about what to set, with its value if it is given: `` `timeout` ``, `` `--timeout 5m` ``. */
  setting(name: string, value?: string): string;
  /** Where it can be given: `as an input or in the settings file`. */
  readonly givenWhere: string;
  /** For a setting that the file must not have. */
  readonly giveOutsideFile: string;
  readonly giveExpression: string;
  /** For a setting that must stay out of the file because it is secret. */
  giveSecret(name: string): string;
  /** For a secret that is empty: why it may be. Empty where there is no reason of the place. */
  readonly emptySecret: string;
  readonly checkSecret: string;
  readonly githubUser: string;
  /** The environment of the run: `` the `env` of the step ``. */
  readonly environment: string;
  readonly setVariable: string;
  /** Of a login at another registry than that of the image. */
  readonly otherRegistry: string;
  install(program: string): string;
  readonly setUpBuildx: string;
  readonly setUpDocker: string;
  readonly setUpQemu: string;
  /** Where the name of a builder comes from. */
  readonly builderName: string;
  readonly builderOutput: string;
  readonly setUpLogin: string;
  /** The folder of the run, to which paths are relative. */
  readonly folder: string;
  /** Something writes a file before the run: `an earlier step`. */
  readonly before: string;
  readonly serialize: string;
  readonly submodules: string;
  readonly checkOut: string;
  /** How a commit gets into the checkout that is not there. */
  readonly moreHistory: string;
  readonly runAgainElsewhere: string;
  /** How another command of this program is called: `` the `rollout` action ``. */
  command(name: string): string;
}

const workflow: PlaceWords = {
  given: (name) => `input ${name}`,
  givenTogether: (names) => `${names.length === 1 ? 'input' : 'inputs'} ${listed(names)}`,
  allGiven: 'inputs',
  setting: (name, value) => (value === undefined ? `\`${name}\`` : `\`${name}: ${value}\``),
  givenWhere: 'as an input or in the settings file',
  giveOutsideFile: 'Give it as an input of the step.',
  giveExpression: 'Give this setting as an input of the step, where expressions work.',
  giveSecret: (name) => `Give it as the input \`${name}\` from a secret.`,
  emptySecret: 'A secret that does not exist, or that this run is not allowed to read (as in a pull request from a fork), is empty.',
  checkSecret: 'is the secret set for this repository, and is the token still valid?',
  githubUser: '${{ github.actor }}',
  environment: 'the `env` of the step',
  setVariable: 'Set it under `env:` of the step (with a reusable workflow under `secrets:` of the job), from a secret that exists and that this run is allowed to read.',
  otherRegistry: 'Remove `registry` (in a reusable workflow, set `ghcr: false`) to use no login there, and log in to the registry of the image.',
  install: (program) => `Install ${program} in an earlier step of the job.`,
  setUpBuildx: 'Add `- uses: docker/setup-buildx-action@v4` before this step of the workflow.',
  setUpDocker: 'Use a runner that has Docker, such as ubuntu-24.04, or add `- uses: docker/setup-docker-action@v4` before this step.',
  setUpQemu: 'Add `- uses: docker/setup-qemu-action@v4` before docker/setup-buildx-action',
  builderName: 'the output `name` of docker/setup-buildx-action or to a name from `docker buildx ls`',
  builderOutput: 'the output `name` of docker/setup-buildx-action',
  setUpLogin: 'log in to its registry before this step',
  folder: 'the workspace',
  before: 'an earlier step',
  serialize: 'Use `concurrency` to run the jobs of one commit one after another, then run again.',
  submodules: 'For a submodule, set `submodules: true` of actions/checkout.',
  checkOut: 'Check the path, which is relative to the root of the repository, and that an earlier step checks out the repository.',
  moreHistory: 'With `fetch-depth: 2` of actions/checkout, or more, it is.',
  runAgainElsewhere: 'Run this on GitHub, or in a git repository that has a commit.',
  command: (name) => `the \`${name}\` action`,
};

const terminal: PlaceWords = {
  given: flagOf,
  givenTogether: (names) => listed(names.map(flagOf)),
  allGiven: 'flags',
  setting: (name, value) => (value === undefined ? `\`${flagOf(name)}\`` : `\`${flagOf(name)} ${value}\``),
  givenWhere: 'as a flag or in the settings file',
  giveOutsideFile: 'Give it as a flag.',
  giveExpression: 'Give this setting as a flag, where the shell expands variables.',
  giveSecret: (name) => (secretsByVariable.has(name) ? `Set the environment variable ${variableOf(name)} instead.` : `Give the path of a file as --${name}.`),
  emptySecret: '',
  checkSecret: 'is the token still valid?',
  githubUser: 'your user name on GitHub',
  environment: 'the environment',
  setVariable: 'Export it in this shell.',
  otherRegistry: 'Remove `--registry` to log in to the registry of the image.',
  install: (program) => `Install ${program}.`,
  setUpBuildx: 'Create a builder with `docker buildx create --use`.',
  setUpDocker: 'Install Docker.',
  setUpQemu: 'Set up emulation with `docker run --privileged --rm tonistiigi/binfmt --install all`',
  builderName: 'a name from `docker buildx ls`',
  builderOutput: 'a name from `docker buildx ls`',
  setUpLogin: 'log in to its registry with `docker login`',
  folder: 'the current folder',
  before: 'an earlier command',
  serialize: 'Let one run finish before the next one starts, then run again.',
  submodules: 'For a submodule, run `git submodule update --init`.',
  checkOut: 'Check the path, which is relative to the current folder.',
  moreHistory: 'Fetch it with `git fetch`, and set the default branch with `git remote set-head origin --auto`.',
  runAgainElsewhere: 'Run this in a git repository that has a commit.',
  command: (name) => `the command \`${name}\``,
};

/** Settings whose values everyone on the machine could read in the process list. A kubeconfig is given by its path. */
const secretsByVariable: ReadonlySet<string> = new Set(['registry-password', 'build-secrets']);

/** `--timeout`, or the variable of a secret. */
function flagOf(name: string): string {
  return secretsByVariable.has(name) ? variableOf(name) : `--${name}`;
}

/** `registry-password` → `DEPLOY_REGISTRY_PASSWORD`: where a terminal takes a secret from. */
export const variableOf = (name: string): string => `DEPLOY_${name.toUpperCase().replaceAll('-', '_')}`;

const listed = (names: readonly string[]): string => (names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`);

const places: Readonly<Record<PlaceName, PlaceWords>> = { workflow, terminal };
let current: PlaceName = 'workflow';

/** Called once, by the entry of the terminal. */
export function speakAs(place: PlaceName): void {
  current = place;
}

/** The words of the place of this run. */
export const placeWords = (): PlaceWords => places[current];

/** A setting as it is given in this place, for every message that names one: `` `timeout` ``, in a terminal `` `--timeout` ``. */
export const settingText = (name: string, value?: string): string => placeWords().setting(name, value);
