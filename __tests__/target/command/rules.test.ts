import { describe, expect, it } from '@jest/globals';
import type { Config } from '../../../src/config/config.js';
import { parseSmoke } from '../../../src/config/values/smoke.js';
import type { Outcome } from '../../../src/outcome/outcome.js';
import { deploy } from '../../../src/workflow/deploy.js';
import { commands, World } from './world.js';

const without = (...names: readonly ('verify' | 'rollback')[]) => ({ command: { ...commands, ...Object.fromEntries(names.map((name) => [name, undefined])) } });
const check = (text: string): Config['smoke'][number] => {
  const read = parseSmoke(text);
  if (!read.ok) throw new Error(text);
  return read.value;
};
const url = 'https://api.acme.example/';
const names = (world: World): string => world.ran.map(({ name }) => name).join(' ');
const seen = ({ verdict, failure }: Outcome) => [verdict, failure?.cause, failure?.stage];

describe('a deployment by commands', () => {
  it('asks what is there, deploys, verifies, and asks again', async () => {
    const world = new World();
    const outcome = await world.deploy();
    expect(outcome).toMatchObject({
      verdict: 'deployed', failure: undefined, target: 'command', namespace: undefined, commit: 'c2', warnings: [], unverified: [],
      changes: [{ subject: 'api', part: '', before: 'api-00001', after: 'api-00002', now: 'api-00002' }],
      undoCommands: ['export DEPLOY_PREVIOUS=api-00001', 'platform rollback "$DEPLOY_PREVIOUS"'],
    });
    expect(names(world)).toBe('current current verify current deploy verify current current');
    expect(world.platform.traffic).toMatchObject({ name: 'api-00002', commit: 'c2' });
    expect(world.ledger?.run).toMatchObject({ phase: 'verified', marks: ['deploy'], target: { kind: 'command', schema: 1, recorded: { before: 'api-00001', verifiedBefore: true } } });
    expect(world.kept).toEqual(['run-1', '']);
  });

  it('tells each command what it may need, by environment variables alone', async () => {
    const world = new World();
    const digest = `sha256:${'1'.repeat(64)}`;
    const image = 'registry.example/api';
    await world.deploy({ image, digest, environment: 'production' });
    const told = Object.fromEntries(['current', 'deploy'].map((name) => [name, world.ran.find((each) => each.name === name)?.env]));
    expect(told).toMatchObject({
      current: { DEPLOY_REFERENCE: '', DEPLOY_DIGEST: '', DEPLOY_COMMIT: '', DEPLOY_PREVIOUS: '', DEPLOY_ENVIRONMENT: 'production', DEPLOY_RUN: 'run-1' },
      deploy: { DEPLOY_REFERENCE: `${image}@${digest}`, DEPLOY_DIGEST: digest, DEPLOY_COMMIT: 'c2', DEPLOY_PREVIOUS: 'api-00001', DEPLOY_ENVIRONMENT: 'production', DEPLOY_RUN: 'run-1' },
    });
    // Before the change `verify` is told of the version that is there, of which only its name is known.
    expect(world.ran.filter(({ name }) => name === 'verify').map(({ env }) => [env['DEPLOY_COMMIT'], env['DEPLOY_PREVIOUS']])).toEqual([['', 'api-00001'], ['c2', 'api-00001']]);
  });

  it.each<[string, (digest: string) => string]>([['a digest', (digest) => digest], ['a reference', (digest) => `registry.example/api:1@${digest}`]])(
    'tells the commands that go back all that is known where `current` prints %s', async (_what, says) => {
      const world = new World();
      const [old, wanted] = ['0', '1'].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string];
      world.platform.says = (serving) => says(serving === 'api-00001' ? old : wanted);
      world.platform.broken.add('c2');
      await world.deploy({ image: 'registry.example/api', digest: wanted });
      expect(world.ran.find(({ name }) => name === 'rollback')?.env).toMatchObject({
        DEPLOY_PREVIOUS: says(old), DEPLOY_DIGEST: old, DEPLOY_REFERENCE: says(old).includes('/') ? says(old) : `registry.example/api@${old}`, DEPLOY_COMMIT: '',
      });
    },
  );

  it('tells what `deploy` itself cannot: traffic that follows later', async () => {
    const world = new World();
    world.platform.switchMs = 12_000;
    const outcome = await world.deploy();
    expect([outcome.verdict, outcome.rolledOutMs]).toEqual(['deployed', 15_000]);
  });

  it.each([
    ['with `verify`, which runs until it is over its time', {}, /^`verify` failed: the commands of `command.verify` exited with code 22\. It failed for 600 s, and `current` prints api-00001, as before\.$/],
    ['without, as `current` prints what it printed', without('verify'), /^`current` prints api-00001, as before\.$/],
  ])('that leaves traffic where it was has failed, and nothing was changed: %s', async (_how, settings, message) => {
    for (const deed of ['pinned', 'ignored'] as const) {
      const world = new World();
      world.platform.deploying = deed;
      const startedAt = world.clock.monotonic();
      const outcome = await world.deploy(settings);
      expect(seen(outcome)).toEqual(['failed', 'command-failed', 'rollout']);
      expect(outcome.failure?.message).toMatch(message);
      expect([outcome.changes, outcome.rollback, outcome.undoCommands, world.platform.changes]).toEqual([[], undefined, [], ['deploy c2']]);
      expect(world.clock.monotonic() - startedAt).toBeGreaterThan(600_000);
      expect(world.ledger?.run.phase).toBe('restored');
    }
  });

  it.each(['refused', 'never answered'] as const)('that is %s has changed nothing', async (deed) => {
    const world = new World();
    world.platform.deploying = deed;
    const outcome = await world.deploy();
    expect(seen(outcome)).toEqual(['failed', 'command-failed', 'rollout']);
    expect(outcome.failure?.message).toBe(deed === 'refused' ? '`deploy` failed: the commands of `command.deploy` exited with code 22.' : '`deploy` did not finish within 600 s and was stopped.');
    if (deed === 'refused') expect(outcome.failure?.evidence).toEqual([{ title: 'last lines of `deploy`', text: 'quota exceeded' }]);
    expect(world.platform.changes).toEqual(['deploy c2']);
  });

  it.each(['done, and says it failed', 'done, and never answered'] as const)('that is %s is taken back', async (deed) => {
    for (const switchMs of [0, 9000]) {
      const world = new World();
      Object.assign(world.platform, { deploying: deed, switchMs });
      const outcome = await world.deploy();
      expect(seen(outcome)).toEqual(['rolled-back', 'command-failed', 'rollout']);
      expect(world.platform.changes).toEqual(['deploy c2', 'rollback api-00001']);
      expect([world.platform.traffic.name, outcome.changes[0]?.now, world.ledger?.run.phase]).toEqual(['api-00001', 'api-00001', 'restored']);
      expect(outcome.rollback?.notes).toEqual([]);
    }
  });

  it('that cannot be verified is taken back, with what `verify` said last', async () => {
    const world = new World();
    world.platform.broken.add('c2');
    const outcome = await world.deploy();
    expect(seen(outcome)).toEqual(['rolled-back', 'command-failed', 'rollout']);
    expect(outcome.failure?.evidence).toEqual([{ title: 'last lines of `verify`', text: 'internal server error' }]);
    expect(names(world)).toMatch(/ verify current( verify current)+ current rollback current verify current$/);
  });

  it('that fails a smoke check is taken back, and the checks that passed before have to pass again', async () => {
    const world = new World();
    world.platform.broken.add('c2');
    const outcome = await world.deploy({ ...without('verify'), smoke: [check(url)] });
    expect(seen(outcome)).toEqual(['rolled-back', 'smoke-failed', 'smoke']);
    const other = new World();
    other.platform.broken.add('c2');
    other.before = async (step) => {
      if (step === 'rollback') other.platform.broken.add('c1');
    };
    expect((await other.deploy({ ...without('verify'), smoke: [check(url)] })).verdict).toBe('rollback-failed');
  });
});

