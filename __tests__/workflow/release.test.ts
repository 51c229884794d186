import { describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.js';
import type { Pod } from '../../src/kubernetes/client/objects.js';
import { apiPath, resources } from '../../src/kubernetes/client/resources.js';
import type { Phase, Release } from '../../src/record/ledger.js';
import { recorded } from '../../src/target/set-image/recorded.js';
import { setImage } from '../../src/target/set-image/target.js';
import type { Change, Proposal } from '../../src/target/target.js';
import { deploy } from '../../src/workflow/deploy.js';
import { releaseStages } from '../../src/workflow/release.js';
import { runStages, Slot } from '../../src/workflow/stage.js';
import { waiting } from '../kubernetes/judge/build.js';
import { podsOf } from '../kubernetes/server/deployments.js';
import { first, second, third, TestWorld } from './world.js';

const phasesOf = (world: TestWorld): Phase[] => world.ledgers.map(({ run }) => run.phase);

describe('a digest that is on every workload already', () => {
  it('is unchanged when it is healthy and passes its checks, and nothing is written', async () => {
    const world = new TestWorld({ before: second });
    const { run, lines, kept } = world.deployment(second);
    expect(await deploy(run)).toMatchObject({ verdict: 'unchanged', failure: undefined, changes: [], plan: undefined });
    expect([kept, world.ledger, world.changes, world.holder]).toEqual([[], undefined, [], '']);
    expect(lines).toContain('info deployment/api already has this digest: nothing to change, verifying the version as it is');
    expect(lines).toContain('progress smoke service/api/ ok · 2 pods and service/api');
  });

  it.each([
    ['every pod', () => true],
    ['one of its pods', (pod: string) => pod === 'api-pod-2'],
  ])('has failed when %s fails its check; nothing is changed, and that is said', async (_what, isWrong) => {
    const world = new TestWorld({ before: second });
    const { app } = world.server;
    world.server.app = (kind, name) => (kind === 'pods' && isWrong(name) ? { status: 500, body: '' } : app(kind, name));
    const { run, kept } = world.deployment(second);
    const { verdict, failure, rollback } = await deploy(run);
    expect([verdict, failure?.cause, failure?.message, failure?.hint]).toEqual([
      'failed', 'smoke-failed', expect.stringMatching(/^Smoke check `service\/api\/` failed: pod\/api-pod-\d returned status 500 .*\. deployment\/api had this version before the run and still has it\.$/),
      expect.stringMatching(/\. To restore the previous release, run the `rollback` action\.$/),
    ]);
    expect(failure?.evidence.map(({ title }) => title)).toContain('log of container app of pod api-pod-1');
    expect([rollback, kept, world.ledger, world.changes]).toEqual([undefined, [], undefined, []]);
  });
});

/** The change of the images is refused, and the record takes no phase of these. */
function refusing(world: TestWorld, unwritable: readonly Phase[] = []): void {
  world.server.trouble = ({ method, path, body }) => {
    if (method === 'PATCH' && path.endsWith('/deployments/api')) return { status: 403, message: 'admission webhook "policy" denied the request: no' };
    if (unwritable.some((phase) => JSON.stringify(body ?? '').includes(`\\"phase\\": \\"${phase}\\"`))) return { status: 422, message: 'ConfigMap is invalid: no' };
    return undefined;
  };
}

describe('where a rollback would go to', () => {
  const verified = (world: TestWorld): Release => {
    const version = world.imageOf(third);
    return { reference: version, at: '2025-01-01T00:00:00Z', verified: true, contents: [{ subject: 'deployment/api', part: 'app', version }] };
  };
  /** Deploys `second` over `first`, of which some pods are being created and never come to be ready; `third` was verified before. */
  const wayBack = async (isCreating: (pod: string) => boolean) => {
    const world = new TestWorld();
    world.deployments.stop();
    for (const pod of podsOf(world.server).filter(({ metadata }) => isCreating(metadata?.name ?? ''))) {
      world.server.put(apiPath(resources.pods, 'web', pod.metadata?.name ?? ''), {
        ...pod, status: { ...pod.status, conditions: [{ type: 'Ready', status: 'False' }], containerStatuses: [waiting('ContainerCreating')] },
      } as Pod);
    }
    world.keepLedger({ ...world.deadLedger({ phase: 'verified' }, [third, third]), releases: [verified(world)] });
    refusing(world);
    const { run, lines } = world.deployment(second, { proveFirst: false });
    const { failure } = await deploy(run);
    expect(failure?.cause).toBe('admission-denied');
    const target = world.ledger?.run.target;
    return { world, lines, tookMs: world.clock.monotonic() - run.startedAt, back: target && recorded.read(target).workloads[0]?.containers[0]?.back };
  };

  it('is what was there, also when only some of its pods are ready: nothing is waited for', async () => {
    const { back, tookMs } = await wayBack((pod) => pod === 'api-pod-2');
    expect(back).toBeUndefined();
    expect(tookMs).toBeLessThan(10_000);
  });
  it('is the last verified release, when what is there does not become ready', async () => {
    const { world, back, tookMs, lines } = await wayBack(() => true);
    expect([back, lines]).toEqual([world.imageOf(third), expect.arrayContaining(['info Waiting at most 30 s for workloads that are not healthy yet: deployment/api (0 of 2 new pods ready)'])]);
    expect(tookMs).toBeGreaterThanOrEqual(30_000);
  });
});

describe('what the post step is told of a release that failed', () => {
  const fail = async (settings: Partial<Config>, unwritable: readonly Phase[] = []) => {
    const world = new TestWorld();
    refusing(world, unwritable);
    const { run, kept } = world.deployment(second, { proveFirst: false, ...settings });
    const { failure } = await deploy(run);
    return { cause: failure?.cause, kept, phases: phasesOf(world) };
  };
  it('is that nothing is left to do, once the record says so', async () => {
    expect(await fail({})).toEqual({ cause: 'admission-denied', kept: ['run-1', ''], phases: ['in-progress', 'restoring', 'restored'] });
  });
  it.each([
    ['restored', 'auto', ['in-progress', 'restoring']], ['restored', 'off', ['in-progress']],
  ] as const)('is that it has to look when %s could not be written (rollback: %s)', async (phase, rollback, phases) => {
    expect(await fail({ rollback }, [phase])).toMatchObject({ kept: ['run-1'], phases });
  });
});

it('a release whose notes at the target cannot be written has succeeded: that is a warning', async () => {
  const world = new TestWorld();
  const { run, lines, kept } = world.deployment(second);
  const target = await setImage.open(run, run.config, 'deploy');
  const proposal = await target.propose({ reference: world.imageOf(second), platforms: [], isPushed: true });
  const settle = { value: () => Promise.reject(new Error('the disk is full')) };
  const reference = new Slot<string>();
  reference.set(world.imageOf(second));
  const begin: Proposal['begin'] = async (start) => Object.create(await proposal.begin(start), { settle }) as Change;
  const release = releaseStages({ run, target, reference, proposal: { ...proposal, begin } });
  expect((await runStages(release.stages, run)).failure).toBeUndefined();
  await release.close();
  await target.close?.();
  expect(lines).toContain('warning The release succeeded, but its notes at the target could not be written: the disk is full');
  expect([world.imageNow, world.ledger?.run.phase, kept, world.holder]).toEqual([world.imageOf(second), 'verified', ['run-1', ''], '']);
});

describe('the record of a run', () => {
  it('says before the first change what is changed, and what was there', async () => {
    const world = new TestWorld();
    const { run } = world.deployment(second, { proveFirst: false });
    let known = world.ledger;
    world.server.trouble = ({ method, path }) => {
      if (method === 'PATCH' && path.endsWith('/deployments/api')) known ??= world.ledger;
      return undefined;
    };
    await deploy(run);
    const content = (revision: string) => ({ subject: 'deployment/api', part: 'app', version: world.imageOf(revision) });
    expect(known).toEqual({
      schema: 2, app: 'api',
      releases: [{ reference: world.imageOf(first), at: '2026-01-01T00:00:01.000Z', repository: run.config.image, verified: true, contents: [content(first)] }],
      run: {
        id: 'run-1', url: 'https://runs.example/run-1', commit: second, actor: 'octocat', startedAt: '2026-01-01T00:00:01.000Z', changedAt: '2026-01-01T00:00:01.000Z', committedAt: '2023-11-14T22:13:20.000Z', phase: 'in-progress', marks: ['images'],
        target: { kind: 'set-image', schema: 1, recorded: {
          workloads: [{ ref: 'deployment/api', kind: 'deployment', name: 'api', uid: 'uid-api', containers: [{ name: 'app', before: world.imageOf(first), after: world.imageOf(second) }] }],
          paused: [], running: { 'deployment/api:app': [world.registry.digestOf(first)] },
        } },
        before: [content(first)], after: [content(second)], repository: run.config.image, rollback: 'auto', checks: ['service/api/'], passedBefore: ['service/api/'],
      },
    });
  });
  it('keeps what a later version has added to it', async () => {
    const world = new TestWorld();
    await deploy(world.deployment(second).run);
    const known = world.ledger;
    if (!known) throw new Error('no record');
    const later = { ...known, releases: known.releases.map((each) => ({ ...each, signedBy: 'x' })), past: (known.past ?? []).map((each) => ({ ...each, tested: true })), approvals: ['y'] };
    world.keepLedger(later);
    await deploy(world.deployment(third).run);
    expect(world.ledger).toMatchObject({ approvals: ['y'], releases: [{}, ...later.releases], past: [{}, ...later.past] });
  });
  it('names each wave before it changes anything', async () => {
    const world = new TestWorld();
    await deploy(world.deployment(second).run);
    expect(world.ledgers.map(({ run }) => [run.phase, run.marks])).toEqual([
      ['in-progress', ['first pods']], ['in-progress', ['first pods', 'the rest']], ['verified', ['first pods', 'the rest']],
    ]);
  });
  it('becomes a release when the run is verified, in front of what was there', async () => {
    const world = new TestWorld();
    await deploy(world.deployment(second).run);
    expect(world.ledger?.releases.map(({ reference, verified, commit, repository }) => [reference, verified, commit, repository])).toEqual([
      [world.imageOf(second), true, second, 'registry.example/acme/api'], [world.imageOf(first), true, undefined, 'registry.example/acme/api'],
    ]);
  });
});
