import { describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.js';
import { deploymentFollower } from '../../src/entry/github-deployment.js';
import { followersOf } from '../../src/entry/listeners.js';
import type { GitHub } from '../../src/ports/github.js';
import type { RunFacts } from '../../src/ports/run-facts.js';
import type { Run } from '../../src/workflow/run.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { deployed, rolledBack } from '../report/outcomes.js';
import { run as runOf } from '../workflow/runs.js';

const github = { token: 'ghs_1', job: '815', deployments: 'auto' as const, production: true, transient: false };
const recorded = (changes: Partial<Config> = {}, facts: Partial<RunFacts> = { repository: 'acme/app' }, more: Partial<Run> = {}): Run => {
  const run = runOf({ environment: 'production', github, ...changes });
  return { ...run, facts: { ...run.facts, ...facts }, ...more };
};

describe('the listener that records a run on GitHub', () => {
  it('follows a run that deploys to an environment', () => {
    expect(followersOf(recorded()).map(({ name }) => name)).toEqual(['Recording the deployment on GitHub']);
  });
  it.each<[string, Partial<Config>, Partial<RunFacts>]>([
    ['without an environment', { environment: undefined }, { repository: 'acme/app' }], ['in a dry run', { dryRun: true }, { repository: 'acme/app' }],
    ['with `off`', { github: { ...github, deployments: 'off' } }, { repository: 'acme/app' }], ['without a token', { github: undefined }, { repository: 'acme/app' }],
    ['in a terminal, which knows no repository', {}, { repository: undefined }],
  ])('does not follow one %s', (_, changes, facts) => {
    expect(followersOf(recorded(changes, facts))).toEqual([]);
  });

  /** What is asked of GitHub, and what is kept. */
  const followed = async (left: string | undefined, hears: 'plan' | 'end'): Promise<readonly unknown[]> => {
    const [asked, kept, tokens]: [string[], string[], string[]] = [[], [], []];
    const api: GitHub = {
      send: async ({ route }) => { asked.push(route); return route.startsWith('GET') ? [] : { id: 7 }; },
      pages: async function * pages() { yield []; },
    };
    const ports = fakePorts({ github: async (token) => { tokens.push(token); return api; } });
    const follower = deploymentFollower(recorded({}, undefined, { ports, keep: async (name, value) => void kept.push(`${name}=${value}`) }), left);
    const listener = await follower?.load();
    const { signal } = new AbortController();
    if (hears === 'plan') await listener?.hear({ kind: 'planned', commit: 'c0ffee', plan: { app: 'api', steps: [{ stage: 'rollout', title: 'roll out', commands: [] }], changes: [], warnings: [], notifications: [] } }, signal);
    await listener?.hear({ kind: 'ended', outcome: hears === 'plan' ? deployed : rolledBack }, signal);
    return [tokens, asked.map((route) => route.replace('/repos/{owner}/{repo}', '')), kept.map((text) => text.replace(/"end":.*\}/, '"end":…'))];
  };
  it('opens the API once, and keeps what is open for the post step', async () => {
    expect(await followed(undefined, 'plan')).toEqual([
      ['ghs_1'], ['GET /deployments', 'POST /deployments', 'POST /deployments/{deployment_id}/statuses', 'POST /deployments/{deployment_id}/statuses'],
      ['deployment={"commit":"c0ffee"}', 'deployment={"commit":"c0ffee","id":7}', 'deployment={"commit":"c0ffee","id":7,"previous":null}', 'deployment={"commit":"c0ffee","id":7,"previous":null,"end":…', 'deployment='],
    ]);
  });
  it('continues in a post step with what the main step has left', async () => {
    expect(await followed('{"id":7,"commit":"c0ffee","previous":6}', 'end')).toEqual([
      ['ghs_1'], ['POST /deployments/{deployment_id}/statuses', 'POST /deployments/{deployment_id}/statuses'],
      ['deployment={"id":7,"commit":"c0ffee","previous":6,"end":…', 'deployment='],
    ]);
    expect(await followed('something else', 'end')).toEqual([[], [], []]);
  });
});
