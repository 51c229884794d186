import type { ActionName, Taker } from '../outcome/action.js';
import { mapValues } from './kit/record.js';

/** The Marketplace refuses an action whose description has this many characters or more. */
export const descriptionLimit = 125;

export interface Action {
  /** As the Marketplace and logs show it. */
  readonly title: string;
  /** One sentence, shorter than `descriptionLimit`. */
  readonly description: string;
  /** Folder of its `action.yml`, from the root of the repository. */
  readonly folder: string;
  /** Names under https://feathericons.com and one of the colours that GitHub knows. */
  readonly icon: string;
  readonly color: string;
}

/** Prepares a machine for the actions. @public for scripts/generate */
export const setupAction: Action = {
  title: 'Set up a runner for deployments',
  description: 'Sets up what is missing on a runner: a builder, emulation, a registry login, kubectl and Helm, with checksums.',
  folder: 'setup',
  icon: 'settings',
  color: 'blue',
};

/** Composite: `setup`, the whole pipeline, and its report as an artifact. @public for scripts/generate */
export const allAction: Action = {
  title: 'Set up, deploy and keep the report',
  description: 'Sets up the runner, runs the whole deployment, and keeps its report as an artifact.',
  folder: 'all',
  icon: 'layers',
  color: 'blue',
};

export const actions: Readonly<Record<ActionName, Action>> = {
  deploy: {
    title: 'Deploy to Kubernetes with proof and rollback',
    description: 'Tests, builds and pushes an image, rolls it out on Kubernetes, and restores the previous version if the new one fails.',
    folder: '.',
    icon: 'upload-cloud',
    color: 'blue',
  },
  build: {
    title: 'Test, build and push',
    description: 'Runs the tests, builds the image and pushes it.',
    folder: 'build',
    icon: 'package',
    color: 'blue',
  },
  rollout: {
    title: 'Roll out an image',
    description: 'Rolls out an existing image on Kubernetes, verifies it, and restores the previous version if it fails.',
    folder: 'rollout',
    icon: 'play-circle',
    color: 'blue',
  },
  rollback: {
    title: 'Roll back',
    description: 'Rolls back on Kubernetes to the last verified release, or to a named one, and verifies it.',
    folder: 'rollback',
    icon: 'rotate-ccw',
    color: 'blue',
  },
  'pr-check': {
    title: 'Check a pull request',
    description: 'Validates the settings of every environment and shows in a comment what a deployment of the pull request would do.',
    folder: 'pr-check',
    icon: 'git-pull-request',
    color: 'blue',
  },
  'backup': {
    title: 'Back up databases',
    description: 'Backs up databases, restores each backup into a scratch server to verify it, encrypts it and stores it.',
    folder: 'backup',
    icon: 'database',
    color: 'blue',
  },
  'restore': {
    title: 'Restore a database',
    description: 'Restores a verified backup beside the live data and exchanges the two, or rehearses it in a scratch server.',
    folder: 'restore',
    icon: 'life-buoy',
    color: 'blue',
  },
};

/** Folder of the `action.yml` of everything that takes settings. */
export const folders: Readonly<Record<Taker, string>> = { ...mapValues(actions, ({ folder }) => folder), setup: setupAction.folder };