describe('what `current` prints', () => {
  it.each<[string, (name: string) => string]>([
    ['colours', (name) => `\u001b[1mREVISION\u001b[0m\n\u001b[32m${name}\u001b[0m`],
    ['a progress bar', (name) => `\u001b[2K 10 %\n\u001b[2K${name}  \n\n`],
  ])('counts by its last line, without %s', async (_what, says) => {
    const world = new World();
    Object.assign(world.platform, { says, deploying: 'done, and says it failed' });
    const outcome = await world.deploy();
    expect([outcome.verdict, outcome.changes[0]?.before, world.platform.changes.at(-1)]).toEqual(['rolled-back', 'api-00001', 'rollback api-00001']);
  });

  it.each<[string, () => string | undefined, string]>([
    ['nothing', () => '', '`current` printed nothing.'],
    ['an error', () => undefined, '`current` failed: the commands of `command.current` exited with code 22.'],
  ])('may be %s before the change: then nothing can be gone back to, and the plan says so', async (_what, says, why) => {
    const world = new World();
    world.platform.says = says;
    const dry = await world.deploy({ dryRun: true });
    const told = `${why} So there is no version to roll back to: if the run fails, the version that it deployed stays.`;
    expect([dry.verdict, dry.plan?.rollback?.possible, dry.plan?.warnings]).toEqual(['planned', false, [told]]);
    expect(dry.plan?.rollback?.reason).toContain(told);
    expect(world.lines).toEqual(says() === undefined ? expect.arrayContaining(['info current: the login has expired']) : expect.anything());
    expect(seen(await world.deploy())).toEqual(['deployed', undefined, undefined]);
    world.platform.broken.add('c2');
    const failed = await world.deploy();
    expect([...seen(failed), failed.rollback?.nothingGood]).toEqual(['rollback-failed', 'command-failed', 'rollout', true]);
    expect(world.ran.map(({ name }) => name)).not.toContain('rollback');
  });

  it('is hidden where it holds a secret, and is handed on as it is', async () => {
    const world = new World();
    const { ports, ...run } = world.run({}, {});
    world.run = () => ({ ...run, ports: { ...ports, log: { ...ports.log, redact: (text) => text.replaceAll('00001', '***') } } });
    world.platform.deploying = 'done, and says it failed';
    const outcome = await world.deploy();
    expect([outcome.verdict, outcome.changes[0]?.before, world.platform.changes]).toEqual(['rolled-back', 'api-***', ['deploy c2', 'rollback api-00001']]);
  });

  it('that names the digest says that the version is there: it is verified as it is', async () => {
    const world = new World();
    const digest = `sha256:${'0'.repeat(64)}`;
    world.platform.says = () => `registry.example/api:main@${digest}`;
    const outcome = await world.deploy({ image: 'registry.example/api', digest }, { facts: { commit: 'c1' } });
    expect([outcome.verdict, outcome.changes, world.platform.changes, world.ledger]).toEqual(['unchanged', [], [], undefined]);
    world.platform.broken.add('c1');
    expect(seen(await world.deploy({ image: 'registry.example/api', digest }, { facts: { commit: 'c1' } }))).toEqual(['failed', 'command-failed', 'rollout']);
  });

  it('as before, though `verify` succeeds, is a warning: one of the two does not name the version', async () => {
    const world = new World();
    world.platform.deploying = 'pinned';
    const { verdict, warnings } = await world.deploy({}, { facts: {} });
    expect([verdict, warnings]).toEqual(['deployed', [expect.stringMatching(/^`verify` succeeded, but `current` prints api-00001 as before\. Either nothing was deployed/)]]);
  });
});

