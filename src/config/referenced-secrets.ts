import type { Problem } from '../outcome/errors.js';
import { placeWords } from '../outcome/place-words.js';
import { bad, good, type Checked, type Fault } from './kit/checked.js';
import type { Spot } from './kit/node.js';
import { problemAt } from './kit/report.js';
import { valuesOf, withoutLineEnd, type Secret } from './secrets.js';
import type { SecretReference } from './values/secret-reference.js';

/** The environment variables of the process. */
export type Env = Readonly<Record<string, string | undefined>>;

/** A variable that settings name. */
export interface NamedVariable {
  readonly name: string;
  /** The run cannot do without it. */
  readonly isNeeded: boolean;
}

/** What the text of a variable means. */
export interface SecretForm<T> {
  readonly parse: (text: string) => Checked<T>;
  /** What is to be hidden of a text that was understood. One that was not is hidden as a whole: it may be a secret all the same. */
  readonly secretsIn: (text: string, value: T) => readonly string[];
}

const textForm = (read: (text: string) => string): SecretForm<string> => ({ parse: (text) => good(read(text)), secretsIn: (_, value) => [value] });
/** The content of a file: nothing of it is dropped. */
export const content = textForm((text) => text);
/** Spaces can be part of a password. */
export const password = textForm(withoutLineEnd);
/** A key or a token: none has spaces, and a pasted one often brings some along. */
export const token = textForm((text) => text.trim());
/** A token that is sent in a header, which cannot hold everything. https://www.rfc-editor.org/rfc/rfc9110#section-5.5 */
export const headerToken: SecretForm<string> = {
  parse: (text) => (/^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(text.trim()) ? good(text.trim())
    : bad('has a line break or another character that an HTTP header cannot hold', 'Check the value: a token is one line of letters, digits and punctuation.')),
  secretsIn: token.secretsIn,
};
/** An address that is a secret, or has one in it. */
export const secretAddress = <T>(parse: (text: string) => Checked<T>, secretsIn: SecretForm<T>['secretsIn']): SecretForm<T> =>
  ({ parse: (text) => parse(text.trim()), secretsIn: (text, value) => secretsIn(text.trim(), value) });

/**
 * The values behind `env:NAME`. All settings of a run read theirs through one of these, which collects what is wrong with them
 * and what is to be hidden. Messages never have a value in them.
 */
export class ReferencedSecrets {
  /** Of needed secrets. */
  readonly problems: Problem[] = [];
  /** Of optional secrets. */
  readonly warnings: Problem[] = [];
  /** To be hidden before anything is printed. */
  readonly secrets: Secret[] = [];
  /** All that were asked for. */
  readonly variables: NamedVariable[] = [];

  /** @param env undefined: the values are where the settings will be used. Here only their names are wanted, and all are undefined */
  constructor(private readonly env: Env | undefined) {}

  /** A secret that the run cannot do without: undefined after a problem. */
  needed<T>(reference: SecretReference, form: SecretForm<T>): T | undefined {
    this.variables.push({ name: reference.variable, isNeeded: true });
    return this.read(reference, form, (fault) => this.problems.push(problemAt(reference.at, fault)));
  }

  /**
   * A secret of a part that is left out without it: undefined after a warning.
   * @param consequence completes "…, so": `no metrics are sent`
   */
  optional<T>(reference: SecretReference, form: SecretForm<T>, consequence: string): T | undefined {
    this.variables.push({ name: reference.variable, isNeeded: false });
    return this.read(reference, form, ({ message, hint }) => this.warnings.push(problemAt(reference.at, { message: `${message}, so ${consequence}`, hint })));
  }

  private read<T>({ variable, at }: SecretReference, { parse, secretsIn }: SecretForm<T>, report: (fault: Fault) => void): T | undefined {
    if (this.env === undefined) return undefined;
    const text = this.env[variable] ?? '';
    if (text.trim() === '') return void report({ message: `${called(variable, at)} is not set or empty`, hint: placeWords().setVariable });
    const parsed = parse(text);
    this.secrets.push(...valuesOf(at.where, parsed.ok ? secretsIn(text, parsed.value) : [withoutLineEnd(text), text.trim()]));
    if (parsed.ok) return parsed.value;
    const [fault] = parsed.faults;
    return void report({ message: `${called(variable, at)} ${fault?.message}`, hint: fault?.hint });
  }
}

/** In an input, what looks like the name of a variable can be the secret itself. */
const called = (variable: string, at: Spot): string => (at.file === undefined ? 'its environment variable' : `the environment variable ${variable}`);
