import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ApiError, type Api, type RawAnswer } from '../../src/cluster/api.js';
import type { Pod, Service } from '../../src/cluster/objects.js';
import type { SmokeCheck } from '../../src/config/config.js';
import type { HttpAnswer } from '../../src/ports/http.js';
import { assess, readAnswer, type Answer, type Rules } from '../../src/rollout/smoke/assess.js';
import { heldChecks } from '../../src/rollout/smoke/held.js';
import { routesOf } from '../../src/rollout/smoke/route.js';
import { smoke, smokePods, type SmokeTarget } from '../../src/rollout/smoke/smoke.js';
import { fakePorts } from '../cluster/fake-ports.js';
import { pod, service, waiting } from './build.js';
import { fakeCluster } from './fake-cluster.js';

const check = (changes: Partial<SmokeCheck> = {}): SmokeCheck =>
  ({ text: 'service/api/healthz', target: { type: 'service', name: 'api', path: '/healthz' }, statuses: [200], ...changes });
const url = check({ text: 'https://api.example/', target: { type: 'url', url: 'https://api.example/' } });
const status = (message: string) => JSON.stringify({ kind: 'Status', status: 'Failure', message });
const notFound = (kind: string) => JSON.stringify({ kind: 'Status', reason: 'NotFound', message: `${kind} "a" not found`, details: { name: 'a', kind } });

describe('an answer', () => {
  it.each([
    ['the status that is wanted', check(), 200, 'x', { kind: 'right' }],
    ['one of several', check({ statuses: [200, 204] }), 204, '', { kind: 'right' }],
    ['another status', check(), 500, 'boom\n at line 3', { kind: 'wrong', seen: 'status 500 instead of 200: boom at line 3' }],
    ['another status than several', check({ statuses: [200, 204] }), 301, ' ', { kind: 'wrong', seen: 'status 301 instead of 200 or 204, with an empty body' }],
    ['the text', check({ contains: 'v2' }), 200, 'hello v2', { kind: 'right' }],
    ['without the text', check({ contains: 'v2' }), 200, 'hello v1', { kind: 'wrong', seen: 'status 200 without "v2": hello v1' }],
    ['the API server that reaches nobody', check(), 503, status('no endpoints available for service "api"'), { kind: 'silent', seen: 'no endpoints available for service "api"' }],
    ['the API server that reaches nobody, even when 503 is wanted', check({ statuses: [503] }), 503, status('dial tcp: refused'), { kind: 'silent', seen: 'dial tcp: refused' }],
    ['a 503 of the app itself', check(), 503, 'overloaded', { kind: 'wrong', seen: 'status 503 instead of 200: overloaded' }],
    ['a 503 of the app itself in JSON', check(), 503, 'null', { kind: 'wrong', seen: 'status 503 instead of 200: null' }],
    ['the API server, of a pod without an address', check(), 400, status('address not allowed'), { kind: 'silent', seen: 'the pod has no address' }],
    ['the API server, of a pod that is gone', check(), 404, notFound('pods'), { kind: 'silent', seen: 'pods "a" not found' }],
    ['the API server, of a Service that is gone', check(), 404, notFound('services'), { kind: 'wrong', seen: expect.stringContaining('not found') }],
    ['a 404 of the app itself', check(), 404, 'not found', { kind: 'wrong', seen: 'status 404 instead of 200: not found' }],
    ['a Status 404 that the app made', check(), 404, status('pods "a" not found'), { kind: 'wrong', seen: expect.stringContaining('status 404') }],
    ['a 400 of the app itself', check(), 400, status('address missing'), { kind: 'wrong', seen: expect.stringContaining('status 400') }],
    ['a Status that the app made', check(), 500, status('mine'), { kind: 'wrong', seen: expect.stringContaining('status 500') }],
  ] as const)('%s', (_what, asked, code, body, answer) => expect(readAnswer(asked, code, body)).toEqual(answer));

  it('is quoted as one short line', () => {
    expect(readAnswer(check(), 500, 'x\n'.repeat(10_000))).toEqual({ kind: 'wrong', seen: `status 500 instead of 200: ${'x '.repeat(80)}` });
  });
});