describe('`current` that prints nothing after the deployment', () => {
  it('shows no other version, so a check that the previous version passes proves nothing', async () => {
    const world = new World();
    world.platform.deploying = 'pinned';
    world.platform.says = (serving) => (world.platform.changes.length > 0 ? '' : serving);
    const outcome = await world.deploy({ ...without('verify'), smoke: [check(url)] });
    expect([outcome.verdict, outcome.failure?.message]).toEqual(['rollback-failed', expect.stringContaining('`current` prints nothing')]);
  });
});

describe('a version without `verify` and without smoke checks', () => {
  it('is deployed, and not verified', async () => {
    const world = new World();
    const outcome = await world.deploy(without('verify'));
    expect([outcome.verdict, outcome.unverified]).toEqual(['deployed', [{ subject: 'api', reason: 'there is neither `verify` nor a smoke check to show that it serves' }]]);
  });

  it('is gone back to, and not verified', async () => {
    const world = new World();
    world.platform.deploying = 'done, and says it failed';
    const outcome = await world.deploy(without('verify'));
    expect([outcome.verdict, outcome.unverified?.length]).toEqual(['rolled-back', 1]);
  });
});

describe('a rollback', () => {
  const failing = (): World => {
    const world = new World();
    world.platform.deploying = 'done, and says it failed';
    return world;
  };

  it('counts when `current` prints what it printed, whatever `rollback` says', async () => {
    const world = failing();
    world.platform.goingBack = 'done, and says it failed';
    const outcome = await world.deploy();
    expect([outcome.verdict, outcome.rollback?.notes]).toEqual(['rolled-back', [
      '`rollback` failed: the commands of `command.rollback` exited with code 22. `current` prints api-00001 again nevertheless.',
    ]]);
  });

  it('waits for traffic that follows later', async () => {
    const world = failing();
    world.before = async (step) => {
      if (step === 'rollback') world.platform.switchMs = 30_000;
    };
    const outcome = await world.deploy();
    expect([outcome.verdict, outcome.rollback?.restoredAfterMs]).toEqual(['rolled-back', 30_000]);
  });

  it.each([
    ['ignored', ['`current` prints api-00002, not api-00001.']],
    ['pinned', ['`current` prints api-00002, not api-00001.']],
    ['refused', ['`rollback` failed: the commands of `command.rollback` exited with code 22. `current` prints api-00002, not api-00001.']],
    ['never answered', ['`rollback` did not finish within 600 s and was stopped. `current` prints api-00002, not api-00001.']],
  ] as const)('that is %s has failed, and the commands to go back by hand are there', async (deed, notes) => {
    const world = failing();
    world.platform.goingBack = deed;
    const outcome = await world.deploy();
    expect([outcome.verdict, outcome.rollback?.notes, outcome.changes[0]?.now]).toEqual(['rollback-failed', notes, 'api-00002']);
    expect(outcome.undoCommands).toEqual(['export DEPLOY_PREVIOUS=api-00001', 'platform rollback "$DEPLOY_PREVIOUS"']);
    expect(world.ledger?.run.phase).toBe('unverified');
  });

  it('has failed when what is back does not serve any more', async () => {
    const world = failing();
    world.before = async (step) => {
      if (step === 'rollback') world.platform.broken.add('c1');
    };
    const outcome = await world.deploy();
    expect([outcome.verdict, outcome.rollback?.notes, outcome.changes[0]?.now]).toEqual([
      'rollback-failed', ['`verify` failed: the commands of `command.verify` exited with code 22.'], 'api-00001',
    ]);
  });

  it('does not ask for what failed before the change too', async () => {
    const world = failing();
    world.platform.broken.add('c1');
    const outcome = await world.deploy();
    expect([outcome.verdict, outcome.unverified?.length]).toEqual(['rolled-back', 1]);
  });

  it('without a command is what a person does: what is there stays', async () => {
    const world = failing();
    const outcome = await world.deploy(without('rollback'));
    expect([outcome.verdict, outcome.rollback?.notes]).toEqual(['rollback-failed', ['There is no `rollback` command: the current version stays.']]);
    expect(outcome.undoCommands).toEqual([
      'export DEPLOY_PREVIOUS=api-00001', '# Set DEPLOY_REFERENCE, DEPLOY_DIGEST and DEPLOY_COMMIT to those of the previous version.', 'platform deploy "$DEPLOY_COMMIT"',
    ]);
    expect(world.platform.changes).toEqual(['deploy c2']);
  });

  it('does not overwrite what somebody else has deployed since', async () => {
    const world = new World();
    world.platform.broken.add('c2');
    const { ports, ...run } = world.run({ ...without('verify'), smoke: [check(url)] }, {});
    const http: typeof ports.http = { ...ports.http, request: async (request) => {
      if (world.platform.traffic.commit === 'c2') await world.platform.deploy('c3', '');
      return { ...await ports.http.request(request), status: 500 };
    } };
    const outcome = await deploy({ ...run, ports: { ...ports, http } });
    expect([outcome.verdict, outcome.rollback?.notes, world.platform.traffic.commit]).toEqual(['rollback-failed', [
      '`current` prints api-00003: someone else has deployed that since. It was not overwritten.',
    ], 'c3']);
  });

  it('is not done where `rollback` is off, and what `current` prints says whether there is something to go back from', async () => {
    const world = failing();
    expect((await world.deploy({ rollback: 'off' })).verdict).toBe('rollback-failed');
    const other = new World();
    other.platform.deploying = 'refused';
    expect((await other.deploy({ rollback: 'off' })).verdict).toBe('failed');
    expect([world.platform.changes, other.platform.changes]).toEqual([['deploy c2'], ['deploy c2']]);
  });
});

