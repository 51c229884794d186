import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createCheckRun } from '../../src/github/check-run.js';
import { writeComment, type Wanted } from '../../src/github/comment.js';
import { keyOf, markText } from '../../src/github/mark.js';
import { systemClock } from '../../src/host/clock.js';
import { createGitHub } from '../../src/host/github-client.js';
import type { GitHub } from '../../src/ports/github.js';
import { faults } from '../e2e/harness/github-api/faults.js';
import { GitHubServer } from '../e2e/harness/github-api/github.js';
import { httpTo } from '../e2e/harness/github-api/memory.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';

// The same as in comment.test.ts through the real client, with a server that refuses what GitHub's description does not allow.

const head = 'a'.repeat(40);
const { signal } = new AbortController();
const bot = 'github-actions[bot]';
const wanted = (words: string, at = 1000): Wanted => {
  const mark = { key: keyOf(['x']), head, at };
  return { owner: 'acme', repo: 'app', number: 7, mark, text: `${markText(mark)}\n${words}`, signal };
};

describe('the comment on GitHub', () => {
  let server: GitHubServer;
  let github: GitHub;
  const waits: number[] = [];
  const own = (): readonly string[] => server.state.comments.filter(({ user }) => user.login === bot).map(({ body }) => body.split('\n')[1] ?? '');
  beforeEach(async () => {
    server = new GitHubServer();
    server.state.pulls.push({ number: 7, title: 'x', headSha: head, files: [] });
    waits.length = 0;
    const clock = { ...systemClock, sleep: async (ms: number) => void waits.push(ms) };
    github = await createGitHub({ http: { ...fakePorts().http, ...httpTo(server) }, clock, log: fakePorts().log, env: {} }, 'ghs_secret');
  });
  afterEach(() => expect(server.problems).toEqual([]));

  it('is created, found after it was edited, and recreated after it was deleted', async () => {
    expect(await writeComment(github, wanted('one'))).toMatchObject({ state: 'created' });
    for (const comment of server.state.comments) comment.body = `I think:\n${comment.body}`;
    expect(await writeComment(github, wanted('two', 2000))).toMatchObject({ state: 'updated' });
    expect(own()).toEqual(['two']);
    server.state.comments.length = 0;
    expect(await writeComment(github, wanted('three', 3000))).toMatchObject({ state: 'created' });
  });
  it('is found behind more than 300 others', async () => {
    for (let index = 0; index < 330; index += 1) server.state.commented(7, `comment ${index}`);
    await writeComment(github, wanted('one'));
    expect(await writeComment(github, wanted('two', 2000))).toMatchObject({ state: 'updated' });
    expect(own()).toEqual(['two']);
  });
  it('is written again where it is deleted while it is updated', async () => {
    await writeComment(github, wanted('one'));
    server.plan.add({ fault: faults.notFound(), on: /^PATCH/, times: 1 });
    await writeComment(github, wanted('two', 2000));
    expect(own()).toEqual(['two']);
  });
  it.each([
    ['denied', faults.denied('pull_requests=write')], ['denied', faults.badCredentials()], ['invalid', faults.invalid('Validation Failed')], ['limited', faults.secondaryLimit(3600)], ['limited', faults.primaryLimit(3600)],
    ['unavailable', faults.unavailable()], ['unavailable', faults.html()],
  ] as const)('is an error where GitHub says that it is %s', async (trouble, fault) => {
    server.plan.add({ fault, on: /^POST .*\/comments$/ });
    const error = await writeComment(github, wanted('one')).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(fault.kind === 'answer' && typeof fault.answer.body === 'string' ? { name: 'JsonError' } : { name: 'GitHubError', trouble });
    expect(own()).toEqual([]);
  });
  it('waits for a rate limit that ends soon', async () => {
    server.plan.add({ fault: faults.secondaryLimit(7), on: /^POST/, times: 1 });
    expect(await writeComment(github, wanted('one'))).toMatchObject({ state: 'created' });
    expect([waits, own()]).toEqual([[7000], ['one']]);
  });
  it.each([faults.lost(), faults.unavailable()])('is there once after an answer that says nothing: %j', async (fault) => {
    server.plan.add({ fault, on: /^POST/, times: 1 });
    expect(await writeComment(github, wanted('one'))).toMatchObject({ state: 'created' });
    expect(own()).toEqual(['one']);
  });
  it('may have 60,000 characters, and the check run with it', async () => {
    await writeComment(github, wanted('x'.repeat(59_900)));
    const url = await createCheckRun(github, { owner: 'acme', repo: 'app', name: 'deploy-action: app', commit: head, conclusion: 'success', title: 'checked', summary: 'x'.repeat(60_000), runUrl: 'https://github.com/acme/app/actions/runs/1', signal });
    expect([own()[0]?.length, url, server.state.checkRuns.length]).toEqual([59_900, expect.stringMatching(/^https:/), 1]);
  });
});
