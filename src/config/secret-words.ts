import { isSecret, isSecretName } from './secret-shape.js';

/** An option whose next word is its value whatever that begins with; one such as `--use-token` may be a switch. */
const takesValue = /(?:passw(?:or)?d|passphrase|secret|pwd|pass)$/i;
/** `-v`, `--verbose`, `--cache-dir=/tmp`: rather an option than a value that begins with a dash. */
const option = /^(?:--[a-z]+(?:-[a-z]+)*(?:=.*)?|-[a-z]+(?:-[a-z]+)*(?:=.*)?|-[A-Z])$/s;
/** `-p` is a password, a port, a profile or a path: only a text with letters around digits, or with odd signs, is hidden. */
const isRarelyWord = (text: string): boolean =>
  text.length >= 6 && !/[\s/:,=]/.test(text) && (/[!@#$%^&*?+~]/.test(text) || (/[A-Za-z]\d+[A-Za-z]/.test(text) && !/[-.]/.test(text)));

/** Whether a named value is a secret; a word alone has an empty name. */
type Judge = (name: string, value: string) => boolean;

/** The secrets among the words of a command: values of options and variables with the name of a secret, and what looks like one. */
export const secretsInWords = (words: readonly string[], judge: Judge = isSecret): readonly string[] => words.flatMap((word, index) => {
  if (!/\s/.test(word)) return secretsOf(word, words[index + 1] ?? '', judge);
  const header = secretOfHeader(word);
  if (header !== undefined) return [header];
  const line = wordsOf(word);
  return line.flatMap((each, place) => secretsOf(each, line[place + 1] ?? '', judge)).filter((secret) => !secret.startsWith('$'));
});

const secretsOf = (word: string, next: string, judge: Judge): readonly string[] => [...secretOf(word, next, judge), ...(judge('', word) ? [word] : [])];

function secretOf(word: string, next: string, judge: Judge): readonly string[] {
  const [, short, given] = /^-(p)(.*)$/s.exec(word) ?? [];
  if (short !== undefined) {
    const value = given || next;
    if (isRarelyWord(value) && !option.test(value)) return [value];
  }
  const [, dashes = '', name = '', own] = /^(-{0,2})([A-Za-z_][\w.-]*)(?:=(.*))?$/s.exec(word) ?? [];
  if (own !== undefined) return judge(name, own) ? [own] : [];
  if (dashes === '' || !judge(name, next)) return [];
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
