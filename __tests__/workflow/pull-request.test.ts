import { describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.js';
import { parsePeriod } from '../../src/config/values/periods.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import { digestOfBuild } from '../../src/outcome/plan.js';
import { checkPullRequest } from '../../src/workflow/pull-request.js';
import type { Trouble } from '../kubernetes/server/memory-server.js';
import { checking, type Options } from './checking.js';
import { first, image, second, TestWorld } from './world.js';

const friday = parsePeriod('Fri 16:00 – Mon 08:00 UTC');
const freeze = friday.ok ? [friday.value] : [];

const checkOf = ({ check }: Outcome) => check?.environments[0];
const run = async (world: TestWorld, changes: Partial<Config> = {}, options: Options = {}) => checkPullRequest(checking(world, changes, options).given);
const changed = (world: TestWorld) => world.server.seen.filter((each) => !each.startsWith('GET') && !each.startsWith('PATCH'));

describe('the check of a pull request', () => {
  it('plans what a deployment would do, and changes nothing', async () => {
    const world = new TestWorld();
    const before = world.imageNow;
    const outcome = await run(world);
    expect(outcome).toMatchObject({ verdict: 'checked', app: 'api', environment: 'production', changes: [] });
    expect(outcome.timeline.map(({ stage, result }) => `${stage} ${result}`)).toEqual(['preflight ok']);
    expect(checkOf(outcome)).toMatchObject({
      namespace: 'web', problems: [], leftOut: [], calendar: [],
      plan: {
        changes: [{ subject: 'deployment/api', part: 'app', before: world.imageOf(first), after: `${image}:${second}@${digestOfBuild}` }], rollback: { possible: true },
        steps: [{ stage: 'test' }, { stage: 'build' }, { stage: 'rollout' }, { stage: 'smoke' }, { stage: 'tags' }],
      },
      differences: [{ subject: 'deployment/api' }],
    });
    expect(checkOf(outcome)?.differences[0]?.new).toContain(`image: ${image}:${second}@${digestOfBuild}`);
    expect([world.imageNow, changed(world), world.ledger, world.holder]).toEqual([before, [], undefined, undefined]);
  });
  it('is the plan of a dry run', async () => {
    const world = new TestWorld();
    const { deploy } = await import('../../src/workflow/deploy.js');
    const dry = await deploy(world.whole({ environment: 'production', dryRun: true }).run);
    expect(checkOf(await run(world))?.plan).toEqual(dry.plan);
  });
  it('runs neither tests nor builds', async () => {
    const { given } = checking(new TestWorld());
    const started: string[] = [];
    const process = { ...given.ports.process, start: (command: { readonly program: string }) => {
      started.push(command.program);
      return given.ports.process.start(command as never);
    } };
    expect((await checkPullRequest({ ...given, ports: { ...given.ports, process } })).verdict).toBe('checked');
    expect(started).not.toContain('bash');
  });
  it('says that the image of the commit exists, and that it is deployed already', async () => {
    const world = new TestWorld({ before: second });
    const found = checkOf(await run(world));
    expect(found?.plan).toMatchObject({ changes: [], steps: [{}, { title: expect.stringContaining('nothing is built') }, { title: expect.stringContaining('without a change') }, {}, {}] });
    expect(found?.differences).toEqual([]);
  });
  it('does not finish an interrupted run, and takes no lock', async () => {
    const world = new TestWorld();
    world.keepLedger(world.deadLedger());
    const outcome = await run(world);
    expect([outcome.verdict, world.ledger?.run.phase, world.holder, changed(world)]).toEqual(['checked', 'in-progress', undefined, []]);
  });
  it('shows a freeze, which is no failure', async () => {
    const now = await run(new TestWorld({ at: '2026-01-02T17:00:00Z' }), { freeze });
    expect([now.verdict, checkOf(now)?.calendar]).toEqual(['checked', [expect.stringMatching(/^No rollout is allowed now: frozen by/)]]);
    const ahead = await run(new TestWorld({ at: '2026-01-01T12:00:00Z' }), { freeze });
    expect(checkOf(ahead)?.calendar).toEqual([expect.stringMatching(/^The next time without rollouts: frozen by .* from Friday 16:00 UTC/)]);
  });
  it('ends as `planned` with `dry-run`', async () => {
    expect((await run(new TestWorld(), { dryRun: true })).verdict).toBe('planned');
  });
  it('warns of a smoke check that fails already', async () => {
    const world = new TestWorld();
    world.behaviours.set(first, 'wrong');
    world.deployments.add('api', { image: world.imageOf(first) });
    const outcome = await run(world);
    expect([outcome.verdict, checkOf(outcome)?.plan?.warnings]).toEqual(['checked', expect.arrayContaining([expect.stringContaining('The current version does not pass smoke check')])]);
  });
});

describe('what would make a deployment fail', () => {
  it('is a problem, beside the plan as far as there is one', async () => {
    const outcome = await run(new TestWorld(), { workloads: [{ kind: 'deployment', name: 'api' }, { kind: 'deployment', name: 'apl' }] });
    expect(outcome).toMatchObject({ verdict: 'failed', failure: { cause: 'config-invalid', stage: 'preflight', message: expect.stringContaining('deployment/apl: does not exist') } });
    expect(checkOf(outcome)).toMatchObject({ problems: [{ message: expect.stringContaining('apl') }], plan: { changes: [{ subject: 'deployment/api' }] } });
    expect(checkOf(outcome)?.plan?.rollback).toBeUndefined();
    const none = await run(new TestWorld(), { workloads: [{ kind: 'deployment', name: 'apl' }] });
    expect(checkOf(none)?.plan?.steps.map(({ stage }) => stage)).toEqual(['test', 'build', 'tags']);
  });
  it('is a policy that rejects the image that the registry has', async () => {
    const world = new TestWorld();
    world.registry.push(image, second, [second]);
    world.server.trouble = ({ method, query }): Trouble | undefined => (method === 'PATCH' && query.has('dryRun') ? { status: 403, message: 'admission webhook "signed" denied the request: no signature' } : undefined);
    const outcome = await run(world);
    expect([outcome.verdict, outcome.failure?.cause]).toEqual(['failed', 'admission-denied']);
  });
  it('names the environment where there are several', async () => {
    const world = new TestWorld();
    const broken = checking(world, { environment: 'staging', workloads: [{ kind: 'deployment', name: 'none' }] }).given.settings.environments;
    const outcome = await run(world, {}, { others: broken });
    expect(outcome).toMatchObject({ verdict: 'failed', environment: undefined, failure: { message: expect.stringMatching(/^staging: /) } });
    expect(outcome.check?.environments.map(({ environment, problems }) => [environment, problems.length])).toEqual([['production', 0], ['staging', 1]]);
  });
  it('are settings that are not valid; the other environments are planned', async () => {
    const problem = { where: 'environments.staging.timeout', message: 'is "5"', file: '.github/deploy.yml', line: 3, column: 5 };
    const outcome = await run(new TestWorld(), {}, { others: [{ environment: 'staging', problems: [problem, problem] }] });
    expect(outcome).toMatchObject({ verdict: 'failed', failure: { cause: 'config-invalid', stage: 'config' }, check: { settings: { problems: [problem] } } });
    expect(outcome.check?.environments.map(({ environment }) => environment)).toEqual(['production']);
  });
});

describe('what is left out', () => {
  it('of a fork is everything but the files: no program is started, nothing is contacted', async () => {
    const world = new TestWorld();
    const { given } = checking(world, { freeze, command: undefined }, { origin: 'fork' });
    const refuse = (): never => { throw new Error('nothing of a fork is started'); };
    const process = { run: async (command: { readonly program: string }) => (command.program === 'git' ? { code: 1, stdout: '', stderr: 'x' } : refuse()), start: refuse };
    const outcome = await checkPullRequest({ ...given, ports: { ...given.ports, process, http: { request: refuse, onSocket: refuse, certificate: refuse } } });
    expect(outcome).toMatchObject({ verdict: 'checked', check: { origin: 'fork', leftOut: [{ what: 'everything outside of the files' }] } });
    expect(checkOf(outcome)).toMatchObject({ image, subjects: ['deployment/api'], calendar: [expect.any(String)] });
    expect([checkOf(outcome)?.plan, world.server.seen]).toEqual([undefined, []]);
  });
  it('without a kubeconfig is the rollout', async () => {
    const outcome = await run(new TestWorld(), { cluster: {} });
    expect(outcome.verdict).toBe('checked');
    expect(checkOf(outcome)).toMatchObject({ problems: [], plan: { steps: [{ stage: 'test' }, { stage: 'build' }, { stage: 'tags' }] }, leftOut: [{ what: 'the rollout', why: expect.stringMatching(/^No kubeconfig was given/) }] });
  });
  it('is the build where this machine cannot build', async () => {
    const { given } = checking(new TestWorld());
    const process = { ...given.ports.process, run: async (command: Parameters<typeof given.ports.process.run>[0]) => (command.args.includes('inspect') && command.args.includes('--bootstrap')
      ? { code: 1, stdout: '', stderr: 'ERROR: no builder' } : given.ports.process.run(command)) };
    const outcome = await checkPullRequest({ ...given, ports: { ...given.ports, process } });
    expect([outcome.verdict, checkOf(outcome)?.problems]).toEqual(['checked', []]);
    expect(checkOf(outcome)).toMatchObject({ leftOut: [{ what: 'the build', why: expect.stringContaining('does not start') }], plan: { changes: [{ after: `${image}@${digestOfBuild}` }] } });
  });
  it('with an account that can only read are dry runs and checks through the API server', async () => {
    const world = new TestWorld();
    const refused = (what: string): Trouble => ({ status: 403, reason: 'Forbidden', message: `${what} is forbidden: User "ci" cannot patch resource "deployments"` });
    const { given } = checking(world);
    const readOnly = ['get', 'list', 'watch'].map((verb) => ({ verbs: [verb], apiGroups: ['*'], resources: ['pods', 'services', 'events', 'configmaps', 'deployments', 'replicasets', 'endpointslices'] }));
    world.server.rules = readOnly;
    world.server.trouble = ({ method, path, query }): Trouble | undefined => {
      if (path.includes('/proxy/')) throw new Error('it is not asked');
      return method === 'PATCH' && query.has('dryRun') ? refused('deployments.apps "api"') : undefined;
    };
    const outcome = await checkPullRequest(given);
    expect([outcome.verdict, outcome.failure?.message]).toEqual(['checked', undefined]);
    expect(checkOf(outcome)).toMatchObject({
      differences: [{ note: expect.stringContaining('not allowed to patch deployment/api') }],
      plan: { warnings: expect.arrayContaining([expect.stringContaining('was not run against the current version: this account is not allowed to get services/proxy')]) },
    });
  });
});

describe('many environments', () => {
  it('are checked in the order of the file, and named in the log', async () => {
    const world = new TestWorld();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const others = names.map((environment) => checking(world, { environment }).given.settings.environments[0]).filter((each) => each !== undefined);
    const test = checking(world, {}, { others });
    const outcome = await checkPullRequest(test.given);
    expect(outcome.check?.environments.map(({ environment }) => environment)).toEqual(['production', ...names]);
    expect(outcome.verdict).toBe('checked');
  });
});

it('a check that is cancelled fails, and says nothing of the pull request', async () => {
  const world = new TestWorld();
  const test = checking(world);
  test.cancel();
  const outcome = await checkPullRequest(test.given);
  expect(outcome).toMatchObject({ verdict: 'failed', failure: { cause: 'cancelled', stage: 'preflight' } });
  expect(outcome.check).toBeUndefined();
});
