import type { Taker } from '../outcome/action.js';
import type { Field, Out } from './kit/kind.js';
import { mapValues } from './kit/record.js';
import { placeWords } from '../outcome/place-words.js';

/** One setting: a key of the settings file, an input of actions and a flag of the terminal where one text can say it. */
export interface Setting<T = unknown> extends Omit<Field<T>, 'needed'> {
  /** The description for actions to which it means something else. */
  readonly descriptionFor: Readonly<Partial<Record<Taker, string>>>;
  /** The actions that take it. */
  readonly actions: readonly Taker[];
  /** The actions that cannot run without it. */
  readonly requiredBy: readonly Taker[];
  readonly inFile: boolean;
  /** The actions of which it is an input, if one text can say it; all that take it unless given. */
  readonly asInput?: readonly Taker[];
  /** Whether it means something in a terminal, and so has a flag. */
  readonly inTerminal: boolean;
  /** What the runner passes as the input when the workflow does not give it: an expression. Only for one that is not in the file, over which it would win. */
  readonly inputDefault?: string;
  /** What to do instead, for one that is not allowed in the file. */
  readonly outsideHint: () => string;
  /** Its text is, or has in it, something to hide. */
  readonly secret: boolean;
}

type Declarations = Readonly<Record<string, Omit<Field, 'needed'> & Partial<Setting>>>;
type SettingOf<D> = D extends { readonly kind: infer Kind }
  ? Setting<Out<Kind>> & (D extends { readonly fallback: string } ? { readonly fallback: string } : unknown)
  : never;
type Settings = Readonly<Record<string, Setting>>;

/** Settings of one concern, with the heading of the docs for them; `actions` take each of them that does not say otherwise. */
export const section = <const D extends Declarations>(heading: string, actions: readonly Taker[], declarations: D) => ({
  heading,
  settings: mapValues(declarations as Declarations, (declared): Setting => ({
    descriptionFor: {}, requiredBy: [], inFile: true, inTerminal: true, secret: false, actions,
    outsideHint: (): string => placeWords().giveOutsideFile,
    ...declared,
  })) as { readonly [Name in keyof D]: SettingOf<D[Name]> },
});

/** The values of those settings that were given. */
export type Values<S extends Settings> = { readonly [Name in keyof S]?: Out<S[Name]['kind']> };
/** The same with those that have a value of their own when they are not given. */
export type Filled<S extends Settings> =
  Values<S> & { readonly [Name in keyof S as S[Name] extends { readonly fallback: string } ? Name : never]: Out<S[Name]['kind']> };

/** What the setting means to this action; without one, what it means in general, as in the file that all actions share. */
export const descriptionOf = ({ description, descriptionFor }: Pick<Setting, 'description' | 'descriptionFor'>, action?: Taker): string =>
  (action && descriptionFor[action]) ?? description;
