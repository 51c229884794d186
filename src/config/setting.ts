import type { ActionName } from '../outcome/action.js';
import type { Kind } from './kinds.js';

export const topics = {
  run: 'The run',
  gate: 'Test gate',
  image: 'Image',
  build: 'Build',
  registry: 'Registry',
  cluster: 'Cluster',
  rollout: 'Rollout',
} as const;
export type Topic = keyof typeof topics;

/** One setting: an input of actions, a key of the settings file, a flag of the terminal. */
export interface Setting<T> {
  readonly topic: Topic;
  /** For somebody who deploys, not for somebody who programs. Whole sentences, in Markdown. */
  readonly description: string;
  /** The same for actions to which it means something else. */
  readonly descriptionFor: Readonly<Partial<Record<ActionName, string>>>;
  /** What holds when it is not given, in words or as a value in backticks; undefined: nothing. */
  readonly default?: string;
  /** The actions that take it. */
  readonly actions: readonly ActionName[];
  /** The actions that cannot run without it. */
  readonly requiredBy: readonly ActionName[];
  readonly inFile: boolean;
  /** False for what does not fit one text: it stands in the file alone. */
  readonly asInput: boolean;
  /** What to do instead, for one that cannot stand in the file. */
  readonly outsideHint: string;
  /** Its text is, or has in it, something to hide. */
  readonly secret: boolean;
  /** `--name` alone means `true`. */
  readonly flag: boolean;
  /** Values for the docs and for completion in editors. */
  readonly examples: readonly unknown[];
  readonly kind: Kind<T>;
}

type Given<T> = Pick<Setting<T>, 'topic' | 'description' | 'actions' | 'kind'> & Partial<Setting<T>>;

export const setting = <T>(given: Given<T>): Setting<T> =>
  ({
    descriptionFor: {}, requiredBy: [], inFile: true, asInput: true, outsideHint: 'Give it as an input of the step, or as a flag.', secret: false, flag: false,
    examples: [],
    ...given,
  });

/** What the setting means to this action; without one, what it means in general, as in the file that all actions share. */
export const descriptionOf = ({ description, descriptionFor }: Pick<Setting<unknown>, 'description' | 'descriptionFor'>, action?: ActionName): string =>
  (action && descriptionFor[action]) ?? description;
