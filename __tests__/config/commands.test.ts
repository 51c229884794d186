import { describe, expect, it } from '@jest/globals';
import { commands } from '../../src/config/commands.js';
import { commandHelp, programHelp } from '../../src/host/help.js';
import { actionNames } from '../../src/outcome/action.js';

const helps: [string, string][] = [['the program', programHelp(commands, 'deploy-action')], ...actionNames.map((name): [string, string] => [name, commandHelp(commands, name, 'deploy-action')])];

describe.each(helps)('the help of %s', (_, help) => {
  it('has no line of more than 100 columns', () => expect(help.split('\n').filter((line) => [...line].length > 100)).toEqual([]));
  it('is written for a terminal', () => expect(help).not.toMatch(/`|\binput\b|workflow|undefined| VALUE\b/));
});

describe.each(actionNames.map((name) => [name]))('the help of %s', (name) => {
  const help = commandHelp(commands, name, 'deploy-action');
  it('has groups, examples and exit codes', () => {
    expect([...help.matchAll(/^(\S[^:\n]*):(?: .*)?$/gm)].map((match) => match[1])).toEqual(expect.arrayContaining(['Usage', 'The run', 'Output', 'Examples', 'Exit codes']));
    expect(help).toMatch(/^ {2}130 {2}it was stopped with Ctrl-C/m);
  });
  it('has a value for every option that is no switch', () => {
    expect(commands[name].flags.filter(({ value, isBoolean, fromEnvironmentOnly }) => (value === undefined || value === 'VALUE') && !isBoolean && !fromEnvironmentOnly)).toEqual([]);
  });
  it('has examples that name this command', () => {
    for (const example of commands[name].examples) expect(example).toMatch(new RegExp(`^${name} --`));
  });
});
