import { describe, expect, it } from '@jest/globals';
import type { ParsedConfig } from '../../src/config/parse.js';
import type { ActionName } from '../../src/outcome/action.js';
import { ConfigError, describeProblem } from '../../src/outcome/errors.js';
import { parseTexts } from './parse-texts.js';

type Inputs = Readonly<Record<string, string>>;
const path = '.github/deploy.yml';
const digest = `sha256:${'a'.repeat(64)}`;

const parse = (text: string, inputs: Inputs = {}, action: ActionName = 'deploy'): ParsedConfig => parseTexts({ action, inputs, text });
const problems = (...of: Parameters<typeof parse>): readonly string[] => {
  try {
    parse(...of);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(describeProblem);
  }
};

const command = 'command:\n  deploy: ./deploy\n  current: ./current\n';

describe('the setting `command`', () => {
  it('has scripts as texts and as lists, and a time limit', () => {
    const { config, warnings } = parse(`${command}  verify: [curl -f x, 'grep "$DEPLOY_COMMIT" y']\n  rollback: |\n    one\n    two\n  timeout: 90s\nworking-directory: ops\n`);
    expect(config.command).toEqual({
      deploy: ['./deploy'], current: ['./current'], verify: ['curl -f x', 'grep "$DEPLOY_COMMIT" y'], rollback: ['one', 'two'], timeoutMs: 90_000, workingDirectory: 'ops',
    });
    expect([config.workloads, warnings]).toEqual([[], []]);
    expect(parse(command).config.command).toEqual({ deploy: ['./deploy'], current: ['./current'], timeoutMs: 600_000, workingDirectory: '.' });
  });

  it('is something to do by itself, in every action that deploys, and keeps its checks', () => {
    expect(parse(`${command}smoke: [https://a.example]`).config.smoke).toHaveLength(1);
    expect(parse(`image: a\n${command}`, { digest }, 'rollout').config.command).toBeDefined();
    expect(parse(`${command}  rollback: ./back\n`, { to: 'v41' }, 'rollback').config.to).toBe('v41');
    expect(parse(`image: a\n${command}`, { digest }).warnings).toEqual([]);
  });

  it('is joined field by field over the layers, and an empty list clears a command', () => {
    const file = `${command}  verify: ./verify\n  rollback: ./back\nenvironments:\n  prod:\n    command: {deploy: ./prod, verify: [], timeout: 20m}\n`;
    expect(parse(file, { environment: 'prod' }).config.command).toEqual({ deploy: ['./prod'], current: ['./current'], rollback: ['./back'], timeoutMs: 1_200_000, workingDirectory: '.' });
  });

  it.each<readonly [string, readonly string[]]>([
    ['command: ./deploy', [`${path}:1:1: command: must be a map with \`deploy\`, \`current\`, \`verify\`, \`rollback\`, \`timeout\`, not text`]],
    ['command: {deploy: ./deploy}', [`${path}:1:1: command: has no \`current\`. Give commands, as text or as a list.`]],
    ['command: {deploy: [], current: x}', [`${path}:1:1: command: has no \`deploy\`. Give commands, as text or as a list.`]],
    ['command: {deploy: a, current: b, timeout: 5}', [`${path}:1:34: command.timeout: is "5", which has no unit. Did you mean "5s" or "5m"?`]],
    ['command: {deploy: a, current: b, verfy: c}', [`${path}:1:34: command: unknown key "verfy". Did you mean "verify"?`]],
  ])('is refused as %s', (text, messages) => expect(problems(text)).toEqual(messages));

  it('is not given beside workloads', () => {
    const message = (at: string, workloads: string): string => `${at}: cannot be combined with \`workloads\` (${workloads}): each of them deploys. `
      + 'Keep one. In an environment of the settings file, `workloads: []` clears those at the top; move a `command` from the top into the environments that use it.';
    expect(problems(`image: a\nworkloads: [deployment/api]\n${command}`)).toEqual([message(`${path}:3:1: command`, `${path}:2:1`)]);
    expect(problems(`image: a\n${command}`, { workloads: 'deployment/api' })).toEqual([message(`${path}:2:1: command`, 'input workloads')]);
    const inherited = (more: string): string => `image: a\nworkloads: [deployment/api]\nenvironments:\n  fly:\n    ${more}command: {deploy: a, current: b}\n`;
    expect(problems(inherited(''), { environment: 'fly' })).toEqual([message(`${path}:5:5: environments.fly.command`, `${path}:2:1`)]);
    expect(problems(inherited('workloads: []\n    '), { environment: 'fly' })).toEqual([]);
    expect(problems(inherited(''))).toEqual([]);
  });

  it('is asked for a rollback by the action rollback', () => {
    expect(problems(command, { to: 'v41' }, 'rollback')).toEqual([
      `${path}:1:1: command: has no \`rollback\`, which the rollback action runs. Give commands, as text or as a list.`,
    ]);
  });

  it('gives `to` the names of a platform, which it does not have elsewhere', () => {
    expect(problems('app: a', { to: 'v41' }, 'rollback')).toEqual([
      'input to: is "v41", which is neither a revision nor a digest nor a commit. Give its revision (12), its digest (sha256:…) or at least 7 digits of its commit. '
      + 'A tag or branch is not accepted, because it can move.',
    ]);
    expect(problems(`${command}  rollback: ./back\n`, { to: '-x' }, 'rollback')[0]).toMatch(/^input to: is "-x", which starts with a dash/);
  });

  it('has no checks of Services', () => {
    expect(problems(`${command}smoke:\n  - https://a.example\n  - service/api:80/healthz\n`)).toEqual([
      `${path}:6:5: smoke[1]: checks the Service api of a cluster, but \`command\` does not deploy to a cluster. Check a URL.`,
    ]);
  });

  it('says which inputs have no effect with it', () => {
    expect(parse(command, { namespace: 'web', timeout: '5m' }).warnings.map(describeProblem)).toEqual([
      'input namespace: has no effect: `command` does not deploy to a cluster. Remove it.',
      'input timeout: has no effect: `command` does not deploy to a cluster. Remove it.',
    ]);
  });

  it('is asked for by name when only environments have it', () => {
    expect(problems(`image: a\nenvironments:\n  fly:\n    command: {deploy: a, current: b}\n`, { digest, test: 'x' })[0]).toContain('the environment "fly": set `environment`');
  });
});
