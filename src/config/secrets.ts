import { variablePattern } from './values/secret-reference.js';
import { secretIdPattern } from './values/key-value.js';
import { isSecret } from './secret-shape.js';

/** A text that is to be hidden. */
export interface Secret {
  readonly text: string;
  /** A document is hidden only as a whole: its lines are names and structure, and the secrets in it are listed separately. */
  readonly kind: 'value' | 'document';
  /** Where it was given, for messages: `registry-password`. */
  readonly of: string;
}

/** The secrets in the raw inputs, except the kubeconfig. Never fails: of a text that is not understood, it hides too much rather than too little. */
export const passwordsIn = (inputs: Readonly<Record<string, string>>): readonly Secret[] => [
  ...passwordSecrets(withoutLineEnd(inputs['registry-password'] ?? '')),
  ...valuesOf('github-token', [(inputs['github-token'] ?? '').trim()]),
  ...(inputs['build-secrets'] ?? '').split(/\r\n?|\n/).flatMap(secretOfLine),
];

export const valuesOf = (of: string, texts: readonly string[]): readonly Secret[] => texts.map((text) => ({ text, kind: 'value', of }));

/** A password as it is used: `gh secret set NAME < file` leaves the end of the file's last line at its end. */
export const withoutLineEnd = (text: string): string => text.replace(/(?<![\r\n])[\r\n]+$/, '');

/** The key of a service account is a JSON file, and programs print the key that is in it line by line. */
function passwordSecrets(password: string): readonly Secret[] {
  return valuesOf('registry-password', [password, ...keysOfJson(password)]);
}

function keysOfJson(text: string): readonly string[] {
  const json = text.trimStart().startsWith('{') ? text : Buffer.from(text, 'base64').toString('utf8');
  if (!json.trimStart().startsWith('{')) return [];
  try {
    // Not checked against a shape: any text in any object may be a secret.
    const value: unknown = JSON.parse(withoutMark(json));
    return [...json === text ? [] : [json], ...Object.entries(value as object).flatMap(([name, key]) => (typeof key === 'string' && isSecret(name, key) ? [key] : []))];
  } catch {
    return [];
  }
}

/** JSON.parse does not accept the byte order mark that some editors write. */
const withoutMark = (text: string): string => text.replace(/^\ufeff/, '');

function secretOfLine(line: string): readonly Secret[] {
  const equals = line.indexOf('=');
  const value = line.slice(equals + 1).trim();
  if (new RegExp(variablePattern).test(value)) return [];
  const id = line.slice(0, equals).trim();
  const understood = equals > 0 && new RegExp(secretIdPattern).test(id) && !/^=*$/.test(value);
  return understood ? valuesOf(buildSecret(id), [value]) : valuesOf('build-secrets', [line.trim()]);
}

export const buildSecret = (id: string): string => `build-secrets, ${id}`;

/** Each once, without those that are blank. */
export function distinct(secrets: readonly Secret[]): readonly Secret[] {
  const seen = new Set<string>();
  return secrets.filter(({ text, kind }) => {
    const key = `${kind} ${text}`;
    if (text.trim() === '' || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