describe('answers in a row', () => {
  const rules: Rules = { needed: 3, wrong: 3, graceMs: 1000, limitMs: 10_000 };
  const answers = (letters: string): Answer[] => [...letters].map((letter) =>
    letter === 'r' ? { kind: 'right' } : letter === 'w' ? { kind: 'wrong', seen: 'wrong' } : { kind: 'silent', seen: 'silence' });
  const assessed = (letters: string, elapsedMs = 5000) => assess(answers(letters), elapsedMs, rules);

  it.each([
    ['rrr', { state: 'passed' }],
    ['wwwrrr', { state: 'passed' }],
    ['rr', { state: 'ask', inMs: 100 }],
    ['rrwrr', { state: 'ask', inMs: 100 }],
    ['', { state: 'ask', inMs: 300 }],
    ['ww', { state: 'ask', inMs: 300 }],
    ['www', { state: 'failed', seen: 'wrong' }],
    ['wwsww', { state: 'ask', inMs: 300 }],
    ['ssssss', { state: 'ask', inMs: 300 }],
  ])('%s', (letters, assessment) => expect(assessed(letters)).toEqual(assessment));

  it('that are wrong count only after the grace', () => {
    expect(assessed('wwwww', 999)).toEqual({ state: 'ask', inMs: 300 });
    expect(assessed('wwwww', 1000)).toEqual({ state: 'failed', seen: 'wrong' });
  });
  it('that prove nothing have failed after the limit', () => {
    expect(assessed('ssss', 9999)).toEqual({ state: 'ask', inMs: 300 });
    expect(assessed('ssss', 10_000)).toEqual({ state: 'failed', seen: 'silence' });
    expect(assessed('rwrwrr', 10_000)).toEqual({ state: 'failed', seen: 'right and wrong answers in turn' });
    expect(assessed('', 10_000)).toEqual({ state: 'failed', seen: 'right and wrong answers in turn' });
  });
  it('pass exactly when the last ones were right', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('r', 'w', 's'), maxLength: 12 }), fc.nat(20_000), (letters, elapsedMs) => {
      expect(assessed(letters, elapsedMs).state === 'passed').toBe(letters.endsWith('rrr'));
    }));
  });
});

describe('the way of a check', () => {
  const two: Service = service('api', { ports: [{ name: 'http', port: 80, targetPort: 'web' }, { name: 'admin', port: 9000, targetPort: 9001 }, { name: 'dns', port: 53, protocol: 'UDP' }] });
  const pods: Pod[] = [pod('a', { containers: [{ name: 'app', ports: [{ name: 'web', containerPort: 8080 }] }] })];
  const at = (port: string | undefined, path = '/healthz') => routesOf(check({ target: { type: 'service', name: 'api', port, path } }), 'web', two, pods);

  it.each([
    [undefined, 'http', 8080], ['http', 'http', 8080], ['80', 'http', 8080], ['admin', 'admin', 9001], ['9000', 'admin', 9001],
  ])('with the port %s goes to each pod by itself, and through the Service', (port, name, podPort) => {
    expect(at(port)).toEqual({
      pods: [{ through: 'pod/a', kind: 'pod', address: `/api/v1/namespaces/web/pods/a:${podPort}/proxy/healthz` }],
      front: { through: 'service/api', kind: 'service', address: `/api/v1/namespaces/web/services/api:${name}/proxy/healthz` },
    });
  });
  it('names a port by its number when it has no name', () => {
    expect(routesOf(check(), 'web', service('api'), [])).toMatchObject({ front: { address: '/api/v1/namespaces/web/services/api:80/proxy/healthz' } });
  });
  it('goes to the port of the Service when no other is said', () => {
    expect(routesOf(check(), 'web', service('api', { ports: [{ port: 80 }] }), [pod('a')])).toMatchObject({ pods: [{ address: '/api/v1/namespaces/web/pods/a:80/proxy/healthz' }] });
  });
  it('to a port that the pods do not name is only that of the Service', () => {
    expect(routesOf(check(), 'web', two, [pod('a')])).toMatchObject({ pods: [], front: { kind: 'service' } });
  });
  it('of an address is the address', () => {
    expect(routesOf(url, 'web', undefined, [])).toEqual({ pods: [], front: { through: 'https://api.example/', kind: 'url', address: 'https://api.example/' } });
  });
  it.each([
    [routesOf(check(), 'web', undefined, []), 'there is no Service api in namespace web'],
    [at('8443'), 'Service api has no port 8443; it has http, admin'],
    [at('dns'), 'Service api has no port dns; it has http, admin'],
    [routesOf(check(), 'web', service('api', { ports: [] }), []), 'Service api has no port at all; it has none'],
  ])('that leads nowhere says so: %#', (routes, problem) => expect(routes).toEqual({ problem }));
});

