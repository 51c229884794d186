import { good, type Checked } from '../kit/checked.js';
import { convert, shortOr } from '../kit/kind.js';
import { controlCharacter, longLimit } from '../kit/limits.js';
import { list } from '../kit/list.js';
import { block } from '../kit/text.js';
import { section, type Filled } from '../setting.js';
import { path } from '../values/argument.js';

/** A script as its lines. Blank lines around it fall away. */
function parseScript(script: string): Checked<readonly string[]> {
  const fault = controlCharacter(script, true);
  if (fault) return { ok: false, faults: [fault] };
  const lines = script.replace(/\r\n?/g, '\n').split('\n').map((line) => line.trimEnd());
  return good(lines.slice(lines.findIndex((line) => line !== ''), lines.findLastIndex((line) => line !== '') + 1));
}

const script = (expects: string) => block(parseScript, { expects, limit: longLimit, literal: true });
const expects = 'commands, as text or as a list';
const commands = list(script('a command'), { expects, longest: longLimit, mayBeEmpty: true });

export const test = section('Test gate', ['deploy', 'build'], {
  'test': {
    description: 'Commands that must succeed before anything is built, one per line. They run in one `bash -eo pipefail`.',
    examples: ['npm ci\nnpm test'],
    kind: shortOr(script(expects), convert(commands, (scripts) => good(scripts.flat()))),
  },
  'working-directory': {
    description: 'Folder in which the commands of `test` run.',
    fallback: '.',
    kind: path,
  },
});

/** Commands that run by `bash -eo pipefail` before anything is built, in a folder that is relative to the workspace. */
export const gateOf = ({ test: lines = [], 'working-directory': workingDirectory }: Filled<typeof test.settings>) =>
  (lines.length > 0 ? { commands: lines, workingDirectory } : undefined);
export type GateConfig = NonNullable<ReturnType<typeof gateOf>>;
