import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startGitHub, type RunningGitHub } from '../e2e/harness/github-api/server.js';

// The tests' own GitHub refuses what GitHub refuses, so that a test that passes beside it means something.
describe('the GitHub of the tests', () => {
  let github: RunningGitHub;
  beforeAll(async () => { github = await startGitHub(); });
  afterAll(() => github.close());
  beforeEach(() => {
    github.problems.length = 0;
    github.plan.clear();
  });
  const ask = async (method: string, path: string, body?: unknown, token = 'token t'): Promise<{ status: number; body: never; link: string | null }> => {
    const response = await fetch(`${github.url}${path}`, { method, headers: token === '' ? {} : { authorization: token }, ...body !== undefined && { body: JSON.stringify(body) } });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as never, link: response.headers.get('link') };
  };
  const deployments = '/repos/acme/app/deployments';
  const deployment = { ref: 'a'.repeat(40), environment: 'staging', auto_merge: false, required_contexts: [] };

  it.each<[string, string, string, unknown, RegExp]>([
    ['a field that must be there and is not', 'POST', deployments, { environment: 'production' }, /must have required property 'ref'/],
    ['a value that GitHub does not know', 'POST', `${deployments}/1/statuses`, { state: 'done' }, /state must be equal to one of the allowed values/],
    ['a field that GitHub ignores', 'POST', deployments, { ...deployment, enviroment: 'x' }, /the body has enviroment/],
    ['a parameter that GitHub ignores', 'GET', `${deployments}?environments=x`, undefined, /the query has environments/],
    ['a text for a number', 'GET', `${deployments}?per_page=many`, undefined, /per_page: it must be integer/],
    ['a check run without its commit', 'POST', '/repos/acme/app/check-runs', { name: 'plan' }, /must have required property 'head_sha'/],
  ])('refuses %s, and notes it', async (_, method, path, body, problem) => {
    expect((await ask(method, path, body)).status).toBe(422);
    expect(github.problems).toEqual([expect.stringMatching(problem)]);
  });

  it('notes a route that it does not know', async () => {
    expect((await ask('GET', '/repos/acme/app/branches')).status).toBe(404);
    expect(github.problems).toEqual(['GET /repos/acme/app/branches is not known here']);
  });

  it.each<[string, number, () => ReturnType<typeof ask>]>([
    ['without a token', 401, () => ask('GET', deployments, undefined, '')],
    ['of another repository', 404, () => ask('GET', '/repos/acme/other/deployments')],
    ['with a description that is too long', 422, () => ask('POST', deployments, { ...deployment, description: 'x'.repeat(141) })],
    ['that waits for checks', 409, () => ask('POST', deployments, { ref: 'main', environment: 'staging', auto_merge: false })],
    ['that merges the default branch', 202, () => ask('POST', deployments, { ref: 'main', environment: 'staging', required_contexts: [] })],
    ['of a deployment that does not exist', 404, () => ask('POST', `${deployments}/1/statuses`, { state: 'success' })],
    ['with a comment that is too long', 422, () => ask('POST', '/repos/acme/app/issues/7/comments', { body: 'x'.repeat(65_537) })],
    ['of a comment that was deleted', 404, () => ask('PATCH', '/repos/acme/app/issues/comments/1', { body: 'x' })],
  ])('answers a request %s with %i', async (_, status, request) => {
    expect((await request()).status).toBe(status);
    expect(github.problems).toEqual([]);
  });

  it('answers a token by its permissions', async () => {
    github.permissions = { deployments: 'read', pull_requests: 'write' };
    const statuses = await Promise.all([ask('GET', deployments), ask('POST', deployments, deployment), ask('POST', '/repos/acme/app/issues/7/comments', { body: 'x' }), ask('POST', '/repos/acme/app/check-runs', { name: 'plan', head_sha: 'a' })]);
    expect(statuses.map(({ status }) => status)).toEqual([200, 403, 201, 403]);
    github.permissions = { checks: 'write', contents: 'read', deployments: 'write', issues: 'write', pull_requests: 'write', actions: 'read' };
  });

  it('deactivates as GitHub does, unless it is told not to', async () => {
    const made = async (more: object = {}): Promise<number> => ((await ask('POST', deployments, { ...deployment, ...more })).body as { id: number }).id;
    const [first, transient, production] = [await made(), await made({ transient_environment: true }), await made({ production_environment: true })];
    for (const id of [first, transient, production]) await ask('POST', `${deployments}/${id}/statuses`, { state: 'success', auto_inactive: false });
    await ask('POST', `${deployments}/${await made()}/statuses`, { state: 'success' });
    expect(github.state.states.slice(0, 4)).toEqual(['staging aaaaaaa success', 'staging aaaaaaa success', 'staging aaaaaaa success', 'staging aaaaaaa inactive']);
  });

  it('answers every route by the description', async () => {
    github.state.pulls.push({ number: 7, title: 'A change', headSha: 'b'.repeat(40), files: ['a.txt', '.github/deploy.yml'] });
    github.state.workflowRuns.push({ id: 1, status: 'completed', conclusion: 'success' });
    const { body: comment } = await ask('POST', '/repos/acme/app/issues/7/comments', { body: 'hello' });
    const { body: made } = await ask('POST', deployments, deployment);
    const { body: run } = await ask('POST', '/repos/acme/app/check-runs', { name: 'plan', head_sha: 'b'.repeat(40) });
    const ids = [comment, made, run].map(({ id }: { id: number }) => id);
    const answers = await Promise.all([
      ask('GET', deployments), ask('GET', `${deployments}/${ids[1]}`), ask('POST', `${deployments}/${ids[1]}/statuses`, { state: 'in_progress' }), ask('GET', '/repos/acme/app/issues/7/comments'),
      ask('GET', `/repos/acme/app/issues/comments/${ids[0]}`), ask('PATCH', `/repos/acme/app/issues/comments/${ids[0]}`, { body: 'again' }), ask('GET', '/repos/acme/app/pulls/7'), ask('GET', '/repos/acme/app/pulls/7/files'),
      ask('PATCH', `/repos/acme/app/check-runs/${ids[2]}`, { conclusion: 'success', output: { title: 'Plan', summary: 'Nothing changes.' } }), ask('GET', '/repos/acme/app/actions/workflows/backup.yml/runs?per_page=1'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 201, 200, 200, 200, 200, 200, 200, 200]);
    const { body: statuses } = await ask('GET', `${deployments}/${ids[1]}/statuses`);
    expect(statuses).toMatchObject([{ state: 'in_progress' }]);
    expect((await ask('DELETE', `/repos/acme/app/issues/comments/${ids[0]}`)).status).toBe(204);
    expect(github.problems).toEqual([]);
  });

  it('has lists of pages', async () => {
    for (let count = 0; count < 5; count += 1) github.state.commented(8, `comment ${count}`);
    const { body, link } = await ask('GET', '/repos/acme/app/issues/8/comments?per_page=2&page=2');
    expect(body).toMatchObject([{ body: 'comment 2' }, { body: 'comment 3' }]);
    expect(link).toBe(['prev', 'first', 'next', 'last'].map((rel, index) => `<${github.url}/repos/acme/app/issues/8/comments?per_page=2&page=${[1, 1, 3, 3][index]}>; rel="${rel}"`).join(', '));
  });
});