describe('the action rollback', () => {
  it('goes back to what `to` names, and proves it', async () => {
    const world = new World();
    await world.deploy();
    const outcome = await world.rollBack('api-00001');
    // It is the name of a revision, and no image.
    expect(outcome).toMatchObject({ verdict: 'deployed', wentBack: true, reference: undefined, changes: [{ before: 'api-00002', after: 'api-00001', now: 'api-00001' }] });
    expect(world.platform.changes).toEqual(['deploy c2', 'rollback api-00001']);
    expect((await world.rollBack('api-00001')).verdict).toBe('unchanged');
  });

  it('comes back from where it went when that does not serve', async () => {
    const world = new World();
    await world.deploy();
    world.platform.broken.add('c1');
    const outcome = await world.rollBack('api-00001');
    expect([seen(outcome)[0], world.platform.changes, world.platform.traffic.name]).toEqual(['rolled-back', ['deploy c2', 'rollback api-00001', 'rollback api-00002'], 'api-00002']);
  });

  it('has to be told where to go', async () => {
    const world = new World();
    const { verdict, failure } = await world.rollBack(undefined);
    expect([verdict, failure?.cause, failure?.message]).toEqual(['failed', 'release-not-found', 'No earlier release of api is recorded.']);
    expect(world.ran.map(({ name }) => name)).not.toContain('rollback');
  });
});

