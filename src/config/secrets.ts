import { variablePattern } from './build-secrets.js';
import { secretIdPattern } from './key-value.js';
import { isKubeconfigPath, parseKubeconfig } from './kubeconfig.js';

/** Lines shorter than this are not hidden on their own: they would be found in harmless text. */
const shortestLine = 8;

/**
 * What must be hidden of the raw inputs, before any of them is looked at for anything else. Never fails: of a text that
 * is not understood it is rather too much. The names of its inputs are in `secretInputs`.
 */
export function secretsIn(inputs: Readonly<Record<string, string>>): readonly string[] {
  const password = (inputs['registry-password'] ?? '').replace(/[\r\n]+$/, '');
  const kubeconfig = inputs['kubeconfig'] ?? '';
  return distinct([
    ...withLines(password),
    ...(inputs['build-secrets'] ?? '').split(/\r\n?|\n/).flatMap(secretOfLine),
    ...(isKubeconfigPath(kubeconfig) ? [] : kubeconfigSecrets(kubeconfig)),
  ]);
}

function secretOfLine(line: string): readonly string[] {
  const equals = line.indexOf('=');
  const value = line.slice(equals + 1).trim();
  if (new RegExp(variablePattern).test(value)) return [];
  const understood = equals > 0 && new RegExp(secretIdPattern).test(line.slice(0, equals).trim()) && !/^=*$/.test(value);
  return [understood ? value : line.trim()];
}

/** The text as it was given, the content behind it, and every secret in that. */
export function kubeconfigSecrets(text: string): readonly string[] {
  const parsed = parseKubeconfig(text);
  const inside = parsed.ok && 'content' in parsed.value ? [parsed.value.content.trim(), ...parsed.value.secrets.flatMap(withLines)] : [];
  return distinct([text.trim(), ...inside]);
}

/** A secret and its lines: programs print line by line. */
export const withLines = (secret: string): readonly string[] =>
  distinct([secret, ...(secret.includes('\n') ? secret.split(/\r?\n/).map((line) => line.trim()).filter((line) => line.length >= shortestLine) : [])]);

export const distinct = (texts: readonly string[]): readonly string[] => [...new Set(texts.filter((text) => text.trim() !== ''))];
