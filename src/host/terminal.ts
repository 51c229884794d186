import { ConfigError, type Problem } from '../outcome/errors.js';
import { variableOf } from '../outcome/place-words.js';
import type { CommandTable, Flag } from '../ports/command-line.js';
import type { ProcessRunner } from '../ports/process.js';
import type { RunFacts } from '../ports/run-facts.js';
import { commandHelp, programHelp } from './help.js';

export type Request<Command extends string = string> =
  | {
    readonly kind: 'run'; readonly command: Command; readonly inputs: Readonly<Record<string, string>>;
    /** Names of the inputs that come from the environment, where they may stand for another command. */
    readonly ambient: readonly string[];
  }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' };

type Env = Readonly<Record<string, string | undefined>>;
type Suggest = (word: string, known: readonly string[]) => string | undefined;

/** What the arguments are read with. */
export interface Reading {
  readonly env: Env;
  /** Finds the known word that was probably meant. */
  readonly suggest: Suggest;
  /** How the program was called, for its help. */
  readonly program: string;
}

/**
 * Reads `deploy --flag value --flag=value …`, without the program. A flag that is repeated gives its values one per
 * line. Throws ConfigError with all problems.
 */
export function readArguments<Command extends string>(argv: readonly string[], table: CommandTable<Command>, reading: Reading): Request<Command> {
  const [command, ...rest] = argv;
  if (command === '--version') return { kind: 'version' };
  if (command === undefined || isHelp(command)) return { kind: 'help', text: programHelp(table, reading.program) };
  if (command === 'help') return helpOn(rest, table, reading);
  if (!isCommand(command, table)) throw unknownCommand(command, table, reading);
  if (rest.some(isHelp)) return { kind: 'help', text: commandHelp(table, command, reading.program) };
  return readFlags(command, rest, table, reading);
}

/** `help`, `help deploy`. */
function helpOn<Command extends string>([command]: readonly string[], table: CommandTable<Command>, reading: Reading): Request<Command> {
  if (command === undefined || isHelp(command)) return { kind: 'help', text: programHelp(table, reading.program) };
  if (!isCommand(command, table)) throw unknownCommand(command, table, reading);
  return { kind: 'help', text: commandHelp(table, command, reading.program) };
}

const unknownCommand = (command: string, table: CommandTable, { suggest }: Reading): ConfigError => {
  const what = command.startsWith('-') ? 'option' : 'command';
  return new ConfigError([unknown(what, command, suggest(command, [...Object.keys(table), 'help', '--version', '--help']))]);
};

function readFlags<Command extends string>(
  command: Command, rest: readonly string[], table: CommandTable<Command>, { env, suggest }: Reading,
): Request<Command> {
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
    return { problem: { where: word.text, message: 'is not an option', hint: 'Options start with --.' } };
  }
  const flag = flags.find((candidate) => candidate.name === word.name);
  const where = `--${word.name}`;
  if (!flag) {
    const problem = unknown('option', `--${word.name}`, prefixed(suggest(word.name, flags.map(({ name }) => name))));
    const others = Object.keys(table).filter((command) => table[command]?.flags.some(({ name }) => name === word.name));
    return { problem: others.length === 0 ? problem : { ...problem, hint: `It is an option of ${others.join(', ')}, not of this command.` } };
  }
  if (flag.fromEnvironmentOnly) {
    const hint = `Set the environment variable ${variableOf(flag.name)} instead.`;
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

function unknown(what: string, word: string, meant: string | undefined): Problem {
  return { where: word, message: `unknown ${what}`, hint: meant === undefined ? undefined : `Did you mean "${meant}"?` };
}

/** What git reports of the working directory; undefined if it reports nothing (no repository, no commit, no git). */
export async function readGitFacts(process: ProcessRunner, cwd?: string): Promise<RunFacts> {
  const ask = async (...args: readonly string[]): Promise<string | undefined> => {
    const answer = await process.run({ program: 'git', args, cwd }).catch(() => undefined);
    return answer?.code === 0 && answer.stdout.trim() !== '' ? answer.stdout.trim() : undefined;
  };
  const [commit, branch, remoteHead, origin] = await Promise.all([
    ask('rev-parse', '--verify', '--quiet', 'HEAD'),
    ask('symbolic-ref', '--quiet', '--short', 'HEAD'),
    ask('symbolic-ref', '--quiet', '--short', 'refs/remotes/origin/HEAD'),
    ask('remote', 'get-url', 'origin'),
  ]);
  return { commit, branch, defaultBranch: remoteHead?.replace(/^origin\//, ''), repository: repositoryOf(origin) };
}

/** `acme/api` of `https://github.com/acme/api.git` and `git@github.com:acme/api`: as a workflow names it, so both find the same locks and records. */
function repositoryOf(origin = ''): string | undefined {
  const [owner, name] = origin.replace(/\/$/, '').split(/[/:]/).slice(-2);
  return owner && name ? `${owner}/${name.replace(/\.git$/, '')}` : undefined;
}
