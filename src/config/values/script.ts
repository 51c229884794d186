import { good, type Checked } from '../kit/checked.js';
import { convert, shortOr } from '../kit/kind.js';
import { controlCharacter, longLimit } from '../kit/limits.js';
import { list } from '../kit/list.js';
import { block } from '../kit/text.js';

/** A script as its lines. Blank lines around it fall away. */
function parseScript(text: string): Checked<readonly string[]> {
  const fault = controlCharacter(text, true);
  if (fault) return { ok: false, faults: [fault] };
  const lines = text.replace(/\r\n?/g, '\n').split('\n').map((line) => line.trimEnd());
  return good(lines.slice(lines.findIndex((line) => line !== ''), lines.findLastIndex((line) => line !== '') + 1));
}

/** Commands as one text, which may have several lines. `expects` completes "must be …". */
export const scriptLines = (expects: string) => block(parseScript, { expects, limit: longLimit, literal: true });
const expects = 'commands, as text or as a list';
const commands = list(scriptLines('a command'), { expects, longest: longLimit, mayBeEmpty: true });

/** The lines of a script: one text, or a list of commands. */
export const script = shortOr(scriptLines(expects), convert(commands, (scripts) => good(scripts.flat())));
