import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readArguments, readGitFacts } from '../../src/host/terminal.js';
import { ConfigError, describeProblem } from '../../src/outcome/errors.js';
import type { CommandTable } from '../../src/ports/command-line.js';
import type { Exited, ProcessRunner } from '../../src/ports/process.js';
import { anyCharacter } from '../any-character.js';

const table: CommandTable = {
  deploy: {
    description: 'Takes a commit to production.',
    flags: [
      { name: 'dry-run', description: 'Plan only.', default: 'false', isBoolean: true },
      { name: 'workloads', description: 'What to roll out,\none per line.' },
      { name: 'image', description: 'Repository of the image.' },
      { name: 'registry-password', description: 'Password of the registry.', fromEnvironmentOnly: true },
    ],
  },
  rollback: { description: 'Goes back.', flags: [{ name: 'to', description: 'Where to.' }] },
};
const suggest = (word: string, known: readonly string[]) => known.find((name) => name.startsWith(word.slice(0, 3)));
const read = (...argv: string[]) => readArguments(argv, table, {}, suggest);
const problemsOf = (...argv: string[]) => {
  try {
    read(...argv);
  } catch (error) {
    return error instanceof ConfigError ? error.problems.map(describeProblem).join('\n') : String(error);
  }
  return 'none';
};

describe('the command line', () => {
  it.each<[string, string[], Record<string, string>]>([
    ['nothing', [], {}],
    ['a value after a space', ['--image', 'ghcr.io/acme/api'], { image: 'ghcr.io/acme/api' }],
    ['a value after =', ['--image=a=b'], { image: 'a=b' }],
    ['a value that begins with --', ['--image=--x'], { image: '--x' }],
    ['an empty value', ['--image='], { image: '' }],
    ['a switch', ['--dry-run'], { 'dry-run': 'true' }],
    ['a switch with its value', ['--dry-run', 'false', '--image', 'x'], { 'dry-run': 'false', image: 'x' }],
    ['a switch before another flag', ['--dry-run', '--image', 'x'], { 'dry-run': 'true', image: 'x' }],
    ['a flag given twice', ['--workloads', 'deployment/a', '--workloads=deployment/b'], { workloads: 'deployment/a\ndeployment/b' }],
  ])('reads %s', (_, argv, inputs) => {
    expect(read('deploy', ...argv)).toEqual({ kind: 'run', command: 'deploy', inputs, ambient: [] });
  });

  it('takes secrets from the environment', () => {
    expect(readArguments(['deploy'], table, { DEPLOY_REGISTRY_PASSWORD: 'x' }, suggest))
      .toMatchObject({ inputs: { 'registry-password': 'x' }, ambient: ['registry-password'] });
  });

  it('leaves alone what the environment says for other commands', () => {
    expect(readArguments(['rollback'], table, { DEPLOY_REGISTRY_PASSWORD: 'x', DEPLOY_WORKLOADS: 'y' }, suggest))
      .toEqual({ kind: 'run', command: 'rollback', inputs: {}, ambient: [] });
  });

  it.each<[string[], string]>([
    [['deplyo'], 'command line: unknown command "deplyo". Did you mean "deploy"?'],
    [['xxx'], 'command line: unknown command "xxx". See --help for the list.'],
    [['toString'], 'command line: unknown command "toString". See --help for the list.'],
    [['deploy', 'x'], 'command line: "x" is not a flag. Flags start with --; see --help.'],
    [['deploy', '--worklaods=x'], 'command line: unknown flag "--worklaods". Did you mean "--workloads"?'],
    [['deploy', '--to=12'], 'command line: unknown flag "--to". It is a flag of rollback, not of this command.'],
    [['deploy', '--image'], 'flag --image: its value is missing. Write --image VALUE, or --image=VALUE if the value starts with --.'],
    [['deploy', '--image', '--dry-run'], 'flag --image: its value is missing'],
    [['deploy', '-x'], 'command line: "-x" is not a flag. Flags start with --; see --help.'],
    [['deploy', '--registry-password', 'x'], 'flag --registry-password: everyone on this machine could read its value in the process list. '
      + 'Set the environment variable DEPLOY_REGISTRY_PASSWORD instead of the flag.'],
  ])('says what is wrong with %j', (argv, message) => {
    expect(problemsOf(...argv)).toContain(message);
  });

  it('never shows the value of a secret flag', () => {
    expect(problemsOf('deploy', '--registry-password=hunter2')).not.toContain('hunter2');
    expect(problemsOf('deploy', '--registry-passwrd', 'hunter2')).toBe('command line: unknown flag "--registry-passwrd". Did you mean "--registry-password"?');
    expect(problemsOf('deploy', '--registry-password', 'hunter2')).not.toContain('hunter2');
  });

  it('gives back any value that is written after =', () => {
    fc.assert(fc.property(fc.string({ unit: anyCharacter }), (value) => {
      expect(read('deploy', `--image=${value}`)).toMatchObject({ inputs: { image: value } });
    }));
  });

  it('shows its help', () => {
    expect([read(), read('--help'), read('help'), read('-h')].map(({ kind }) => kind)).toEqual(['help', 'help', 'help', 'help']);
    const request = read('deploy', '--image', 'x', '--help');
    expect(request.kind === 'help' && request.text).toBe([
      'Usage: node dist/cli.js deploy [--flag VALUE …]', '', 'Takes a commit to production.', '',
      '  --dry-run          Plan only. (default: false)',
      '  --workloads VALUE  What to roll out,', '                     one per line.',
      '  --image VALUE      Repository of the image.', '',
      'Secrets, read from the environment:', '  DEPLOY_REGISTRY_PASSWORD  Password of the registry.', '',
      'A flag that takes several values can be repeated.',
    ].join('\n'));
  });
});

describe('git', () => {
  const git = (answers: Record<string, Exited>): ProcessRunner => ({
    run: ({ args }) => Promise.resolve(answers[args.join(' ')] ?? { code: 128, stdout: '', stderr: 'fatal' }),
    start: () => { throw new Error('not expected'); },
  });
  const says = (stdout: string): Exited => ({ code: 0, stdout, stderr: '' });

  it('tells commit and branches', async () => {
    expect(await readGitFacts(git({
      'rev-parse --verify --quiet HEAD': says('c0ffee\n'), 'symbolic-ref --quiet --short HEAD': says('feature/a\n'),
      'symbolic-ref --quiet --short refs/remotes/origin/HEAD': says('origin/trunk\n'),
    }))).toEqual({ commit: 'c0ffee', branch: 'feature/a', defaultBranch: 'trunk' });
  });

  it('is not missed where there is none', async () => {
    expect(await readGitFacts({ ...git({}), run: () => Promise.reject(new Error('no git')) })).toEqual({});
  });
});