/** Answers by address: each call takes the next of its list, and the last one for ever. */
function answering(table: Readonly<Record<string, readonly (number | Error)[]>>): Api['raw'] {
  const counts = new Map<string, number>();
  return async (path) => {
    const [key, list] = Object.entries(table).find(([part]) => path.includes(part)) ?? ['', []];
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    const answer = list[Math.min(count, list.length - 1)] ?? 404;
    if (answer instanceof Error) throw answer;
    return { status: answer, headers: {}, body: `answer ${answer}` };
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const target = (table: Parameters<typeof answering>[0], pods: readonly Pod[] = [pod('a'), pod('b')], services: readonly Service[] = [service('api')]): SmokeTarget =>
  ({ api: fakeCluster({ raw: answering(table) }).api, namespace: 'web', services, podsBehind: () => pods, isServed: () => false, news: turn });
const outcome = (asking: Promise<void>) => asking.then(() => 'passed', (error: { code?: string; message?: string }) => [error.code, error.message]);
const away = new Error('connect ECONNREFUSED');

describe('a smoke check', () => {
  const run = (table: Parameters<typeof answering>[0], pods?: readonly Pod[], services?: readonly Service[]) => {
    const ports = fakePorts();
    return { ports, end: outcome(smoke(ports, target(table, pods, services), [check()], undefined)) };
  };

  it('passes when every new pod and the Service answer rightly', async () => {
    const { ports, end } = run({ 'pods/': [200], 'services/': [200] });
    expect([await end, ports.lines]).toEqual(['passed', ['progress smoke service/api/healthz ok · 2 pods and service/api']]);
  });
  it('passes when they do after a while', async () => {
    expect(await run({ 'pods/a': [away, away, 500, 200], 'pods/b': [200], 'services/': [503, 503, 200] }).end).toBe('passed');
  });
  it('fails when one new pod answers wrongly', async () => {
    expect(await run({ 'pods/a': [200], 'pods/b': [500], 'services/': [200] }).end).toEqual(
      ['smoke-failed', 'Smoke check `service/api/healthz` failed: pod/b gave status 500 instead of 200: answer 500.']);
  });
  it('fails when one new pod does not answer', async () => {
    expect(await run({ 'pods/a': [200], 'pods/b': [away], 'services/': [200] }).end).toEqual(
      ['smoke-failed', 'Smoke check `service/api/healthz` failed: pod/b gave no answer (connect ECONNREFUSED).']);
  });
  it('tells that the Service does not lead to the new version when the pods are right', async () => {
    expect(await run({ 'pods/': [200], 'services/': [404] }).end).toEqual(
      ['wrong-version-serving', 'Smoke check `service/api/healthz`: every new pod answers rightly, and service/api gave status 404 instead of 200: answer 404.']);
  });
  it('fails when nothing stands behind the Service that could be asked by itself', async () => {
    expect(await run({ 'services/': [500] }, []).end).toEqual(
      ['smoke-failed', 'Smoke check `service/api/healthz` failed: service/api gave status 500 instead of 200: answer 500.']);
  });
  it('fails when there is no such Service', async () => {
    expect(await run({}, [], []).end).toEqual(['smoke-failed', 'Smoke check `service/api/healthz` cannot be asked: there is no Service api in namespace web.']);
  });
  it('ends when the run is cancelled', async () => {
    const stop = new AbortController();
    const api = fakeCluster({ raw: () => (stop.abort(new Error('stopped')), Promise.reject(away)) }).api;
    await expect(smoke(fakePorts(), { ...target({}), api }, [check()], stop.signal)).rejects.toThrow('stopped');
  });
});

describe('pods that come and go while they are asked', () => {
  const starting = (name: string): Pod => pod(name, { statuses: [waiting('ContainerCreating')] });
  /** `pods` gives those behind the Service by how many requests there were, and how often news were waited for. */
  const run = (table: Parameters<typeof answering>[0], pods: (count: number, looks: number) => readonly Pod[]) => {
    let looks = 0;
    const asked: string[] = [];
    const answer = answering(table);
    const raw: Api['raw'] = (path, options) => (asked.push(/pods\/([^:]+)/.exec(path)?.[1] ?? 'service'), answer(path, options));
    const behind = { podsBehind: () => pods(asked.length, looks), isServed: () => true, news: () => (looks += 1, turn()) };
    const reached = { ...target({}), ...behind, api: fakeCluster({ raw }).api };
    return outcome(smoke(fakePorts(), reached, [check()], undefined)).then((end) => ({ end, asked: new Set(asked) }));
  };

  it('are not asked before they are ready: an autoscaler has just added them', async () => {
    const { end, asked } = await run({ 'pods/a': [200], 'pods/b': [400], 'services/': [200] }, () => [pod('a'), starting('b')]);
    expect([end, [...asked]]).toEqual(['passed', ['a', 'service']]);
  });
  it('are not missed when they were scaled away', async () => {
    expect((await run({ 'pods/a': [200], 'pods/b': [404], 'services/': [200] }, (count) => (count < 4 ? [pod('a'), pod('b')] : [pod('a')]))).end).toBe('passed');
  });
  it('are asked in the place of those that have left', async () => {
    const { end, asked } = await run({ 'pods/a': [404], 'pods/b': [500], 'services/': [200] }, (count) => (count < 2 ? [pod('a')] : [pod('b')]));
    expect([end, [...asked]]).toEqual([['smoke-failed', expect.stringContaining('pod/b gave status 500')], ['a', 'b']]);
  });
  it('are waited for when the only one has to make place, and its successor takes its time', async () => {
    const { end, asked } = await run({ 'pods/a': [404], 'pods/b': [200], 'services/': [200] }, (count, looks) => (count < 2 ? [pod('a')] : looks < 100 ? [starting('b')] : [pod('b')]));
    expect([end, [...asked]]).toEqual(['passed', ['a', 'b', 'service']]);
  });
  it('are never passed over in the moment when the one has left and the next was not seen yet', async () => {
    const { end, asked } = await run({ 'pods/b': [500], 'services/': [200] }, (_count, looks) => (looks < 3 ? [] : [pod('b')]));
    expect([end, [...asked]]).toEqual([['smoke-failed', expect.stringContaining('pod/b gave status 500')], ['b']]);
  });
});

describe('an API server that is away while it is asked through', () => {
  /** Away, in the words of what stands before it, until that time. */
  const run = (untilMs: number, words: () => Promise<RawAnswer> = async () => ({ status: 500, headers: {}, body: 'dial tcp 10.0.0.1:6443: connect: connection refused' })) => {
    const ports = fakePorts();
    const isAway = () => ports.clock.monotonic() < untilMs;
    const { api } = fakeCluster();
    const asked: Api = {
      ...api,
      raw: async () => (isAway() ? words() : { status: 200, headers: {}, body: '' }),
      get: async () => { throw isAway() ? new ApiError(500, '', 'connection refused') : new ApiError(404, 'NotFound', 'not found'); },
    };
    return outcome(smoke(ports, { ...target({}), api: asked }, [check()], undefined));
  };

  it('says nothing of the app, for as long as it is waited for in any change', async () => {
    expect(await run(9000)).toBe('passed');
    expect(await run(30_000)).toBe('passed');
  });
  it('is an API server that cannot be reached when it stays away', async () => {
    expect(await run(90_000)).toEqual([undefined, 'connection refused']);
  });
  /** As the API server words its own trouble, with this status. */
  const said = (code: number, message: string, more: object = {}) => async () =>
    ({ status: code, headers: {}, body: JSON.stringify({ kind: 'Status', status: 'Failure', message, code, ...more }) });
  it.each([
    ['whose store changes its leader', said(500, 'rpc error: code = Unavailable desc = etcdserver: leader changed')],
    ['whose store does not answer', said(504, 'etcdserver: request timed out')],
    ['that has read no roles yet', said(403, 'pods "a:8080" is forbidden', { reason: 'Forbidden', details: { name: 'a:8080', kind: 'pods' } })],
    ['that knows no accounts yet', said(401, 'Unauthorized')],
    ['whose store is overloaded', said(429, 'etcdserver: too many requests')],
    ['that shuts down', async () => ({ status: 429, headers: {}, body: 'The apiserver is shutting down, please try again later.\n' })],
  ])('may be one %s', async (_what, words) => expect(await run(9000, words)).toBe('passed'));
  it('is told from an app that speaks in the same form', async () => {
    const app = said(403, 'forbidden: User "system:anonymous" cannot get path "/"', { reason: 'Forbidden', details: {} });
    expect(await outcome(smoke(fakePorts(), { ...target({}), api: fakeCluster({ raw: app }).api }, [check()], undefined))).toEqual(['smoke-failed', expect.stringContaining('403')]);
  });
  it('may be overloaded as well', async () => {
    expect(await run(9000, async () => ({ status: 429, headers: {}, body: 'Too many requests, please try again later.\n' }))).toBe('passed');
  });
  it('may be a load balancer that answers everything with a page of its own', async () => {
    const ports = fakePorts();
    const page = { status: 200, headers: {}, body: '<html>back soon</html>' };
    const isAway = () => ports.clock.monotonic() < 20_000;
    const asked: Api = {
      ...fakeCluster().api,
      raw: async () => (isAway() ? page : { ...page, status: 500 }),
      get: async () => { throw isAway() ? new ApiError(502, 'NotJson', 'back soon') : new ApiError(404, 'NotFound', 'not found'); },
    };
    expect(await outcome(smoke(ports, { ...target({}), api: asked }, [check()], undefined))).toEqual(['smoke-failed', expect.stringContaining('500')]);
  });
  it('is told from an app that is overloaded', async () => {
    expect(await run(0)).toBe('passed');
    expect(await outcome(smoke(fakePorts(), target({ 'pods/': [429] }), [check()], undefined))).toEqual(['smoke-failed', expect.stringContaining('429')]);
  });
});

describe('several checks', () => {
  it('are all asked, and all failures are told; a wrong answer counts for more than a wrong way', async () => {
    const other = check({ text: 'service/api/ready', target: { type: 'service', name: 'api', path: '/ready' } });
    const table = { 'pods/a:8080/proxy/ready': [500], 'pods/': [200], 'services/': [500] };
    expect(await outcome(smoke(fakePorts(), target(table, [pod('a')]), [check(), other], undefined))).toEqual(['smoke-failed', [
      'Smoke check `service/api/healthz`: every new pod answers rightly, and service/api gave status 500 instead of 200: answer 500.',
      'Smoke check `service/api/ready` failed: pod/a gave status 500 instead of 200: answer 500.',
    ].join(' ')]);
  });
  it('of which only the pods are asked leave out the Service and addresses', async () => {
    expect(await outcome(smokePods(fakePorts(), target({ 'pods/': [200], 'services/': [500] }), [check(), url], undefined))).toBe('passed');
    expect(await outcome(smokePods(fakePorts(), target({ 'pods/a': [200], 'pods/b': [500] }), [check(), url], undefined))).toEqual(
      ['smoke-failed', expect.stringContaining('pod/b')]);
  });
});

describe('an address beyond the cluster', () => {
  const asking = (answers: readonly (number | Error)[]) => {
    let count = 0;
    const get = async (): Promise<HttpAnswer> => {
      const answer = answers[Math.min(count, answers.length - 1)] ?? 404;
      count += 1;
      if (answer instanceof Error) throw answer;
      return { status: answer, headers: {}, body: '' };
    };
    return outcome(smoke(fakePorts({ http: { get } }), target({}), [url], undefined)).then((end) => ({ end, count }));
  };
  it('passes after three right answers', async () => expect(await asking([200])).toEqual({ end: 'passed', count: 3 }));
  it('is given ten seconds for its caches', async () => {
    const { end, count } = await asking([500]);
    expect(end).toEqual(['smoke-failed', 'Smoke check `https://api.example/` failed: https://api.example/ gave status 500 instead of 200, with an empty body.']);
    expect(count).toBeGreaterThan(30);
  });
  it('is given twenty seconds to answer at all', async () => {
    expect((await asking([away])).end).toEqual(['smoke-failed', 'Smoke check `https://api.example/` failed: https://api.example/ gave no answer (connect ECONNREFUSED).']);
  });
});

it('before a change it is noted which checks hold', async () => {
  const cluster = fakeCluster({ raw: answering({ 'services/api': [200], 'services/web': [500] }) });
  const checks = ['api', 'web', 'none'].map((name) => check({ text: name, target: { type: 'service', name, path: '/' } }));
  expect(await heldChecks(fakePorts(), cluster, [service('api'), service('web')], checks)).toEqual(new Set(['api']));
});
