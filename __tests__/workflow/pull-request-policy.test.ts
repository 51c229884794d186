import { describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import { checkPullRequest } from '../../src/workflow/pull-request.js';
import { settings } from '../policy/build.js';
import { checking, type Options } from './checking.js';
import { TestWorld } from './world.js';

const debugging = { env: [{ name: 'ENABLE_DEBUG', value: 'true' }] };
const noDebug = settings({ env: { ENABLE_DEBUG: { must: 'be', values: ['false'] } } });
const manifest = 'services: { db: { image: postgres:15, environment: { POSTGRES_PASSWORD: password } } }';
const files = { files: ['compose.yml'], commands: [['conftest test']], levels: { 'plain-secrets': 'deny' } } as const;

/** A check in a repository with a compose file. What is started besides git and docker is recorded. */
async function run(changes: Partial<Config>, options: Options = {}) {
  const world = new TestWorld({ container: debugging });
  const { given, lines } = checking(world, changes, options);
  const { ports } = given;
  const started: string[] = [];
  const process = { ...ports.process, start: (command: Parameters<typeof ports.process.start>[0]) => {
    if (command.program !== 'bash') return ports.process.start(command);
    started.push(command.program);
    return { pid: 1, exited: Promise.resolve({ code: 0, stdout: '', stderr: '' }), stop: async () => undefined };
  } };
  const texts: Readonly<Record<string, string>> = { 'compose.yml': manifest, 'broken.yml': 'a: {' };
  const readText = async (path: string) => texts[path] ?? ports.files.readText(path);
  const outcome = await checkPullRequest({ ...given, ports: { ...ports, process, files: { ...ports.files, readText } } });
  return { world, outcome, started, lines };
}
const checkOf = ({ check }: Outcome) => check?.environments[0];
const found = (outcome: Outcome) => checkOf(outcome)?.policy?.findings.map(({ rule, level }) => `${level} ${rule}`);
const ofFile = 'Policy `plain-secrets`: compose.yml: service/db has what looks like a secret in plain text in its variable POSTGRES_PASSWORD.';

describe('what policy rules find in a pull request', () => {
  it('makes it fail where they deny it, beside its plan', async () => {
    const { outcome } = await run({ policy: noDebug });
    expect(outcome).toMatchObject({ verdict: 'failed', failure: { cause: 'policy-denied', stage: 'preflight' } });
    expect([found(outcome), checkOf(outcome)?.problems.map(({ cause }) => cause), checkOf(outcome)?.plan?.changes.length]).toEqual([['deny env'], ['policy-denied'], 1]);
  });
  it('is no warning twice', async () => {
    const { outcome } = await run({ policy: { ...noDebug, levels: { ...noDebug.levels, env: 'warn' } } });
    expect([outcome.verdict, found(outcome), checkOf(outcome)?.warnings]).toEqual(['checked', ['warn env'], []]);
    expect(checkOf(outcome)?.plan?.warnings).toEqual([expect.stringMatching(/^Policy `env`/)]);
  });
  it('is shown at its line of a file, once for all environments', async () => {
    const others = [checking(new TestWorld(), { environment: 'staging', policy: settings(files) }).given.settings.environments[0]].filter((each) => each !== undefined);
    const { outcome, lines, started } = await run({ policy: settings(files) }, { others });
    expect(outcome.check?.environments.map(({ policy }) => policy?.findings.length)).toEqual([1, 1]);
    expect(lines.filter((line) => line.includes(ofFile))).toHaveLength(1);
    expect(started).toEqual(['bash', 'bash']);
  });
});

describe('without the target', () => {
  it.each([
    ['of a fork', {}, { origin: 'fork' }], ['without a kubeconfig', { cluster: {} }, {}],
  ] as const)('%s, the rules look at the files, and no command is run', async (_, changes, options) => {
    const { outcome, started, world } = await run({ policy: settings(files), ...changes }, options);
    expect([found(outcome), checkOf(outcome)?.policy?.notes, started, world.server.seen]).toEqual([['deny plain-secrets'], [], [], []]);
    expect([outcome.verdict, outcome.failure?.cause, checkOf(outcome)?.problems.length]).toEqual(['failed', 'policy-denied', 1]);
  });
  it('a file that cannot be read is named on the page', async () => {
    const { outcome } = await run({ policy: settings({ files: ['broken.yml'] }) }, { origin: 'fork' });
    expect(checkOf(outcome)?.policy?.notes).toEqual([expect.stringMatching(/^The policy rules cannot read broken\.yml as YAML: /)]);
  });
  it('no exception is said to match nothing', async () => {
    const allow = [{ rule: 'env', subject: 'deployment/api', reason: 'INC-1', until: '2030-01-01', at: { where: 'policy.allow[0]' } }] as const;
    expect(found((await run({ policy: settings({ ...noDebug, allow }) }, { origin: 'fork' })).outcome)).toEqual([]);
  });
  it('nothing is checked where nothing is rolled out', async () => {
    expect(checkOf((await run({ workloads: [], policy: settings(files) }, { origin: 'fork' })).outcome)?.policy).toBeUndefined();
  });
});