describe('the plan', () => {
  it('says what would be run, what would go back, and what nothing protects from', async () => {
    const world = new World();
    const { plan } = await world.deploy({ dryRun: true, environment: 'production' });
    expect(plan).toMatchObject({
      steps: [{ stage: 'rollout', title: 'run `deploy` of `api`, then `verify` until it succeeds', commands: commands.deploy }],
      changes: [{ subject: 'api', part: '', before: 'api-00001', after: 'c2' }],
      rollback: { possible: true, reason: 'If anything fails, `rollback` runs, and `current` must print api-00001 again. The record of the run is on this machine, so only its own post step can finish '
        + 'it if it is killed, and only `concurrency` of the workflow prevents two runs at the same time.' },
    });
    expect([names(world), world.ledger]).toEqual(['current', undefined]);
    expect((await world.deploy({ dryRun: true }, { hasPost: false })).plan?.rollback?.reason).toMatch(/Nothing finishes the run if it is killed, and nothing prevents two runs at the same time\.$/);
    expect((await world.deploy({ dryRun: true, ...without('rollback') })).plan?.rollback).toMatchObject({ possible: false, reason: expect.stringMatching(/^There is no `rollback` command/) });
    expect((await world.deploy({ dryRun: true, rollback: 'off' })).plan?.rollback).toMatchObject({ possible: false, reason: expect.stringMatching(/^`rollback` is off\./) });
  });
});
