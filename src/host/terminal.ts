import { ConfigError, type Problem } from '../outcome/errors.js';
import type { CommandTable, Flag } from '../ports/command-line.js';
import type { ProcessRunner } from '../ports/process.js';
import type { RunFacts } from '../ports/run-facts.js';

export type Request<Command extends string = string> =
  | {
    readonly kind: 'run'; readonly command: Command; readonly inputs: Readonly<Record<string, string>>;
    /** Names of the inputs that come from the environment, where they may stand for another command. */
    readonly ambient: readonly string[];
  }
  | { readonly kind: 'help'; readonly text: string };

type Env = Readonly<Record<string, string | undefined>>;
type Suggest = (word: string, known: readonly string[]) => string | undefined;

/**
 * Reads `deploy --flag value --flag=value …`, without the program. A flag that is repeated gives its values one per
 * line. Throws ConfigError with all problems. `suggest` finds the known word that was probably meant.
 */
export function readArguments<Command extends string>(argv: readonly string[], table: CommandTable<Command>, env: Env, suggest: Suggest): Request<Command> {
  const [command, ...rest] = argv;
  if (command === undefined || isHelp(command) || command === 'help') return { kind: 'help', text: helpText(table) };
  if (!isCommand(command, table)) throw new ConfigError([unknown('command line', 'command', command, suggest(command, Object.keys(table)))]);
  if (rest.some(isHelp)) return { kind: 'help', text: helpText(table, command) };
  const { flags } = table[command];
  const problems: Problem[] = [];
  const values = new Map<string, string[]>();
  for (const word of wordsOf(rest, flags)) {
    const read = readFlag(word, flags, suggest, table);
    if ('problem' in read) problems.push(read.problem);
    else values.set(read.name, [...values.get(read.name) ?? [], read.value]);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const secrets = flags.filter((flag) => flag.fromEnvironmentOnly && env[variableOf(flag.name)])
    .map((flag) => [flag.name, env[variableOf(flag.name)] ?? ''] as const);
  const given = [...values].map(([name, each]) => [name, each.join('\n')] as const);
  return { kind: 'run', command, inputs: Object.fromEntries([...secrets, ...given]), ambient: secrets.map(([name]) => name) };
}

const isCommand = <Command extends string>(word: string, table: CommandTable<Command>): word is Command => Object.hasOwn(table, word);

const isHelp = (word: string): boolean => word === '--help' || word === '-h';

/** `registry-password` → `DEPLOY_REGISTRY_PASSWORD`. */
const variableOf = (name: string): string => `DEPLOY_${name.toUpperCase().replaceAll('-', '_')}`;

interface Word {
  readonly text: string;
  readonly name?: string;
  readonly value?: string;
}

/** Puts each flag together with its value: the part after `=`, or the next word. */
function wordsOf(argv: readonly string[], flags: readonly Flag[]): readonly Word[] {
  const words: Word[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const text = argv[index] ?? '';
    const match = /^--([^=]+)(?:=([\s\S]*))?$/.exec(text);
    const [name, inline] = [match?.[1], match?.[2]];
    const next = argv[index + 1];
    // The value of an unknown flag is read with it and not shown: it may be the secret of a misspelt flag.
    const isSwitch = flags.some((flag) => flag.name === name && flag.isBoolean) && next !== 'true' && next !== 'false';
    const takesNext = name !== undefined && inline === undefined && next !== undefined && !next.startsWith('--') && !isSwitch;
    if (takesNext) index += 1;
    words.push({ text, name, value: takesNext ? next : inline });
  }
  return words;
}

function readFlag(word: Word, flags: readonly Flag[], suggest: Suggest, table: CommandTable): { name: string; value: string } | { problem: Problem } {
  if (word.name === undefined) {
    return { problem: { where: 'command line', message: `"${word.text}" is not a flag`, hint: 'Flags start with --; see --help.' } };
  }
  const flag = flags.find((candidate) => candidate.name === word.name);
  const where = `flag --${word.name}`;
  if (!flag) {
    const problem = unknown('command line', 'flag', `--${word.name}`, prefixed(suggest(word.name, flags.map(({ name }) => name))));
    const others = Object.keys(table).filter((command) => table[command]?.flags.some(({ name }) => name === word.name));
    return { problem: others.length === 0 ? problem : { ...problem, hint: `It is a flag of ${others.join(', ')}, not of this command.` } };
  }
  if (flag.fromEnvironmentOnly) {
    const hint = `Set the environment variable ${variableOf(flag.name)} instead of the flag.`;
    return { problem: { where, message: 'everyone on this machine could read its value in the process list', hint } };
  }
  const value = word.value ?? (flag.isBoolean ? 'true' : undefined);
  if (value === undefined) {
    const hint = `Write --${flag.name} VALUE, or --${flag.name}=VALUE if the value starts with --.`;
    return { problem: { where, message: 'its value is missing', hint } };
  }
  return { name: flag.name, value };
}

const prefixed = (name: string | undefined): string | undefined => (name === undefined ? undefined : `--${name}`);

function unknown(where: string, what: string, word: string, meant: string | undefined): Problem {
  const hint = meant === undefined ? 'See --help for the list.' : `Did you mean "${meant}"?`;
  return { where, message: `unknown ${what} "${word}"`, hint };
}

/** The help of the program, or of one command. */
function helpText(table: CommandTable, command?: string): string {
  const entry = command === undefined ? undefined : table[command];
  const usage = `node dist/cli.js ${entry && command !== undefined ? command : 'COMMAND'} [--flag VALUE …]`;
  if (!entry) {
    const commands = Object.entries(table).map(([name, { description }]) => [name, description] as const);
    return [`Usage: ${usage}`, '', ...columns(commands), '', '`COMMAND --help` lists its flags, which are the inputs of the action.'].join('\n');
  }
  const flags = entry.flags.map((flag) => [
    flag.fromEnvironmentOnly ? variableOf(flag.name) : `--${flag.name}${flag.isBoolean ? '' : ' VALUE'}`,
    flag.description + (flag.default ? ` (default: ${flag.default.replaceAll('\n', ' ')})` : ''),
  ] as const);
  const isVariable = ([name]: readonly [string, string]) => name.startsWith('DEPLOY_');
  const variables = flags.filter(isVariable);
  const secrets = variables.length > 0 ? ['', 'Secrets, read from the environment:', ...columns(variables)] : [];
  const note = 'A flag that takes several values can be repeated.';
  return [`Usage: ${usage}`, '', entry.description, '', ...columns(flags.filter((flag) => !isVariable(flag))), ...secrets, '', note].join('\n');
}

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text.replaceAll('\n', `\n  ${' '.repeat(width)}  `)}`);
}

/** What git reports of the working directory; undefined if it reports nothing (no repository, no commit, no git). */
export async function readGitFacts(process: ProcessRunner, cwd?: string): Promise<RunFacts> {
  const ask = async (...args: readonly string[]): Promise<string | undefined> => {
    const answer = await process.run({ program: 'git', args, cwd }).catch(() => undefined);
    return answer?.code === 0 && answer.stdout.trim() !== '' ? answer.stdout.trim() : undefined;
  };
  const [commit, branch, remoteHead] = await Promise.all([
    ask('rev-parse', '--verify', '--quiet', 'HEAD'),
    ask('symbolic-ref', '--quiet', '--short', 'HEAD'),
    ask('symbolic-ref', '--quiet', '--short', 'refs/remotes/origin/HEAD'),
  ]);
  return { commit, branch, defaultBranch: remoteHead?.replace(/^origin\//, '') };
}
