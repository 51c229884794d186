import { isSecret, isSecretName, looksSecret } from './secret-shape.js';

/** An option whose next word is its value whatever that begins with; one such as `--use-token` may be a switch. */
const takesValue = /(?:passw(?:or)?d|passphrase|secret|pwd|pass)$/i;
/** `-v`, `--verbose`, `--cache-dir=/tmp`: rather an option than a value that begins with a dash. */
const option = /^(?:--[a-z]+(?:-[a-z]+)*(?:=.*)?|-[a-z]+(?:-[a-z]+)*(?:=.*)?|-[A-Z])$/s;
/** `-p` is a password, a port, a profile or a path: only a text with letters around digits, or with odd signs, is hidden. */
const isRarelyWord = (text: string): boolean =>
  text.length >= 6 && !/[\s/:,=]/.test(text) && (/[!@#$%^&*?+~]/.test(text) || (/[A-Za-z]\d+[A-Za-z]/.test(text) && !/[-.]/.test(text)));

/** The secrets among the words of a command: values of options and variables with the name of a secret, and what looks like one. */
export function secretsInWords(words: readonly string[], depth = 0): readonly string[] {
  return words.flatMap((word, index) => {
    if (/\s/.test(word) && depth === 0) {
      const header = secretOfHeader(word);
      return header === undefined ? secretsInWords(wordsOf(word), 1).filter((secret) => !secret.startsWith('$')) : [header];
    }
    return [...secretOf(word, words[index + 1] ?? ''), ...(looksSecret(word) ? [word] : [])];
  });
}

function secretOf(word: string, next: string): readonly string[] {
  const [, short, given] = /^-(p)(.*)$/s.exec(word) ?? [];
  if (short !== undefined) {
    const value = given || next;
    if (isRarelyWord(value) && !option.test(value)) return [value];
  }
  const [, dashes = '', name = '', own] = /^(-{0,2})([A-Za-z_][\w.-]*)(?:=(.*))?$/s.exec(word) ?? [];
  if (own !== undefined) return isSecret(name, own) ? [own] : [];
  if (dashes === '' || !isSecret(name, next)) return [];
  if (!next.startsWith('-')) return [next];
  const isValue = isSecretName(name) && (takesValue.test(name) ? !/^(?:-.|--.*)$/s.test(next) || !option.test(next) : !option.test(next));
  return isValue ? [next] : [];
}

/** The value in `Authorization: Bearer VALUE` and `X-Api-Key: VALUE`. */
function secretOfHeader(text: string): string | undefined {
  const [, name = '', value = ''] = /^([\w-]+):\s*(?:(?:bearer|basic|token)\s+)?(\S+)$/i.exec(text) ?? [];
  return isSecretName(name) && !value.startsWith('$') ? value : undefined;
}

/** The words of a line for a shell, without quotes. */
const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/(?:[^\s"';&|]|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
