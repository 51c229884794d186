import { safeParse, type BaseIssue, type GenericSchema } from 'valibot';

/*
 * JSON from outside: a program, a server, a file, an earlier version of this action. Whoever reads it declares its shape with
 * valibot, and only the fields that it uses, so fields added later are no reason to fail. valibot is not loaded before the
 * first stage, so no file that the entries import at the top is allowed to import this one.
 */

/** A text from outside is not JSON, or not of the shape that is read. `message` is a sentence without its end. */
export class JsonError extends Error {
  /**
   * @param source what was read, as the subject of a sentence: `The output of docker buildx imagetools inspect`
   * @param problem what is wrong and where, without any value of the text, for documents that hold secrets:
   *   `must have a string as manifests[0].digest`
   * @param found what is there instead, shortened: `, not 5`
   */
  constructor(readonly source: string, readonly problem: string, found: string, options?: { readonly cause?: unknown }) {
    super(`${source} ${problem}${found}`, options);
    this.name = 'JsonError';
  }
}

/**
 * The value of a JSON text.
 * @param source what the text is, as the subject of a sentence: `The file /home/runner/.docker/config.json`
 * @throws JsonError for the first thing that is wrong
 */
export const readJson = <T>(text: string, schema: GenericSchema<unknown, T>, source: string): T => checkShape(parse(text, source), schema, source);

/** The value of a text that may as well be something else: undefined then. */
export function tryJson<T>(text: string, schema: GenericSchema<unknown, T>): T | undefined {
  // Most of what is not JSON shows it at its beginning, and an error that is thrown costs fifty times as much as this look.
  if (!/^\s*(?:["[{\d-]|(?:true|false|null)\s*$)/.test(text)) return undefined;
  try {
    return readJson(text, schema, 'It');
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

/**
 * The same for a value that was parsed before.
 * @throws JsonError
 */
export function checkShape<T>(value: unknown, schema: GenericSchema<unknown, T>, source: string): T {
  // To valibot a list is an object too, and one without any field that must be there would be read as empty.
  if (Array.isArray(value) && objectTypes.includes(schema.type)) throw new JsonError(source, 'must be an object', `, not ${excerpt(JSON.stringify(value))}`);
  const result = safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const place = placeOf(issue);
  // valibot reports a field that is absent as one that is undefined, which JSON cannot express.
  if (issue.input === undefined) throw new JsonError(source, `lacks ${place}`, '');
  throw new JsonError(source, `must ${place === '' ? 'be' : 'have'} ${wordsFor(issue)}${place && ` as ${place}`}`, `, not ${excerpt(JSON.stringify(issue.input))}`);
}

const objectTypes: readonly string[] = ['object', 'loose_object', 'strict_object', 'record'];

function parse(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new JsonError(source, ...syntaxProblem(text, String(error)), { cause: error });
  }
}

/** What is wrong, and the part of the text that shows it. The engine names a position only for some errors. */
function syntaxProblem(text: string, reason: string): [problem: string, found: string] {
  if (text.trim() === '') return ['is empty', ''];
  const position = Number(/at position (\d+)/.exec(reason)?.[1] ?? 0);
  if (/end of JSON input|Unterminated string/.test(reason) || position >= text.trimEnd().length) {
    return ['is truncated JSON', `: it ends with ${excerpt(JSON.stringify(text.slice(-excerptLength / 2)))}`];
  }
  if (position > 0) return [`is not valid JSON at character ${position + 1}`, `: ${excerpt(JSON.stringify(text.slice(position)))}`];
  return ['is not JSON', `: it starts with ${excerpt(JSON.stringify(text.trimStart()))}`];
}

/** `manifests[0].platform`; empty for the value itself. */
const placeOf = ({ path }: BaseIssue<unknown>): string =>
  (path ?? []).map(({ key }) => (typeof key === 'number' ? `[${key}]` : /^[A-Za-z_$][\w$]*$/.test(String(key)) ? `.${String(key)}` : `[${JSON.stringify(key)}]`)).join('').replace(/^\./, '');

const names: Readonly<Record<string, string>> = {
  Array: 'a list', Object: 'an object', string: 'a string', number: 'a number', boolean: 'true or false', null: 'null',
};

/** `a string`, `"a" or "b"`, `an integer`, `text that matches /^sha256:/`, and of anything else what valibot calls it. */
function wordsFor({ kind, type, expected }: BaseIssue<unknown>): string {
  if (kind === 'validation' && type === 'regex') return `text that matches ${expected}`;
  if (kind === 'validation' && type === 'integer') return 'an integer';
  if (kind === 'validation') return `a value ${expected}`;
  return (expected ?? type).replace(/^\((.*)\)$/, '$1').split(' | ').map((name) => names[name] ?? name).join(' or ');
}

const excerptLength = 80;

const excerpt = (json: string): string => (json.length <= excerptLength ? json : `${json.slice(0, excerptLength)}…`);
