import { variablePattern } from './values/build-secrets.js';
import { secretIdPattern } from './values/key-value.js';
import { isContentForPaths, isKubeconfigPath, parseKubeconfig } from './values/kubeconfig.js';
import { isSecret, looksSecret } from './secret-shape.js';

/** A text that is to be hidden. */
export interface Secret {
  readonly text: string;
  /** A document is hidden as a whole only: its lines are names and structure, and the secrets in it are listed by themselves. */
  readonly kind: 'value' | 'document';
  /** Where it was given, for messages: `registry-password`. */
  readonly of: string;
}

/**
 * What must be hidden of the raw inputs, before any of them is looked at for anything else. Never fails: of a text that
 * is not understood it is rather too much. The names of its inputs are in `secretInputs`.
 */
export function secretsIn(inputs: Readonly<Record<string, string>>): readonly Secret[] {
  const kubeconfig = inputs['kubeconfig'] ?? '';
  return distinct([
    ...passwordSecrets(withoutLineEnd(inputs['registry-password'] ?? '')),
    ...(inputs['build-secrets'] ?? '').split(/\r\n?|\n/).flatMap(secretOfLine),
    ...(isKubeconfigPath(kubeconfig) ? [] : kubeconfigSecrets(kubeconfig)),
  ]);
}

/** What must be hidden of the environment, where a kubeconfig stands in a variable that is to hold its path. */
export const secretsInEnvironment = ({ KUBECONFIG: text = '' }: Readonly<Record<string, string | undefined>>): readonly Secret[] =>
  (isContentForPaths(text) ? kubeconfigSecrets(text).map((secret) => ({ ...secret, of: 'KUBECONFIG' })) : []);

export const valuesOf = (of: string, texts: readonly string[]): readonly Secret[] => texts.map((text) => ({ text, kind: 'value', of }));

/** A password as it is used: `gh secret set NAME < file` leaves the end of the file's last line at its end. */
export const withoutLineEnd = (text: string): string => text.replace(/[\r\n]+$/, '');

/** The key of a service account is a JSON file, and programs print the key that is in it line by line. */
function passwordSecrets(password: string): readonly Secret[] {
  return valuesOf('registry-password', [password, ...keysOfJson(password)]);
}

function keysOfJson(text: string): readonly string[] {
  const json = text.trimStart().startsWith('{') ? text : Buffer.from(text, 'base64').toString('utf8');
  if (!json.trimStart().startsWith('{')) return [];
  try {
    // Against no shape: in whatever object it is, each text may be a secret. What is none holds nothing more.
    const value: unknown = JSON.parse(json);
    return [...json === text ? [] : [json], ...Object.entries(value as object).flatMap(([name, key]) => (typeof key === 'string' && isSecret(name, key) ? [key] : []))];
  } catch {
    return [];
  }
}

function secretOfLine(line: string): readonly Secret[] {
  const equals = line.indexOf('=');
  const value = line.slice(equals + 1).trim();
  if (new RegExp(variablePattern).test(value)) return [];
  const id = line.slice(0, equals).trim();
  const understood = equals > 0 && new RegExp(secretIdPattern).test(id) && !/^=*$/.test(value);
  return understood ? valuesOf(buildSecret(id), [value]) : valuesOf('build-secrets', [line.trim()]);
}

export const buildSecret = (id: string): string => `build-secrets, ${id}`;

/** The text as it was given, the content behind it, and every secret in that. */
export function kubeconfigSecrets(text: string): readonly Secret[] {
  const of = 'kubeconfig';
  const parsed = parseKubeconfig(text);
  if (!parsed.ok || 'path' in parsed.value) return distinct([{ text: text.trim(), kind: /\s/.test(text.trim()) ? 'document' : 'value', of }, ...valuesOf(of, guessed(text))]);
  const { content, secrets } = parsed.value;
  const isEncoded = content.trim() !== text.trim();
  return distinct([
    { text: text.trim(), kind: isEncoded ? 'value' : 'document', of },
    { text: content.trim(), kind: 'document', of },
    ...valuesOf(of, secrets),
  ]);
}

/** What may be secret in a text that cannot be parsed: what has the name of a secret, and what looks like one. */
function guessed(text: string): readonly string[] {
  const named = [...text.matchAll(/([\w-]+)["']?\s*[:=]\s*["']?([^\s"',{}[\]]+)/g)].flatMap(([, name = '', value = '']) => (isSecret(name, value) ? [value] : []));
  return [...named, ...text.split(/[\s"',{}[\]]+/).filter(looksSecret)];
}

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
