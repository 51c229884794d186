import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { closeApi } from './harness/api.js';
import { inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectHidden } from './harness/ending.js';
import { eventually } from './harness/environment.js';
import { faults } from './harness/github-api/faults.js';
import { startGitHub, type GitHubOptions, type RunningGitHub } from './harness/github-api/server.js';
import { closeImages } from './harness/images.js';
import { held } from './harness/moments.js';
import type { Space } from './harness/namespace.js';
import { runAction, type ActionResult, type ActionRun } from './harness/run-action.js';
import { withSettings } from './harness/workspace.js';

// What GitHub shows of deployments: the bundle beside a server that answers as GitHub does, and refuses what GitHub would refuse.

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const commit = 'c0ffee0000000000000000000000000000000000';
const before = 'bef04e0000000000000000000000000000000000';
const runUrl = 'https://github.com/acme/app/actions/runs/4711';
// Plain HTTP: the certificate of an address of https would be checked, and there is none.
const url = 'http://web.acme.example/';
/** What the deployment before this run left on GitHub. */
const previous = { sha: before, environment: 'production', payload: { by: 'acci/deploy-action', app: 'app', run: 'before' }, production_environment: true };
const warningsOf = ({ commands }: Pick<ActionResult, 'commands'>): readonly string[] => commands.filter(({ name }) => name === 'warning').map(({ message }) => message);
const aboutGitHub = (result: Pick<ActionResult, 'commands'>): readonly string[] => warningsOf(result).filter((message) => message.includes('GitHub'));

/** Settings with a warning. */
const doubtful = { notify: { slack: { webhook: 'env:NO_SUCH' } } };
/** The post step reads the settings again, and does not warn again. */
function expectDoubtOnce({ log, post }: ActionResult): void {
  expect([log, post?.log].map((text) => text?.split('variable NO_SUCH is not set').length)).toEqual([2, 1]);
}

interface Site {
  readonly space: Space;
  readonly github: RunningGitHub;
  /** Deploys this mode of the app to production. */
  deploy(mode?: string, more?: Partial<ActionRun>, settings?: object): Promise<ActionResult>;
}

/** A healthy workload in a namespace of its own, and a GitHub of its own. */
const onSite = (label: string, body: (site: Site) => Promise<void>, options?: GitHubOptions) => inSpace(label, async (space) => {
  const github = await startGitHub(options);
  try {
    await startHealthy(space, { replicas: 1 });
    const deploy: Site['deploy'] = async (mode, { inputs, env, ...more } = {}, settings = {}) => {
      const image = await variant('v2', mode);
      return withSettings({ ...settings, environments: { production: { 'environment-url': url } } }, (workspace) => runAction({
        workspace, commit, ...more, inputs: { ...rolloutInputs(space, image), environment: 'production', ...inputs }, env: { GITHUB_API_URL: github.url, ...env },
      }));
    };
    await body({ space, github, deploy });
    expect(github.problems).toEqual([]);
  } finally {
    await github.close();
  }
});

