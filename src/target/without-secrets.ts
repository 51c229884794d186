import { isSecret, isSecretName } from '../config/secret-shape.js';
import { secretsInWords } from '../config/secret-words.js';

/*
 * Objects of a target as they can be shown to everyone who reads a pull request. Only what differs is of interest, so more is
 * hidden than has to be.
 */

type Side = 'old' | 'new';

/**
 * An object before and after a change, without what is secret in it:
 *
 * - all values of a Secret
 * - of environment variables: values that are the same in both, and those that are secret by their name or look
 * - in any other text: what is secret by its name or look, as in `--password=…` and `https://me:…@host`
 *
 * What differs and is hidden still differs.
 */
export const withoutSecrets = (old: unknown, now: unknown): readonly [old: unknown, now: unknown] =>
  [hide(old, now, { name: '', side: 'old', words: [] }), hide(now, old, { name: '', side: 'new', words: [] })];

interface At {
  /** The key of the value. */
  readonly name: string;
  readonly side: Side;
  /** Secrets of the list of words that it is a part of: `--password`, `…`. */
  readonly words: readonly string[];
}

/** @param other the same value on the other side; undefined if it is not there */
function hide(value: unknown, other: unknown, at: At): unknown {
  if (typeof value === 'string') return hideText(value, other, at.side, without(at));
  if (Array.isArray(value)) {
    const words = [value, other].flatMap((list) => (isTexts(list) ? secretsInWords(list) : []));
    return value.map((each, index) => hide(each, counterpart(each, index, other), { ...at, words }));
  }
  if (!isRecord(value)) return value;
  const others = isRecord(other) ? other : {};
  const inSecret = value['kind'] === 'Secret';
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => {
    if (inSecret && (name === 'data' || name === 'stringData')) return [name, hideValues(inner, others[name], at.side)];
    // A variable, or a header: its name says what its value is.
    if (name === 'value' && typeof value['name'] === 'string') return [name, hideVariable(inner, others[name], { ...at, name: value['name'] }, at.name === 'env')];
    return [name, hide(inner, others[name], { name, side: at.side, words: [] })];
  }));
}

const hidden = '***';

function hideValues(value: unknown, other: unknown, side: Side): unknown {
  if (!isRecord(value)) return hidden;
  const others = isRecord(other) ? other : {};
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, hideText(String(inner), others[name], side, () => hidden)]));
}

function hideVariable(value: unknown, other: unknown, at: At, isVariable: boolean): unknown {
  if (typeof value !== 'string' || value === '') return value;
  return isVariable && value === other ? hidden : hide(value, other, at);
}

/** @param shown what is shown of a text */
function hideText(text: string, other: unknown, side: Side, shown: (text: string) => string): string {
  const result = shown(text);
  return other !== text && typeof other === 'string' && shown(other) === result ? `${result} (${side})` : result;
}

/** The text without its secrets, the longest first: one may be a part of another. */
const without = ({ name, words }: At) => (text: string): string =>
  [...secretsIn(name, text), ...words.filter((word) => word !== '')].sort((a, b) => b.length - a.length).reduce((rest, secret) => rest.replaceAll(secret, hidden), text);

/** Names of what identifies a version: a commit looks as random as a token. */
const identifies = /(?:commit|revision|sha|digest|hash|checksum|uid|version)$/i;

function secretsIn(name: string, text: string): readonly string[] {
  // In an object of Kubernetes, a field of this name holds the name of something.
  if (name === 'key' || text === '') return [];
  if (isSecret(name, text) && (isSecretName(name) || !identifies.test(name))) return [text];
  return identifies.test(name) ? [] : [...secretsInWords([text]).filter((word) => word !== ''), ...loginsIn(text)];
}

/** The password in an address, or the name alone, which may be a token: `postgres://me:secret@db/app`. */
const loginsIn = (text: string): readonly string[] =>
  [...text.matchAll(/:\/\/([^\s/?#:@]*)(?::([^\s/?#@]*))?@/g)].flatMap(([, user = '', password = '']) => password || user || []);

/** The same element of the other list: by its name, as lists of containers, variables and volumes have them; otherwise by its place. */
function counterpart(each: unknown, index: number, other: unknown): unknown {
  if (!Array.isArray(other)) return undefined;
  const name = isRecord(each) ? each['name'] : undefined;
  return typeof name === 'string' ? other.find((candidate) => isRecord(candidate) && candidate['name'] === name) : other[index];
}

const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every((each) => typeof each === 'string');
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
