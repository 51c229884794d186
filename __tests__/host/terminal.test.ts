import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readArguments, readGitFacts } from '../../src/host/terminal.js';
import { ConfigError, describeProblem } from '../../src/outcome/errors.js';
import { exitCodes } from '../../src/outcome/exit-code.js';
import type { CommandTable } from '../../src/ports/command-line.js';
import type { Exited, ProcessRunner } from '../../src/ports/process.js';
import { anyCharacter } from '../any-character.js';

const table: CommandTable = {
  deploy: {
    description: 'Takes a commit to production.', examples: ['deploy --dry-run'],
    flags: [
      { name: 'dry-run', group: 'The run', description: 'Plan only.', isBoolean: true },
      { name: 'workloads', value: 'WORKLOAD', group: 'Rollout', description: 'What to roll out.' },
      { name: 'image', value: 'REPOSITORY', group: 'Rollout', description: 'Repository of the image.', default: 'that of the workload' },
      { name: 'registry-password', group: 'Registry', description: 'Password of the registry.', fromEnvironmentOnly: true },
    ],
  },
  rollback: { description: 'Goes back.', examples: ['rollback'], flags: [{ name: 'to', value: 'RELEASE', group: 'Rollout', description: 'Where to.' }] },
};
const suggest = (word: string, known: readonly string[]) => known.find((name) => name.startsWith(word.slice(0, 3 + word.search(/[a-z]/))));
const readWith = (env: Record<string, string>, ...argv: string[]) => readArguments(argv, table, { env, suggest, program: 'deploy-action' });
const read = (...argv: string[]) => readWith({}, ...argv);
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
    expect(readWith({ DEPLOY_REGISTRY_PASSWORD: 'x' }, 'deploy'))
      .toMatchObject({ inputs: { 'registry-password': 'x' }, ambient: ['registry-password'] });
  });

  it('leaves alone what the environment says for other commands', () => {
    expect(readWith({ DEPLOY_REGISTRY_PASSWORD: 'x', DEPLOY_WORKLOADS: 'y' }, 'rollback'))
      .toEqual({ kind: 'run', command: 'rollback', inputs: {}, ambient: [] });
  });

  it.each<[string[], string]>([
    [['deplyo'], 'deplyo: unknown command. Did you mean "deploy"?'],
    [['xxx'], 'xxx: unknown command'],
    [['toString'], 'toString: unknown command'],
    [['--versoin'], '--versoin: unknown option. Did you mean "--version"?'],
    [['help', 'rolbakc'], 'rolbakc: unknown command. Did you mean "rollback"?'],
    [['deploy', 'x'], 'x: is not an option. Options start with --.'],
    [['deploy', '--worklaods=x'], '--worklaods: unknown option. Did you mean "--workloads"?'],
    [['deploy', '--to=12'], '--to: unknown option. It is an option of rollback, not of this command.'],
    [['deploy', '--image'], '--image: its value is missing. Write --image VALUE, or --image=VALUE if the value starts with --.'],
    [['deploy', '--image', '--dry-run'], '--image: its value is missing'],
    [['deploy', '-x'], '-x: is not an option. Options start with --.'],
    [['deploy', '--registry-password', 'x'], '--registry-password: everyone on this machine could read its value in the process list. '
      + 'Set the environment variable DEPLOY_REGISTRY_PASSWORD instead.'],
  ])('says what is wrong with %j', (argv, message) => {
    expect(problemsOf(...argv)).toContain(message);
  });

  it('never shows the value of a secret flag', () => {
    expect(problemsOf('deploy', '--registry-password=hunter2')).not.toContain('hunter2');
    expect(problemsOf('deploy', '--registry-passwrd', 'hunter2')).toBe('--registry-passwrd: unknown option. Did you mean "--registry-password"?');
    expect(problemsOf('deploy', '--registry-password', 'hunter2')).not.toContain('hunter2');
  });

  it('gives back any value that is written after =', () => {
    fc.assert(fc.property(fc.string({ unit: anyCharacter }), (value) => {
      expect(read('deploy', `--image=${value}`)).toMatchObject({ inputs: { image: value } });
    }));
  });

  it('shows its help, and its version', () => {
    expect([read(), read('--help'), read('help'), read('-h'), read('help', '--help')].map(({ kind }) => kind)).toEqual(['help', 'help', 'help', 'help', 'help']);
    expect(read('--version')).toEqual({ kind: 'version' });
    expect(read('help', 'deploy')).toEqual(read('deploy', '--image', 'x', '--help'));
    const request = read('help', 'deploy');
    expect(request.kind === 'help' && request.text).toBe([
      'Usage: deploy-action deploy [OPTIONS]', '', 'Takes a commit to production.', '',
      'The run:', '  --dry-run                     Plan only.', '',
      'Rollout:', '  --workloads WORKLOAD          What to roll out.', '  --image REPOSITORY            Repository of the image (default: that of the workload)', '',
      'Secrets, read from the environment:', '  DEPLOY_REGISTRY_PASSWORD      Password of the registry.', '',
      'An option with several values can be repeated.', '',
      'Examples:', '  deploy-action deploy --dry-run', '',
      'Exit codes:', ...Object.entries(exitCodes).map(([code, meaning]) => `  ${code.padEnd(3)}  ${meaning}`),
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

  it.each([
    ['https://github.com/acme/api.git', 'acme/api'], ['git@github.com:acme/api', 'acme/api'], ['https://x:secret@git.acme.example:8443/group/acme/api/', 'acme/api'],
    ['ssh://git@github.com/acme/my.api.git', 'acme/my.api'], ['api', undefined],
  ])('tells the repository of %s as a workflow names it', async (origin, repository) => {
    expect((await readGitFacts(git({ 'remote get-url origin': says(`${origin}\n`) }))).repository).toBe(repository);
  });

  it('is not missed where there is none', async () => {
    expect(await readGitFacts({ ...git({}), run: () => Promise.reject(new Error('no git')) })).toEqual({});
  });
});