describe('a deployment on GitHub', () => {
  it.concurrent('is in progress, then a success that replaces the one before', onSite('gh-good', async ({ github, deploy }) => {
    github.state.deployed(previous, { state: 'success' });
    const result = await deploy();
    expectEnding(result, { verdict: 'deployed' });
    expect(github.state.deployments[1]).toMatchObject({
      sha: commit, environment: 'production', production_environment: true, transient_environment: false, payload: { by: 'acci/deploy-action', app: 'app' },
      description: expect.stringMatching(/^app c0ffee0: .*deployment\/web/),
      statuses: [{ state: 'in_progress', log_url: runUrl, environment_url: url }, { state: 'success', description: expect.stringMatching(/^deployed: app\. The new version is deployed to every workload and verified \(/), log_url: runUrl, environment_url: url }],
    });
    expect(github.state.states).toEqual(['production c0ffee0 success', 'production bef04e0 inactive']);
    expect([warningsOf(result), result.state['deployment'], result.post?.log]).toEqual([[], '', '']);
    expect(new Set(github.seen.map(({ token }) => token)).size).toBe(1);
    expectHidden(result, github.seen[0]?.token ?? '');
  }));

  it.concurrent('is a failure when the release is rolled back, and the one before is active again', onSite('gh-crash', async ({ github, deploy }) => {
    github.state.deployed(previous, { state: 'success' });
    const result = await deploy('crash');
    expectEnding(result, { verdict: 'rolled-back', cause: 'crash-loop' });
    expect(github.state.states).toEqual(['production c0ffee0 failure', 'production bef04e0 success']);
    expect(github.state.deployments.map(({ statuses }) => statuses.at(-1)?.description)).toEqual(['Active again: c0ffee0 was rolled back.', expect.stringMatching(/^rolled-back: app\. /)]);
    expect(aboutGitHub(result)).toEqual([]);
  }));

  it.concurrent('is that which GitHub has created for the job, if it has', onSite('gh-job', async ({ github, deploy }) => {
    github.state.deployed({ sha: commit, ref: 'main', environment: 'production' }, { state: 'in_progress', log_url: `${runUrl}/job/815` });
    github.state.deployed({ sha: commit, ref: 'main', environment: 'production' }, { state: 'in_progress', log_url: `${runUrl}/job/816` });
    expectEnding(await deploy(undefined, { inputs: { 'job-id': '815' } }), { verdict: 'deployed' });
    expect(github.state.deployments.map(({ statuses }) => statuses.map(({ state }) => state))).toEqual([['in_progress', 'success'], ['in_progress']]);
  }));

  it.concurrent('is not created by a dry run, with `off`, or without an environment', onSite('gh-none', async ({ github, deploy }) => {
    const without: readonly (readonly [Readonly<Record<string, string>>, string])[] = [[{ 'dry-run': 'true' }, 'planned'], [{ 'github-deployments': 'off' }, 'deployed'], [{ 'github-token': '' }, 'unchanged'], [{ environment: '' }, 'unchanged']];
    for (const [inputs, verdict] of without) {
      expectEnding(await deploy(undefined, { inputs }), { verdict });
    }
    expect(github.calls).toEqual([]);
  }));

  it.concurrent('is created on GitHub Enterprise Server, through a proxy', onSite('gh-proxy', async ({ github, deploy }) => {
    const asked: string[] = [];
    const proxy = createServer((incoming, outgoing) => {
      asked.push(incoming.url ?? '');
      const path = new URL(incoming.url ?? '').href.replace('http://github.acme.test', `http://127.0.0.1:${github.port}`);
      incoming.pipe(request(path, { method: incoming.method, headers: incoming.headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      }));
    });
    await new Promise<void>((resolve) => { proxy.listen(0, '127.0.0.1', () => resolve()); });
    try {
      const env = { GITHUB_SERVER_URL: 'http://github.acme.test', GITHUB_API_URL: 'http://github.acme.test/api/v3', HTTP_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
      const result = await deploy(undefined, { env });
      expectEnding(result, { verdict: 'deployed' });
      expect([github.state.states, aboutGitHub(result)]).toEqual([['production c0ffee0 success'], []]);
      expect(asked[0]).toBe('http://github.acme.test/api/v3/repos/acme/app/deployments?environment=production&per_page=100');
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  }, { base: '/api/v3' }));
});

describe('a deployment on GitHub that GitHub does not take', () => {
  it.concurrent('for lack of a permission: one warning that says which, and the run is not affected', onSite('gh-403', async ({ github, deploy }) => {
    github.permissions = { contents: 'read' };
    const result = await deploy(undefined, { inputs: { 'github-deployments': 'auto' } });
    expectEnding(result, { verdict: 'deployed' });
    expect(aboutGitHub(result)).toEqual([expect.stringMatching(
      /^Recording the deployment on GitHub failed: GitHub returned 403 .*Resource not accessible by integration \(request .*\)\. Add `deployments: write` to the `permissions` of the job, or set `github-deployments: off`\. The run is not affected\.$/)]);
    expect([result.post?.log, github.calls]).toEqual(['', ['GET /repos/acme/app/deployments']]);
  }));

  it.concurrent('for lack of a permission that nobody asked for: no warning', onSite('gh-unasked', async ({ github, deploy }) => {
    github.permissions = { contents: 'read' };
    const result = await deploy();
    expectEnding(result, { verdict: 'deployed' });
    expect(aboutGitHub(result)).toEqual([]);
    expect(result.log).toContain('The deployment is not recorded on GitHub: GitHub returned 403');
  }));

  it.concurrent('because it hangs: the run ends all the same', onSite('gh-hang', async ({ github, deploy }) => {
    github.plan.add({ fault: faults.hang() });
    const result = await deploy();
    expectEnding(result, { verdict: 'deployed' });
    expect(aboutGitHub(result)).toEqual([expect.stringMatching(/^Recording the deployment on GitHub failed: it (took more than 10 s|did not finish within 10 s after the run)\. The run is not affected\.$/)]);
    expect(result.post?.log).toBe('');
  }));

  it.concurrent.each([['a rate limit', faults.secondaryLimit(3600)], ['an error', faults.unavailable(500)], ['a page of a gateway', faults.html()], ['a commit that it does not know', faults.invalid('No ref found for: c0ffee')]])(
    'because of %s: one warning', async (_, fault) => onSite('gh-fault', async ({ github, deploy }) => {
      github.plan.add({ fault });
      const result = await deploy();
      expectEnding(result, { verdict: 'deployed' });
      expect([aboutGitHub(result).length, warningsOf(result).join('\n')]).toEqual([1, expect.not.stringContaining('\u001b')]);
    })());

  it.concurrent('at its end: the post step says it', onSite('gh-late', async ({ github, deploy }) => {
    github.plan.add({ fault: faults.unavailable(500), on: /^POST .*statuses$/, skip: 1, times: 3 });
    const result = await deploy(undefined, {}, doubtful);
    expectEnding(result, { verdict: 'deployed' });
    expect(aboutGitHub(result)).toEqual([expect.stringMatching(/^Recording the deployment on GitHub failed: GitHub returned 500 to POST /)]);
    expectDoubtOnce(result);
    expect(github.state.deployments[0]?.statuses.map(({ state, description }) => `${state} ${description}`)).toEqual(['in_progress The run has started.', expect.stringMatching(/^success deployed: app\. /)]);
  }));
});

/** GitHub shows the deployment as it is going on. */
const inProgress = (github: RunningGitHub): Promise<unknown> => eventually('the deployment is in progress', async () => github.state.states[0] === 'production c0ffee0 in_progress', 240_000);
/** The first pods of the new version are there, and take their time. */
const halfway = ({ space, github }: Site): Promise<unknown> => Promise.all([held(space), inProgress(github)]);

describe('a deployment on GitHub of a run that is stopped', () => {
  it.concurrent('killed while it rolls out: the post step reports what it restored', onSite('gh-kill', async (site) => {
    const { github, deploy } = site;
    github.state.deployed(previous, { state: 'success' });
    const result = await deploy('slow-ready=120s', { signals: { when: halfway(site), send: [{ signal: 'SIGKILL', afterMs: 0 }] } }, doubtful);
    expect(result.signal).toBe('SIGKILL');
    expectDoubtOnce(result);
    expect(result.post?.log).toContain('rolled-back: ');
    expect(github.state.states).toEqual(['production c0ffee0 error', 'production bef04e0 success']);
    expect(github.state.deployments[0]?.statuses.at(-1)?.description).toBe('Active again: c0ffee0 was rolled back.');
  }));

  it.concurrent('killed before it changed anything: the post step says that it was stopped', onSite('gh-early', async ({ github, deploy }) => {
    const result = await deploy(undefined, { inputs: { test: 'sleep 100' }, signals: { when: inProgress(github), send: [{ signal: 'SIGKILL', afterMs: 0 }] } });
    expect(result.signal).toBe('SIGKILL');
    expect(github.state.deployments[0]?.statuses.at(-1)).toMatchObject({ state: 'error', description: 'The run was stopped before it could report how it ended.' });
    expect(result.post?.exitCode).toBe(0);
  }));

  it.concurrent('cancelled: it ends as an error, and the one before is active', onSite('gh-cancel', async (site) => {
    const { github, deploy } = site;
    github.state.deployed(previous, { state: 'success' });
    const result = await deploy('slow-ready=120s', { signals: { when: halfway(site), send: [{ signal: 'SIGINT', afterMs: 0 }] } });
    expect(result.outputs['cause']).toBe('cancelled');
    expect(github.state.states).toEqual(['production c0ffee0 error', 'production bef04e0 success']);
  }));
});
