import { describe, expect, it } from '@jest/globals';
import type { Pod } from '../../src/kubernetes/client/objects.js';
import type { Config } from '../../src/config/config.js';
import type { DeployError } from '../../src/outcome/errors.js';
import { releaseStages, type ReleaseState } from '../../src/workflow/release-stages.js';
import { runStages } from '../../src/workflow/stage.js';
import type { LedgerStore } from '../../src/record/store.js';
import type { Release, RunRecord } from '../../src/record/ledger.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { newImage, oldImage, pod, service, target, waiting } from '../kubernetes/judge/build.js';
import { deploymentPath } from '../target/set-image/fake-cluster.js';
import { check } from '../kubernetes/judge/simulation.js';
import { run as runOf } from './runs.js';
import { idleClock, stillCluster, type StillOptions } from './still-cluster.js';

interface Released {
  readonly state: ReleaseState;
  readonly failure?: DeployError;
  /** The image that a rollback puts back instead of what was there. */
  readonly back?: string;
  readonly tookMs: number;
  /** What was kept for the post step, in its order. */
  readonly kept: readonly string[];
  readonly phases: readonly RunRecord['phase'][];
  readonly lines: readonly string[];
  /** What was written of the Deployment, and every kubectl. */
  readonly changes: readonly string[];
}

/** A run that has come to its end. */
const dead: RunRecord = {
  id: 'run-0', startedAt: '2025-01-01T00:00:00.000Z', phase: 'proven', targets: [], held: [], rollback: 'auto', smoke: [], before: { held: [], running: {} },
};

/** Releases `newImage` in a cluster in which nothing happens by itself. `unwritable` phases the ledger does not take. */
async function release(
  options: StillOptions, changes: Partial<Config> = {}, unwritable: readonly RunRecord['phase'][] = [], releases: readonly Release[] = [],
): Promise<Released> {
  const clock = idleClock();
  const begunAt = clock.monotonic();
  const ports = fakePorts({ clock });
  const cluster = stillCluster({ ...options, now: clock.now });
  const kept: string[] = [];
  const phases: RunRecord['phase'][] = [];
  const store: LedgerStore = {
    read: async () => (releases.length > 0 ? { schema: 1, app: 'api', releases, run: dead } : undefined),
    write: async ({ run }) => {
      if (unwritable.includes(run.phase)) throw new Error('the API server is away');
      phases.push(run.phase);
    },
  };
  const run = { ...runOf({ smoke: [check], ...changes }), ports, keep: async (_name: string, value: string) => void kept.push(value) };
  const stages = releaseStages<ReleaseState>(run, { cluster, store, ledger: undefined, found: [], services: [service('api')] });
  const { state, failure } = await runStages(stages.stages, { targets: [target()] }, clock, 0).finally(stages.close);
  const changing = cluster.done.filter((each) => each.startsWith('kubectl') || (each.endsWith(deploymentPath) && !each.startsWith('GET')));
  const back = state.targets[0]?.containers[0]?.back;
  return { state, back, tookMs: clock.monotonic() - begunAt, failure: failure?.error, kept, phases, lines: ports.lines, changes: changing };
}

describe('a digest that is on every workload already', () => {
  it('is unchanged when it stands and answers rightly, and nothing is written', async () => {
    const { state, failure, kept, phases, lines, changes } = await release({ image: newImage });
    expect([state.unchanged, failure, kept, phases, changes]).toEqual([true, undefined, [], [], []]);
    expect(lines).toContain('info deployment/api already has this digest: nothing is changed, and the version is judged and asked as it is');
    expect(lines).toContain('progress smoke service/api/ ok · 2 pods and service/api');
  });

  it.each([
    ['every answer is wrong', () => ({ status: 500 })],
    ['one of its pods answers wrongly', (name: string | undefined) => ({ status: name === 'b' ? 500 : 200 })],
  ])('has failed when %s; nothing is changed, and that is said', async (_what, answer) => {
    const { state, failure, kept, phases, changes } = await release({ image: newImage, answer });
    expect([failure?.code, failure?.message, failure?.hint]).toEqual([
      'smoke-failed', expect.stringMatching(/^Smoke check `service\/api\/` failed: pod\/\w gave status 500 .*\. deployment\/api had this version before the run, and still has it\.$/),
      expect.stringMatching(/\. The rollback action goes back to the release before it\.$/),
    ]);
    expect(failure?.evidence.map(({ title }) => title)).toContain('log of container app of pod a');
    expect([state.undone, kept, phases, changes]).toEqual([undefined, [], [], []]);
  });
});

describe('where a rollback would go to', () => {
  const refused: StillOptions = { kubectl: () => ({ code: 1, stderr: 'error: failed to patch image update to pod template: admission webhook "policy" denied the request: no' }) };
  const ancient = 'registry.example/api:0';
  const proven: Release = { reference: ancient, at: '2025-01-01T00:00:00Z', proven: true, images: [{ workload: 'deployment/api', container: 'app', image: ancient }] };
  const creating = (name: string) => pod(name, { owner: 'uid-rs', image: oldImage, statuses: [waiting('ContainerCreating')] });
  const ready = (name: string) => pod(name, { owner: 'uid-rs', image: oldImage });
  const wayBack = (...pods: readonly Pod[]) => release({ ...refused, pods }, { proveFirst: false }, [], [proven]);

  it('is what was there, also when only some of its pods are ready: nothing is waited for', async () => {
    const { back, tookMs } = await wayBack(ready('a'), creating('b'));
    expect(back).toBeUndefined();
    expect(tookMs).toBeLessThan(10_000);
  });
  it('is the last proven release, when what is there does not become ready', async () => {
    const { back, tookMs, lines } = await wayBack(creating('a'), creating('b'));
    expect([back, lines]).toEqual([ancient, expect.arrayContaining(['info Waiting at most 30 s for what is not complete yet: deployment/api (0 of 2 new pods seen ready)'])]);
    expect(tookMs).toBeGreaterThanOrEqual(30_000);
  });
});

describe('what the post step is told of a release that failed', () => {
  const refused: StillOptions = { kubectl: () => ({ code: 1, stderr: 'error: failed to patch image update to pod template: admission webhook "policy" denied the request: no' }) };
  it('is that nothing is left to do, once the ledger says so', async () => {
    const { failure, kept, phases } = await release(refused, { proveFirst: false });
    expect([failure?.code, kept, phases]).toEqual(['admission-denied', ['run-1', ''], ['changing', 'restoring', 'restored']]);
  });
  it.each([
    ['restored', 'auto', ['changing', 'restoring']], ['restored', 'off', ['changing']],
  ] as const)('is that it has to look when %s could not be written (rollback: %s)', async (phase, rollback, phases) => {
    expect(await release(refused, { proveFirst: false, rollback }, [phase])).toMatchObject({ kept: ['run-1'], phases });
  });
});
