import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGitHub } from '../../src/host/github-client.js';
import { createHttp } from '../../src/host/http.js';
import { systemClock } from '../../src/host/clock.js';
import { createProcessRunner } from '../../src/host/process.js';
import { array, number, object } from 'valibot';
import { readGitHub, readPages, type GitHub, type GitHubRequest } from '../../src/ports/github.js';
import { faults } from '../e2e/harness/github-api/faults.js';
import { startGitHub, type RunningGitHub } from '../e2e/harness/github-api/server.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { compileSource } from './compile-source.js';

const at = { owner: 'acme', repo: 'app' };
const { signal } = new AbortController();
const list: GitHubRequest & { route: `GET ${string}` } = { route: 'GET /repos/{owner}/{repo}/deployments', parameters: { ...at, environment: 'production' }, signal };
const create: GitHubRequest = { route: 'POST /repos/{owner}/{repo}/deployments', parameters: { ...at, ref: 'a'.repeat(40), environment: 'production', auto_merge: false, required_contexts: [] }, signal };
const comments: GitHubRequest & { route: `GET ${string}` } = { route: 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments', parameters: { ...at, issue_number: 7 }, signal };

/** A clock on which waits are noted and end at once. */
const waits: number[] = [];
const clock = { ...systemClock, sleep: async (ms: number, ends?: AbortSignal) => { ends?.throwIfAborted(); waits.push(ms); } };

describe('the client of GitHub', () => {
  let server: RunningGitHub;
  let masked: string[];
  const open = (env: Readonly<Record<string, string>> = {}, time = clock): Promise<GitHub> => {
    const { log } = fakePorts();
    const all = { GITHUB_API_URL: server.url, ...env };
    return createGitHub({ http: createHttp(all), clock: time, env: all, log: { ...log, mask: (secret) => void masked.push(secret) } }, 'ghs_secret');
  };
  beforeEach(async () => {
    server = await startGitHub();
    masked = [];
    waits.length = 0;
  });
  afterEach(async () => {
    await server.close();
    expect(server.problems).toEqual([]);
  });

  it('sends a request with its token, which is masked, and gives the body', async () => {
    const github = await open();
    expect(await github.send(create)).toMatchObject({ sha: 'a'.repeat(40), environment: 'production', task: 'deploy' });
    expect(await readGitHub(github, list, array(object({ id: number() })))).toEqual([{ id: expect.any(Number) }]);
    expect(server.calls).toEqual(['POST /repos/acme/app/deployments', 'GET /repos/acme/app/deployments']);
    expect([masked, server.seen.map(({ token }) => token)]).toEqual([['ghs_secret'], ['ghs_secret', 'ghs_secret']]);
  });

  it('gives nothing where GitHub sends nothing', async () => {
    const { id } = server.state.commented(7, 'old');
    const github = await open();
    expect(await github.send({ route: 'DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}', parameters: { ...at, comment_id: id }, signal })).toBeUndefined();
    expect(server.state.comments).toEqual([]);
  });

  it('reads lists page by page, and no page that nobody reads', async () => {
    for (let count = 0; count < 301; count += 1) server.state.commented(7, `comment ${count}`);
    const github = await open();
    const pages: number[] = [];
    for await (const page of readPages(github, comments, array(object({ id: number() })))) pages.push(page.length);
    expect(pages).toEqual([100, 100, 100, 1]);
    for await (const page of readPages(github, comments, array(object({ id: number() })), 2)) pages.push(page.length);
    expect([pages.slice(4), server.calls.length]).toEqual([[100, 100], 6]);
  });

  it('sends the token to no other server that a link names', async () => {
    const foreign = await startGitHub();
    server.plan.add({ fault: { kind: 'answer', answer: { status: 200, body: [], headers: { link: `<${foreign.url}/repos/acme/app/deployments?page=2>; rel="next"` } } }, times: 1 });
    const github = await open();
    for await (const page of github.pages(list)) expect(page).toEqual([]);
    expect([server.calls.length, foreign.calls]).toEqual([2, []]);
    await foreign.close();
  });

  it('says of an answer with another shape what is wrong with it', async () => {
    server.plan.add({ fault: faults.html() });
    await expect(readGitHub(await open(), list, array(object({ id: number() })))).rejects.toThrow('The answer of GitHub to GET /repos/{owner}/{repo}/deployments must be a list, not "<!DOCTYPE html>');
  });

  it.each([
    ['a token that is not allowed to', faults.denied(), { trouble: 'denied', status: 403, reason: 'Resource not accessible by integration', needs: 'deployments=write' },
      /^GitHub returned 403 to POST \/repos\/acme\/app\/deployments: Resource not accessible by integration \(request TEST:\d+\)$/],
    ['a token that is not valid', faults.badCredentials(), { trouble: 'denied', status: 401, reason: 'Bad credentials' }, /401.*Bad credentials/],
    ['a classic token without the scope', faults.lacksScope('gist, read:org', 'repo, repo_deployment'), { trouble: 'denied', status: 404, needs: 'repo, repo_deployment' }, /404/],
    ['a classic token with the scope', faults.lacksScope('gist, repo', 'repo, repo_deployment'), { trouble: 'missing', status: 404 }, /404/],
    ['nothing there', faults.notFound(), { trouble: 'missing', status: 404, reason: 'Not Found' }, /404.*Not Found/],
    ['what it cannot do', faults.invalid('Validation Failed', [{ resource: 'Deployment', field: 'ref', code: 'missing' }, 'and that']), { trouble: 'invalid', status: 422, reason: 'Validation Failed: ref missing, and that' }, /422/],
    ['an error of its own', faults.unavailable(503), { trouble: 'unavailable', status: 503 }, /503/],
    ['a page of a gateway', faults.html(502), { trouble: 'unavailable', status: 502, reason: '' }, /^GitHub returned 502 to POST \/repos\/acme\/app\/deployments \(request TEST:\d+\)$/],
    ['a closed connection', faults.reset(), { trouble: 'unavailable' }, /^GitHub did not answer POST \/repos\/acme\/app\/deployments: 127\.0\.0\.1:\d+ closed the connection before it answered$/],
  ])('explains %s, and does not send again what is not repeatable', async (_, fault, facts, message) => {
    server.plan.add({ fault });
    const error = await (await open()).send(create).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'GitHubError', message: expect.stringMatching(message), ...facts });
    expect(server.calls).toEqual(['POST /repos/acme/app/deployments']);
  });

  it('keeps what GitHub says to one line of plain text', async () => {
    server.plan.add({ fault: faults.invalid(`a\nb\u001b[31m ::error::c ${'x'.repeat(1000)}`) });
    const error = await (await open()).send(create).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ reason: expect.stringMatching(/^a b ::error::c x+…$/) });
  });

  it.each<[string, GitHubRequest]>([['what is read', list], ['what may be repeated', { ...create, repeatable: true }]])('sends %s again after errors that pass', async (_, request) => {
    server.plan.add({ fault: faults.unavailable(), times: 1 }, { fault: faults.reset(), times: 1 });
    await (await open()).send(request);
    expect(server.calls.length).toBe(3);
  });

  it.each([['a third error', faults.unavailable(), 3], ['an answer that stays the same', faults.invalid('no'), 1]])('gives up after %s', async (_, fault, count) => {
    server.plan.add({ fault });
    await expect((await open()).send(list)).rejects.toThrow('GitHub returned');
    expect(server.calls.length).toBe(count);
  });

  it.each([
    ['a secondary limit', faults.secondaryLimit(2), [2000]], ['a secondary limit with 429', faults.secondaryLimit(2, 429), [2000]],
    ['a secondary limit without a time', faults.secondaryLimit(undefined), [60_000]], ['a primary limit', faults.primaryLimit(5), [expect.any(Number)]],
  ])('waits for %s once, also with what is not repeatable', async (_, fault, expected) => {
    server.plan.add({ fault, times: 1 });
    await (await open()).send(create);
    expect([waits, server.calls.length]).toEqual([expected, 2]);
  });

  it.each([['that comes again', 2, 2, [2000]], ['that lasts too long', 61, 1, []]])('says when a limit ends %s', async (_, seconds, count, expected) => {
    server.plan.add({ fault: faults.secondaryLimit(seconds) });
    const error = await (await open()).send(create).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ trouble: 'limited', status: 403, retryAt: expect.any(Number) });
    expect(Math.abs((error as { retryAt: number }).retryAt - Date.now() - seconds * 1000)).toBeLessThan(30_000);
    expect([waits, server.calls.length]).toEqual([expected, count]);
  });

  it('takes no longer than its signal: with a request that hangs, and in a wait', async () => {
    const reason = new Error('time is up');
    const after = (ms: number): AbortSignal => {
      const over = new AbortController();
      setTimeout(() => over.abort(reason), ms);
      return over.signal;
    };
    server.plan.add({ fault: faults.hang(), times: 1 }, { fault: faults.secondaryLimit(50) });
    const github = await open({}, systemClock);
    await expect(github.send({ ...list, signal: after(500) })).rejects.toBe(reason);
    await expect(github.send({ ...create, signal: after(500) })).rejects.toBe(reason);
    const before = server.calls.length;
    await expect(github.send({ ...create, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    // Fewer only where the machine is too busy to send a request in time.
    expect([before <= 2, server.calls.length]).toEqual([true, before]);
  });

  it('does not space what it writes', async () => {
    const github = await open();
    const from = performance.now();
    for (const body of ['a', 'b', 'c']) await github.send({ route: 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments', parameters: { ...at, issue_number: 7, body }, signal });
    expect(server.state.comments.length).toBe(3);
    // With the limits of the plugin, 6 s.
    expect(performance.now() - from).toBeLessThan(5000);
  });

  it('reaches a server of GitHub Enterprise', async () => {
    const enterprise = await startGitHub({ base: '/api/v3' });
    const github = await open({ GITHUB_API_URL: enterprise.url });
    await github.send(create);
    for (let count = 0; count < 150; count += 1) enterprise.state.commented(7, 'a');
    for await (const page of github.pages(comments)) expect(page).toHaveProperty('length');
    expect([enterprise.calls.length, enterprise.problems, server.calls]).toEqual([3, [], []]);
    enterprise.plan.add({ fault: faults.notFound() });
    await expect(github.send(list)).rejects.toThrow('GitHub returned 404 to GET /repos/acme/app/deployments: Not Found');
    await enterprise.close();
  });

  it('goes through the proxy of the environment, unless NO_PROXY says otherwise', async () => {
    const asked: string[] = [];
    const proxy = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.writeHead(200, { 'content-type': 'application/json' }).end('[]');
    });
    await new Promise<void>((resolve) => { proxy.listen(0, '127.0.0.1', () => resolve()); });
    const HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const GITHUB_API_URL = 'http://github.invalid/api/v3';
    await (await open({ GITHUB_API_URL, HTTP_PROXY })).send(list);
    expect(asked).toEqual(['GET http://github.invalid/api/v3/repos/acme/app/deployments?environment=production']);
    await expect((await open({ GITHUB_API_URL, HTTP_PROXY, NO_PROXY: '.invalid' })).send({ ...create, repeatable: false })).rejects.toThrow(/github\.invalid (does not exist|could not be looked up)/);
    proxy.closeAllConnections();
    proxy.close();
  });
});

describe('the client of GitHub, in a process of its own', () => {
  it('speaks TLS through the tunnel of a proxy, and leaves nothing that keeps the process alive', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'github-client-'));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=github.example',
      '-addext', 'subjectAltName=DNS:github.example', '-keyout', join(folder, 'key'), '-out', join(folder, 'cert')], { stdio: 'ignore' });
    const server = await startGitHub({ base: '/api/v3', tls: { key: readFileSync(join(folder, 'key'), 'utf8'), cert: readFileSync(join(folder, 'cert'), 'utf8') } });
    const tunnels: string[] = [];
    const proxy = createServer().on('connect', (request, socket) => {
      tunnels.push(request.url ?? '');
      const up = connect(server.port, '127.0.0.1', () => { socket.write('HTTP/1.1 200 OK\r\n\r\n'); up.pipe(socket).pipe(up); });
      for (const each of [up, socket]) each.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => { proxy.listen(0, '127.0.0.1', () => resolve()); });
    server.plan.add({ fault: faults.secondaryLimit(50), on: /^GET/ });
    const compiled = await compileSource();
    symlinkSync(join(process.cwd(), 'node_modules'), join(compiled, 'node_modules'));
    try {
      const script = `const { createGitHub } = await import(process.argv[1] + '/host/github-client.js');
        const { createHttp } = await import(process.argv[1] + '/host/http.js');
        const { systemClock } = await import(process.argv[1] + '/host/clock.js');
        const github = await createGitHub({ http: createHttp(process.env), clock: systemClock, env: process.env, log: { mask() {} } }, 'ghs_secret');
        const parameters = { owner: 'acme', repo: 'app' };
        const made = await github.send({ route: 'POST /repos/{owner}/{repo}/deployments', signal: new AbortController().signal,
          parameters: { ...parameters, ref: 'abc', environment: 'e', auto_merge: false, required_contexts: [] } });
        console.log(made.ref);
        await github.send({ route: 'GET /repos/{owner}/{repo}/deployments', parameters, signal: AbortSignal.timeout(500) }).catch((error) => console.log(error.name));`;
      const from = performance.now();
      const { code, stdout, stderr } = await createProcessRunner().run({
        program: process.execPath, args: ['--input-type=module', '-e', script, compiled],
        env: { NODE_EXTRA_CA_CERTS: join(folder, 'cert'), NODE_OPTIONS: '', HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, NO_PROXY: undefined, no_proxy: undefined, GITHUB_API_URL: 'https://github.example/api/v3' },
      });
      expect([code, stdout, stderr]).toEqual([0, 'abc\nTimeoutError\n', '']);
      // The wait for the limit would be 50 s.
      expect(performance.now() - from).toBeLessThan(40_000);
      expect([tunnels, server.problems]).toEqual([['github.example:443', 'github.example:443'], []]);
    } finally {
      rmSync(compiled, { recursive: true });
      rmSync(folder, { recursive: true });
      proxy.closeAllConnections();
      proxy.close();
      await server.close();
    }
  });
});
