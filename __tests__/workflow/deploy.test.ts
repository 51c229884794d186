import { describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import { deploy } from '../../src/workflow/deploy.js';
import { build, first, gate, image, second, third, TestWorld, type TestRun } from './world.js';

const check = 'service/api/';

/** The same run, and the commands of buildx that it starts, in their order. */
function watched({ run }: TestRun): { readonly run: TestRun['run']; readonly docker: readonly string[] } {
  const docker: string[] = [];
  const { process } = run.ports;
  const ports = { ...run.ports, process: { ...process, run: (command: Parameters<typeof process.run>[0]) => {
    if (command.program === 'docker') docker.push(command.args.filter((arg) => /^[a-z]+$/.test(arg)).slice(1, command.args[1] === 'imagetools' ? 3 : 2).join(' '));
    return process.run(command);
  } } };
  return { run: { ...run, ports }, docker };
}

/** The timeline without the times. */
const spansOf = ({ timeline }: Outcome) => timeline.map(({ stage, result }) => `${stage} ${result}`);

describe('a deployment', () => {
  it('tests, builds, pushes, rolls out, checks, and moves the mutable tags', async () => {
    const world = new TestWorld();
    const { run, lines } = world.whole();
    const outcome = await deploy(run);
    const digest = world.registry.digestOf(second);
    expect(outcome).toMatchObject({
      verdict: 'deployed', failure: undefined, target: 'set-image', namespace: 'web', commit: second, reference: `${image}@${digest}`, digest, tags: [second, 'latest'], imageExisted: false, warnings: [],
      changes: [{ subject: 'deployment/api', part: 'app', before: world.imageOf(first), after: `${image}:${second}@${digest}`, now: `${image}:${second}@${digest}` }],
      undoCommands: [`kubectl --namespace=web set image deployment/api app=${world.imageOf(first)}`],
    });
    expect(spansOf(outcome)).toEqual(['preflight ok', 'test ok', 'build ok', 'rollout ok', 'smoke ok', 'tags ok']);
    expect(outcome.verified).toEqual([{ what: 'deployment/api', seen: '2 pods ready, no restarts' }, { what: check, seen: 'passed on 2 pods and service/api' }]);
    expect([world.registry.tags.get(`${image}:${second}`), world.registry.tags.get(`${image}:latest`)]).toEqual([digest, digest]);
    expect(world.deployments.images('api')).toEqual(Array(2).fill(`${image}:${second}@${digest}`));
    expect(lines).toContain(`command kubectl --namespace=web set image deployment/api app=${image}:${second}@${digest}`);
  });
  it.each<[string, number, readonly string[]]>([
    ['was looked for a moment ago', 0, ['imagetools inspect', 'build', 'imagetools inspect', 'imagetools create', 'imagetools inspect']],
    ['may have been pushed during a long test gate', 60_000, ['imagetools inspect', 'imagetools inspect', 'build', 'imagetools inspect', 'imagetools create', 'imagetools inspect']],
  ])('looks up the image of the commit once where it %s, and reads what it pushed', async (_what, gateMs, expected) => {
    const world = new TestWorld();
    const { run, docker } = watched(world.whole({}, { gate: async () => {
      await world.clock.sleep(gateMs);
      return {};
    } }));
    expect((await deploy(run)).verdict).toBe('deployed');
    expect(docker.filter((call) => !/^(?:version|inspect)/.test(call))).toEqual(expected);
  });
  it('takes the image of the commit that the registry has', async () => {
    const world = new TestWorld();
    world.registry.push(image, second, [second]);
    world.registry.buildFails = 'ERROR: nobody is to build this';
    const outcome = await deploy(world.whole().run);
    expect([outcome.verdict, outcome.imageExisted, outcome.reference]).toEqual(['deployed', true, `${image}@${world.registry.digestOf(second)}`]);
  });
  it('changes nothing where the image of the commit is deployed already under its digest', async () => {
    const world = new TestWorld({ before: second });
    const outcome = await deploy(world.whole().run);
    expect([outcome.verdict, spansOf(outcome), world.changes]).toEqual(['unchanged', ['preflight ok', 'test ok', 'build ok', 'rollout ok', 'smoke ok', 'tags ok'], []]);
  });
  it('reports a record that belongs to another repository, and shares it', async () => {
    const world = new TestWorld();
    world.keepLedger(world.deadLedger({ phase: 'verified', repository: 'registry.example/billing/api' }));
    const { verdict, warnings } = await deploy(world.deployment(second).run);
    expect([verdict, warnings]).toEqual(['deployed', [expect.stringMatching(/^The record of api in namespace web belongs to registry\.example\/billing\/api, not to registry/)]]);
  });
  it('is one verdict for several workloads: when one fails, all are restored', async () => {
    const world = new TestWorld();
    world.deployments.add('worker', { image: world.imageOf(first) });
    world.behaviours.set(second, 'crash');
    const workloads = [{ kind: 'deployment', name: 'api' }, { kind: 'deployment', name: 'worker' }] as const;
    const outcome = await deploy(world.deployment(second, { workloads: [...workloads] }).run);
    expect([outcome.verdict, outcome.changes.map(({ subject, now }) => [subject, now])]).toEqual([
      'rolled-back', [['deployment/api', world.imageOf(first)], ['deployment/worker', world.imageOf(first)]],
    ]);
  });
});

describe('before the preflight has passed', () => {
  it.each<[string, (world: TestWorld) => TestRun]>([
    ['a workload does not exist', (world) => world.whole({ workloads: [{ kind: 'deployment', name: 'other' }], gate: undefined })],
    ['its record was damaged', (world) => {
      world.keepLedger('{"schema": 2');
      return world.whole({ gate: undefined });
    }],
  ])('nothing is built or pushed: %s', async (_what, start) => {
    const world = new TestWorld();
    const { run, docker } = watched(start(world));
    const outcome = await deploy(run);
    expect([outcome.verdict, outcome.failure?.stage]).toEqual(['failed', 'preflight']);
    expect(docker.filter((call) => /^build\b|create/.test(call))).toEqual([]);
    expect([...world.registry.tags.keys()].filter((name) => name.includes(second))).toEqual([]);
  });
});

describe('a deployment that fails before its change', () => {
  const unchanged = (world: TestWorld) => [world.imageNow === world.imageOf(first), world.changes, world.ledger, world.holder ?? ''];

  it.each<[string, string, string, (world: TestWorld) => TestRun]>([
    ['its test gate fails', 'test-failed', 'test', (world) => world.whole({}, { gate: async () => ({ code: 1 }) })],
    ['its build fails', 'build-failed', 'build', (world) => {
      world.registry.buildFails = 'ERROR: failed to solve: process "/bin/sh -c npm ci" did not complete successfully: exit code: 1';
      return world.whole();
    }],
    ['its image is not in the registry', 'image-not-found', 'preflight', (world) => world.deployment(second, { digest: `sha256:${'0'.repeat(64)}` })],
    ['a workload does not exist', 'config-invalid', 'preflight', (world) => world.deployment(second, { workloads: [{ kind: 'deployment', name: 'other' }] })],
    ['a check names a Service that does not exist', 'config-invalid', 'preflight', (world) => world.deployment(second, {
      smoke: [{ text: 'service/other/', target: { type: 'service', name: 'other', path: '/' }, statuses: [200] }],
    })],
    ['its record was written by a later version', 'record-unreadable', 'preflight', (world) => {
      world.keepLedger('{"schema": 9, "app": "api"}');
      return world.deployment(second);
    }],
    ['its record was damaged', 'record-unreadable', 'preflight', (world) => {
      world.keepLedger('{"schema": 2');
      return world.deployment(second);
    }],
    ['the change is refused', 'admission-denied', 'rollout', (world) => {
      world.server.trouble = ({ method, path }) => (method === 'PATCH' && path.endsWith('/deployments/api') ? { status: 403, message: 'admission webhook "policy" denied the request: no' } : undefined);
      return world.deployment(second, { proveFirst: false });
    }],
  ])('has changed nothing when %s', async (_when, cause, stage, start) => {
    const world = new TestWorld();
    const outcome = await deploy(start(world).run);
    expect(outcome).toMatchObject({ verdict: 'failed', failure: { cause, stage }, changes: [], rollback: undefined, undoCommands: [] });
    if (stage === 'rollout') expect([world.imageNow, world.ledger?.run.phase, world.holder]).toEqual([world.imageOf(first), 'restored', '']);
    else if (cause !== 'record-unreadable') expect(unchanged(world)).toEqual([true, [], undefined, '']);
    else expect([world.imageNow === world.imageOf(first), world.changes, world.holder]).toEqual([true, [], undefined]);
  });
  it('has all its problems reported at once', async () => {
    const world = new TestWorld();
    const { failure } = await deploy(world.deployment(second, { digest: `sha256:${'0'.repeat(64)}`, workloads: [{ kind: 'deployment', name: 'other' }] }).run);
    expect(failure?.message).toMatch(/is not in the registry[^]*deployment\/other: does not exist in namespace web/);
  });
  it('refuses to finish a run of another kind of target, and says what to do', async () => {
    const world = new TestWorld();
    world.keepLedger(world.deadLedger({ target: { kind: 'command', schema: 1, recorded: {} } }));
    const { verdict, failure } = await deploy(world.deployment(second).run);
    expect([verdict, failure?.cause, failure?.message, failure?.hint, world.changes, world.ledger?.run.id, world.holder]).toEqual([
      'failed', 'record-unreadable', 'An earlier run of api (dead) deployed by command and is not finished, but the settings now deploy by set-image. Nothing was changed.',
      'Run once with the settings of that run to finish it. Then change the settings.', [], 'dead', '',
    ]);
  });
});

describe('a deployment that fails after its change', () => {
  it.each([
    ['crash', 'crash-loop', 'rollout', true], ['crash', 'crash-loop', 'rollout', false], ['wrong', 'smoke-failed', 'smoke', true], ['wrong', 'smoke-failed', 'smoke', false],
    ['unready', 'not-ready', 'rollout', true],
  ] as const)('is rolled back: the version is %s, %s in the stage %s (prove-first %s)', async (behaviour, cause, stage, proveFirst) => {
    const world = new TestWorld();
    world.behaviours.set(second, behaviour);
    const { run, kept } = world.deployment(second, { proveFirst });
    const outcome = await deploy(run);
    expect(outcome).toMatchObject({ verdict: 'rolled-back', failure: { cause, stage }, changes: [{ before: world.imageOf(first), after: world.imageOf(second), now: world.imageOf(first) }], undoCommands: [] });
    expect(spansOf(outcome).at(-1)).toBe('rollback ok');
    expect([world.deployments.images('api'), world.ledger?.run.phase, world.ledger?.releases.map(({ reference }) => reference), kept, world.holder])
      .toEqual([Array(2).fill(world.imageOf(first)), 'restored', [world.imageOf(first)], ['run-1', ''], '']);
  });
  it('is not rolled back when `rollback` is off, and the commands to do it by hand are given', async () => {
    const world = new TestWorld();
    world.behaviours.set(second, 'wrong');
    const outcome = await deploy(world.deployment(second, { rollback: 'off' }).run);
    expect(outcome).toMatchObject({
      verdict: 'rollback-failed', rollback: { notes: ['`rollback` is off: the new images stay where they were set.'] },
      undoCommands: [`kubectl --namespace=web set image deployment/api app=${world.imageOf(first)}`],
    });
    expect([world.imageNow, world.ledger?.run.phase]).toEqual([world.imageOf(second), 'unverified']);
  });
  it('has failed to roll back when the version before does not serve any more', async () => {
    const world = new TestWorld();
    world.behaviours.set(second, 'crash').set(first, 'good');
    const { run } = world.deployment(second, { patienceMs: { 'not-ready': 1000 }, timeoutMs: 60_000, proveFirst: false });
    const { server } = world;
    server.trouble = ({ method, path }) => {
      if (method === 'PATCH' && path.endsWith('/deployments/api') && world.imageNow === world.imageOf(second)) world.behaviours.set(first, 'crash');
      return undefined;
    };
    const outcome = await deploy(run);
    expect([outcome.verdict, outcome.failure?.cause, world.imageNow, world.ledger?.run.phase, world.holder]).toEqual(['rollback-failed', 'crash-loop', world.imageOf(first), 'unverified', '']);
    expect(outcome.rollback?.notes.join()).toMatch(/^Container app of pod api-pod-\d+ exited twice/);
  });
  it('does not overwrite what somebody else has set meanwhile', async () => {
    const world = new TestWorld();
    world.behaviours.set(second, 'wrong');
    const { app } = world.server;
    world.server.app = (kind, name) => {
      if (kind === 'pods') world.deployments.set('api', world.imageOf(third));
      return app(kind, name);
    };
    const outcome = await deploy(world.deployment(second, { proveFirst: false }).run);
    expect([outcome.verdict, outcome.failure?.cause, world.imageNow]).toEqual(['rollback-failed', 'superseded', world.imageOf(third)]);
    expect(outcome.rollback?.notes).toEqual([`Container app of deployment/api was set to ${world.imageOf(third)} by someone else. It was not overwritten.`]);
  });
});

describe('mutable tags', () => {
  it('that do not move are a warning where something was deployed, and no reason to take it back', async () => {
    const world = new TestWorld();
    world.registry.tagFails = 'denied: requested access to the resource is denied';
    const { verdict, warnings, tags } = await deploy(world.whole().run);
    expect([verdict, warnings, tags, world.imageNow?.endsWith(world.registry.digestOf(second))]).toEqual(['deployed', [expect.stringContaining('latest could not be moved to it')], [second], true]);
  });
  it('that do not move have failed a run that only builds, where they were asked for', async () => {
    const world = new TestWorld();
    world.registry.tagFails = 'denied: requested access to the resource is denied';
    const { verdict, failure } = await deploy(world.start('build', { image, build, tags: [second, 'stable'] }).run);
    expect([verdict, failure?.stage]).toEqual(['failed', 'tags']);
  });
});

describe('the plan of a dry run', () => {
  const plans = async (settings: (world: TestWorld) => Partial<Config>) => {
    const world = new TestWorld();
    const planned = await deploy(world.start('deploy', { ...settings(world), dryRun: true }).run);
    const isUntouched = world.server.seen.every((each) => each.startsWith('GET')) && world.registry.tags.size === 1;
    return { planned, isUntouched, done: await deploy(world.start('deploy', settings(world)).run) };
  };

  it.each<[string, (world: TestWorld) => Partial<Config>]>([
    ['tests', () => ({ gate })],
    ['builds', () => ({ image, build })],
    ['builds without a tag to move', () => ({ image, build, tags: [second] })],
    ['tests, builds, deploys and checks', (world) => ({ ...world.deploying(second), digest: undefined, build, gate })],
    ['deploys what exists', (world) => world.deploying(second)],
    ['deploys without a check', (world) => ({ ...world.deploying(second), smoke: [] })],
    ['finds its version there', (world) => world.deploying(first)],
  ])('names every stage of the run that it plans, and none besides: one that %s', async (_what, settings) => {
    const { planned, isUntouched, done } = await plans(settings);
    expect([planned.verdict, isUntouched, done.failure]).toEqual(['planned', true, undefined]);
    expect(['preflight', ...planned.plan?.steps.map(({ stage }) => stage) ?? []]).toEqual(done.timeline.map(({ stage }) => stage));
  });

  it('says what each stage does, what changes, and whether a rollback is possible', async () => {
    const world = new TestWorld();
    const { plan } = await deploy(world.whole({ dryRun: true, environment: 'prod', rollback: 'auto' }).run);
    expect(plan).toMatchObject({
      app: 'api', environment: 'prod', namespace: 'web', reference: `${image}:${second}@<digest of the build>`,
      steps: [
        { stage: 'test', title: 'run the test gate', commands: ['npm test'] },
        { stage: 'build', title: `build \`${image}\` for linux/amd64 and push it as \`${second}\``, commands: [expect.stringMatching(/^docker buildx build /)] },
        {
          stage: 'rollout', title: 'set the image of `deployment/api`, run the smoke checks against the first pods of `deployment/api` and watch the rollout',
          commands: [`kubectl --namespace=web set image deployment/api 'app=${image}:${second}@<digest of the build>'`],
        },
        { stage: 'smoke', title: `run the smoke check: \`${check}\``, commands: [] },
        { stage: 'tags', title: 'move `latest` to the new image', commands: [] },
      ],
      changes: [{ subject: 'deployment/api', part: 'app', before: world.imageOf(first), after: `${image}:${second}@<digest of the build>` }],
      rollback: { possible: true, reason: 'Every workload is healthy now. Its images are restored if anything fails.' }, warnings: [],
    });
  });
  it('names several checks', async () => {
    const world = new TestWorld();
    const { smoke = [] } = world.deploying(second);
    const { plan } = await deploy(world.deployment(second, { dryRun: true, smoke: [...smoke, { ...smoke[0], text: 'service/api/health' } as never] }).run);
    expect(plan?.steps.at(-1)?.title).toBe('run 2 smoke checks: `service/api/`, `service/api/health`');
  });
  it('of a digest that is set already is to verify it, and changes nothing unless something is wrong', async () => {
    const plan = async (prepare: (world: TestWorld) => void) => {
      const world = new TestWorld({ before: second });
      prepare(world);
      return (await deploy(world.deployment(second, { dryRun: true }).run)).plan;
    };
    expect(await plan(() => undefined)).toMatchObject({
      steps: [{ stage: 'rollout', title: 'verify `deployment/api` without a change: this digest is already set', commands: [] }, { stage: 'smoke' }], changes: [], rollback: undefined,
    });
    const unwell = await plan((world) => {
      world.behaviours.set(second, 'unready');
      for (const revision of [third, second]) world.deployments.set('api', world.imageOf(revision));
    });
    expect(unwell?.steps[0]?.title).toBe('set the image of `deployment/api` and watch the rollout');
  });
});
