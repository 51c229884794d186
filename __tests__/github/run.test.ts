import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createRecorder } from '../../src/github/deployment.js';
import { systemClock } from '../../src/host/clock.js';
import { createGitHub } from '../../src/host/github-client.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import { deploy } from '../../src/workflow/deploy.js';
import { rollBack } from '../../src/workflow/rollback.js';
import type { Run } from '../../src/workflow/run.js';
import { GitHubServer } from '../e2e/harness/github-api/github.js';
import { httpTo } from '../e2e/harness/github-api/memory.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { first, image, second, third, TestWorld, type TestRun } from '../workflow/world.js';

describe('what GitHub shows of whole runs', () => {
  let github: GitHubServer;
  let world: TestWorld;
  beforeEach(() => {
    github = new GitHubServer();
    world = new TestWorld();
  });
  afterEach(() => expect(github.problems).toEqual([]));

  /** Plays a run, and hands its events to the recorder, which has all the time it needs. */
  const played = async ({ run, events }: TestRun, play: (run: Run) => Promise<Outcome>): Promise<Outcome> => {
    const { log } = fakePorts();
    const recorder = createRecorder({
      app: 'api', run: run.id, repository: 'acme/app', environment: 'production', production: true, transient: false, isWanted: true, commit: run.facts.commit, log, keep: async () => undefined,
      open: () => createGitHub({ http: { ...fakePorts().http, ...httpTo(github) }, clock: systemClock, log, env: {} }, 'ghs_secret'),
    });
    const outcome = await play(run);
    const { signal } = new AbortController();
    for (const event of [...events, { kind: 'ended', outcome } as const]) await recorder.hear(event, signal);
    return outcome;
  };
  const shown = (): readonly string[] => github.state.states.map((state) => state.replace('production ', ''));

  it('follows releases, one that is rolled back, and the way back', async () => {
    expect(await played(world.deployment(first), deploy)).toMatchObject({ verdict: 'unchanged' });
    expect(shown()).toEqual(['aaaaaaa success']);
    world.behaviours.set(second, 'crash');
    expect(await played(world.deployment(second), deploy)).toMatchObject({ verdict: 'rolled-back' });
    expect(shown()).toEqual(['bbbbbbb failure', 'aaaaaaa success']);
    world.behaviours.clear();
    expect(await played(world.deployment(second), deploy)).toMatchObject({ verdict: 'deployed' });
    expect(shown()).toEqual(['bbbbbbb success', 'bbbbbbb failure', 'aaaaaaa inactive']);
    expect(await played(world.deployment(third), deploy)).toMatchObject({ verdict: 'deployed' });
    const back = () => played(world.start('rollback', { image, smoke: world.deploying(second).smoke }), rollBack);
    expect(await back()).toMatchObject({ verdict: 'deployed', wentBack: true });
    expect(shown()).toEqual(['bbbbbbb success', 'ccccccc inactive', 'bbbbbbb inactive', 'bbbbbbb failure', 'aaaaaaa inactive']);
    expect(github.state.deployments.at(-1)?.statuses.at(-1)?.description).toMatch(/^deployed: api\. The earlier version is deployed to every workload and verified/);
    // What was there before the first record has no commit.
    expect(await back()).toMatchObject({ verdict: 'deployed', commit: undefined });
    expect(shown()).toEqual(['bbbbbbb inactive', 'ccccccc inactive', 'bbbbbbb inactive', 'bbbbbbb failure', 'aaaaaaa inactive']);
  });
});
