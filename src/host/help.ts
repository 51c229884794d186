import { exitCodes } from '../outcome/exit-code.js';
import { wrapText } from '../outcome/columns.js';
import { variableOf } from '../outcome/place-words.js';
import type { CommandTable, Flag } from '../ports/command-line.js';

/** No line is longer. */
const width = 100;
/** Descriptions start here; a longer name has a line of its own. */
const textColumn = 32;

/** The help of the program. */
export function programHelp(table: CommandTable, program: string): string {
  return [
    `Usage: ${program} COMMAND [OPTIONS]`, '', 'Deploys to Kubernetes, checks that it works, and restores the previous version if it does not.', '',
    'Commands:', ...Object.entries(table).flatMap(([name, { description }]) => columns(name, description, 12)),
    ...columns('help COMMAND', 'Shows the options, examples and exit codes of a command.', 12), '',
    'Options:', ...columns('-h, --help', 'Shows this help, or that of a command.'), ...columns('--version', 'Shows the version.'), '',
    ...wrapText('Settings are read from .github/deploy.yml in the current folder; options take precedence over the file.', width), '',
    'Examples:', ...Object.values(table).flatMap(({ examples }) => examples.slice(0, 1)).map((example) => `  ${program} ${example}`),
  ].join('\n');
}

/** The help of one command. */
export function commandHelp(table: CommandTable, command: string, program: string): string {
  const { description, flags, examples } = table[command] ?? { description: '', flags: [], examples: [] };
  const options = flags.filter(({ fromEnvironmentOnly }) => !fromEnvironmentOnly);
  const secrets = flags.filter(({ fromEnvironmentOnly }) => fromEnvironmentOnly);
  const groups = [...new Set(options.map(({ group }) => group))];
  return [
    `Usage: ${program} ${command} [OPTIONS]`, '', ...wrapText(description, width), '',
    ...groups.flatMap((group) => [`${group}:`, ...options.filter((flag) => flag.group === group).flatMap(optionLines), '']),
    ...secrets.length === 0 ? [] : ['Secrets, read from the environment:', ...secrets.flatMap((flag) => columns(variableOf(flag.name), flag.description)), ''],
    'An option with several values can be repeated.', '',
    'Examples:', ...examples.map((example) => `  ${program} ${example}`), '',
    'Exit codes:', ...Object.entries(exitCodes).flatMap(([code, meaning]) => columns(code, meaning, 3)),
  ].join('\n');
}

function optionLines({ name, value, description, default: otherwise }: Flag): readonly string[] {
  const text = otherwise ? `${description.replace(/\.$/, '')} (default: ${otherwise.replaceAll('\n', ' ')})` : description;
  return columns(`--${name}${value === undefined ? '' : ` ${value}`}`, text.replaceAll('`', ''));
}

function columns(name: string, text: string, nameWidth = textColumn - 4): readonly string[] {
  const indent = ' '.repeat(nameWidth + 4);
  const lines = wrapText(text.replace(/\s+/g, ' '), width - indent.length);
  const isLong = name.length > nameWidth;
  return [`  ${isLong ? name : `${name.padEnd(nameWidth)}  ${lines[0] ?? ''}`}`.trimEnd(), ...lines.slice(isLong ? 0 : 1).map((line) => indent + line)];
}
