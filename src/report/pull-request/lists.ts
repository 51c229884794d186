import type { Problem } from '../../outcome/errors.js';
import type { Finding } from '../../outcome/finding.js';
import { sentence } from '../../outcome/wording.js';
import { code, prose } from '../markdown.js';

/** Lines of a list: more do not help. All problems of settings that are reported (50 and their number) fit in. */
const atMost = 60;
/** Characters of a text in one of them. */
const longest = 1000;

/** @param lines markdown */
export function list(lines: readonly string[]): string {
  const more = lines.length > atMost ? [`And ${lines.length - atMost} more.`] : [];
  return [...lines.slice(0, atMost), ...more].map((line) => `- ${line}`).join('\n');
}

/** A text from outside in one line of a list. What grows too much when it is escaped is cut further. */
export function inLine(text: string): string {
  const line = text.split('\n').map((part) => part.trim()).join(' ').slice(0, longest);
  const shown = prose(line);
  return shown.length <= 3 * longest ? shown : prose(line.slice(0, longest / 8));
}

/** `.github/deploy.yml:3:5`: the setting and what is wrong with it. What to do. */
export const problemLines = (problems: readonly Problem[]): readonly string[] => problems.map(({ file, line, column, where, message, hint }) => {
  const place = file === undefined ? undefined : [file, line, column].filter((part) => part !== undefined).join(':');
  return `${place === undefined ? '' : `${code(place)}: `}${inLine(`${where}: ${message}`)}${hint === undefined ? '' : `. ${inLine(hint)}`}`;
});

export const findingLines = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ cause, message, hint }) => `${code(cause)}: ${inLine(sentence(message))}${hint === undefined ? '' : ` ${inLine(hint)}`}`);
