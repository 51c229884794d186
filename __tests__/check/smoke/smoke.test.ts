import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ApiError, type Api, type RawAnswer } from '../../../src/kubernetes/client/api.js';
import type { Pod, Service } from '../../../src/kubernetes/client/objects.js';
import type { SmokeCheck } from '../../../src/config/config.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../../../src/ports/http.js';
import { assess, readAnswer, type Answer, type Rules } from '../../../src/check/smoke/assess.js';
import { readBody } from '../../../src/check/smoke/body.js';
import { checksBefore, type FailedBefore } from '../../../src/check/smoke/before.js';
import { routesOf } from '../../../src/check/smoke/route.js';
import { smoke, smokePods, type SmokeTarget } from '../../../src/check/smoke/smoke.js';
import { fakePorts } from '../../kubernetes/client/fake-ports.js';
import { pod, service, waiting } from '../../kubernetes/judge/build.js';
import { fakeCluster, response } from '../../target/set-image/fake-cluster.js';

const check = (changes: Partial<SmokeCheck> = {}): SmokeCheck =>
  ({ text: 'service/api/healthz', target: { type: 'service', name: 'api', path: '/healthz' }, statuses: [200], ...changes });
const url = check({ text: 'https://api.example/', target: { type: 'url', url: 'https://api.example/' } });
const status = (message: string) => JSON.stringify({ kind: 'Status', status: 'Failure', message });
const notFound = (kind: string) => JSON.stringify({ kind: 'Status', reason: 'NotFound', message: `${kind} "a" not found`, details: { name: 'a', kind } });

describe('an answer', () => {
  const read = async (asked: SmokeCheck, code: number, body: string, headers: Readonly<Record<string, string>> = {}) =>
    readAnswer(asked, { status: code, headers, body: await readBody(response(code, body, headers), { text: asked.contains }) });
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
    ['a Status of another form', check(), 500, '{"kind":"Status","code":500,"message":{"text":"mine"}}', { kind: 'wrong', seen: expect.stringContaining('status 500') }],
    ['a Status that the app made', check(), 500, status('mine'), { kind: 'wrong', seen: expect.stringContaining('status 500') }],
  ] as const)('%s', async (_what, asked, code, body, answer) => expect(await read(asked, code, body)).toMatchObject(answer));

  it('is quoted as one short line', async () => {
    expect(await read(check(), 500, 'x\n'.repeat(10_000))).toMatchObject({ kind: 'wrong', seen: `status 500 instead of 200: ${'x '.repeat(80)}` });
  });

  it('that is a redirect says where to, without what may be a token', async () => {
    expect(await read(check(), 302, '', { location: 'https://login.example/start?token=hunter22' })).toMatchObject(
      { seen: 'status 302 instead of 200, a redirect to https://login.example/start (redirects are not followed), with an empty body' });
  });
  it('names what stood between', async () => {
    const body = await readBody(response(503, 'no route'), { text: undefined });
    expect(readAnswer(check(), { status: 503, headers: {}, body, through: 'through the proxy proxy.example:3128' })).toMatchObject(
      { seen: 'status 503 instead of 200: no route (through the proxy proxy.example:3128)' });
  });
  it.each([
    [{ beginning: 'x', found: false, whole: false }, 'status 200 without "v2" in the first 16 MiB of its body (the rest is not searched): x'],
    [{ beginning: 'x', found: false, whole: false, unreadable: 'it is sealed' }, 'status 200 with a body that could not be searched for "v2": it is sealed: x'],
  ])('that was not read to its end is not called wrong for it: %#', (body, seen) => {
    expect(readAnswer(check({ contains: 'v2' }), { status: 200, headers: {}, body })).toMatchObject({ kind: 'wrong', lacks: 'text', seen });
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
    expect(assessed('rwrwrr', 10_000)).toEqual({ state: 'failed', seen: 'alternating right and wrong answers' });
    expect(assessed('', 10_000)).toEqual({ state: 'failed', seen: 'alternating right and wrong answers' });
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
  const at = (port: string | undefined, path = '/healthz') => routesOf(check({ target: { type: 'service', name: 'api', port, path } }), 'web', [two], pods);

  it.each([
    [undefined, 'http', 8080], ['http', 'http', 8080], ['80', 'http', 8080], ['admin', 'admin', 9001], ['9000', 'admin', 9001],
  ])('with the port %s goes to each pod by itself, and through the Service', (port, name, podPort) => {
    expect(at(port)).toEqual({
      pods: [{ through: 'pod/a', kind: 'pod', address: `/api/v1/namespaces/web/pods/a:${podPort}/proxy/healthz`, prefix: `/api/v1/namespaces/web/pods/a:${podPort}/proxy` }],
      front: { through: 'service/api', kind: 'service', address: `/api/v1/namespaces/web/services/api:${name}/proxy/healthz`, prefix: `/api/v1/namespaces/web/services/api:${name}/proxy` },
    });
  });
  it('names a port by its number when it has no name', () => {
    expect(routesOf(check(), 'web', [service('api')], [])).toMatchObject({ front: { address: '/api/v1/namespaces/web/services/api:80/proxy/healthz' } });
  });
  it('goes to the port of the Service when no other is said', () => {
    expect(routesOf(check(), 'web', [service('api', { ports: [{ port: 80 }] })], [pod('a')])).toMatchObject({ pods: [{ address: '/api/v1/namespaces/web/pods/a:80/proxy/healthz' }] });
  });
  it('to a port that the pods do not name is only that of the Service', () => {
    expect(routesOf(check(), 'web', [two], [pod('a')])).toMatchObject({ pods: [], front: { kind: 'service' } });
  });
  it('of an address is the address', () => {
    expect(routesOf(url, 'web', [], [])).toEqual({ pods: [], front: { through: 'https://api.example/', kind: 'url', address: 'https://api.example/' } });
  });
  it.each<[string | undefined, readonly Service[], string, string]>([
    [undefined, [], 'Service api does not exist in namespace web', 'The Services of namespace web: none.'],
    [undefined, [service('apis'), service('db')], 'Service api does not exist in namespace web', 'Did you mean "apis"?'],
    [undefined, [service('db'), service('cache')], 'Service api does not exist in namespace web', 'The Services of namespace web: cache, db.'],
    ['8443', [two], 'Service api has no port 8443; it has 80 (http), 9000 (admin)', 'Write the number or the name of one of its ports.'],
    ['8443', [service('api', { ports: [{ name: 'http', port: 80, targetPort: 'web' }] })], 'Service api has no port 8443; it has 80 (http)', 'Did you mean service/api:80?'],
    ['9001', [two], 'Service api has no port 9001: that is the port of its pods, which the Service exposes as 9000 (admin)', 'Write service/api:9000.'],
    ['htpp', [two], 'Service api has no port htpp; it has 80 (http), 9000 (admin)', 'Did you mean "http"?'],
    ['dns', [two], 'port 53 (dns) of Service api has the protocol UDP', 'Its TCP ports: 80 (http), 9000 (admin).'],
    ['53', [two], 'port 53 (dns) of Service api has the protocol UDP', 'Its TCP ports: 80 (http), 9000 (admin).'],
    [undefined, [service('api', { ports: [] })], 'Service api has no TCP port', 'Add a TCP port to the Service, or check a URL.'],
    [undefined, [{ metadata: { name: 'api' }, spec: { type: 'ExternalName', externalName: 'shop.example' } }],
      'Service api has the type ExternalName, which cannot be reached through the API server', 'Check its external name by URL: https://shop.example/.'],
  ])('that leads nowhere says so: %s %#', (port, services, problem, hint) => {
    expect(routesOf(check({ target: { type: 'service', name: 'api', port, path: '/' } }), 'web', services, [])).toEqual({ problem, hint });
  });
  it('of a headless Service is like that of any other', () => {
    const headless = { ...service('api'), spec: { ...service('api').spec, clusterIP: 'None' } };
    expect(routesOf(check(), 'web', [headless], [pod('a')])).toMatchObject({ pods: [{}], front: { kind: 'service' } });
  });
  it.each([
    ['http://api.web.svc/', true], ['http://api.other.svc.cluster.local:8080/', true], ['https://a-0.api.web.svc.corp.example/', true],
    ['http://api/', true], ['http://api.web/', true], ['http://10.96.0.7/', true], ['http://[fd00::7]/', true],
    ['http://other/', false], ['https://svc.example/', false], ['https://api.example/', false], ['https://web.svc/', false],
  ])('of an address inside the cluster takes no proxy: %s', (address, direct) => {
    const known = { ...service('api'), spec: { ...service('api').spec, clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7', 'fd00::7'] } };
    expect(routesOf(check({ target: { type: 'url', url: address } }), 'web', [known], [])).toEqual(
      { pods: [], front: { through: address, kind: 'url', address, ...(direct ? { direct } : {}) } });
  });
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
const outcome = (asking: Promise<unknown>) => asking.then(() => 'passed', (error: { code?: string; message?: string }) => [error.code, error.message]);
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
      ['smoke-failed', 'Smoke check `service/api/healthz` failed: pod/b returned status 500 instead of 200: answer 500.']);
  });
  it('fails when one new pod does not answer', async () => {
    expect(await run({ 'pods/a': [200], 'pods/b': [away], 'services/': [200] }).end).toEqual(
      ['smoke-failed', 'Smoke check `service/api/healthz` failed: pod/b returned no answer (connect ECONNREFUSED).']);
  });
  it('tells that the Service does not lead to the new version when the pods are right', async () => {
    expect(await run({ 'pods/': [200], 'services/': [404] }).end).toEqual(
      ['wrong-version-serving', 'Smoke check `service/api/healthz` failed: every new pod passes it, but service/api returned status 404 instead of 200: answer 404.']);
  });
  it('fails when nothing stands behind the Service that could be asked by itself', async () => {
    expect(await run({ 'services/': [500] }, []).end).toEqual(
      ['smoke-failed', 'Smoke check `service/api/healthz` failed: service/api returned status 500 instead of 200: answer 500.']);
  });
  it('fails when there is no such Service', async () => {
    expect(await run({}, [], []).end).toEqual(['smoke-failed', 'Smoke check `service/api/healthz` cannot run: Service api does not exist in namespace web.']);
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
    expect([end, [...asked]]).toEqual([['smoke-failed', expect.stringContaining('pod/b returned status 500')], ['a', 'b']]);
  });
  it('are waited for when the only one has to make place, and its successor takes its time', async () => {
    const { end, asked } = await run({ 'pods/a': [404], 'pods/b': [200], 'services/': [200] }, (count, looks) => (count < 2 ? [pod('a')] : looks < 100 ? [starting('b')] : [pod('b')]));
    expect([end, [...asked]]).toEqual(['passed', ['a', 'b', 'service']]);
  });
  it('are never passed over in the moment when the one has left and the next was not seen yet', async () => {
    const { end, asked } = await run({ 'pods/b': [500], 'services/': [200] }, (_count, looks) => (looks < 3 ? [] : [pod('b')]));
    expect([end, [...asked]]).toEqual([['smoke-failed', expect.stringContaining('pod/b returned status 500')], ['b']]);
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
      'Smoke check `service/api/healthz` failed: every new pod passes it, but service/api returned status 500 instead of 200: answer 500.',
      'Smoke check `service/api/ready` failed: pod/a returned status 500 instead of 200: answer 500.',
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
    const request = async (): Promise<HttpResponse> => {
      const answer = answers[Math.min(count, answers.length - 1)] ?? 404;
      count += 1;
      if (answer instanceof Error) throw answer;
      return response(answer);
    };
    return outcome(smoke(fakePorts({ http: { request } }), target({}), [url], undefined)).then((end) => ({ end, count }));
  };
  it('passes after three right answers', async () => expect(await asking([200])).toEqual({ end: 'passed', count: 3 }));
  it('is given ten seconds for its caches', async () => {
    const { end, count } = await asking([500]);
    expect(end).toEqual(['smoke-failed', 'Smoke check `https://api.example/` failed: https://api.example/ returned status 500 instead of 200, with an empty body.']);
    expect(count).toBeGreaterThan(30);
  });
  it('is given twenty seconds to answer at all', async () => {
    expect((await asking([away])).end).toEqual(['smoke-failed', 'Smoke check `https://api.example/` failed: https://api.example/ returned no answer (connect ECONNREFUSED).']);
  });
});

describe('before a change', () => {
  const named = (name: string): SmokeCheck => check({ text: name, target: { type: 'service', name, path: '/' } });
  it('it is noted which checks pass, and what was seen of the others', async () => {
    const cluster = fakeCluster({ raw: answering({ 'services/api': [200], 'services/web': [500] }) });
    const before = await checksBefore(fakePorts(), cluster, [service('api'), service('web')], ['api', 'web', 'none'].map(named));
    expect([...before.passed]).toEqual(['api']);
    expect([...before.failed]).toEqual([['web', { seen: 'status 500 instead of 200: answer 500', status: 500 }], ['none', { seen: 'Service none does not exist in namespace web' }]]);
  });
  it('a check that fails now and then passes', async () => {
    const cluster = fakeCluster({ raw: answering({ 'services/api': [away, 500, 200] }) });
    expect((await checksBefore(fakePorts(), cluster, [service('api')], [named('api')])).passed.size).toBe(1);
  });
  it('a check that only lacks the text of the new version is not tried again', async () => {
    let count = 0;
    const http = { request: async () => ((count += 1), response(200, 'v1')) };
    const before = await checksBefore(fakePorts({ http }), fakeCluster(), [], [{ ...url, contains: 'v2' }]);
    expect([count, [...before.failed.values()]]).toEqual([1, [{ seen: 'status 200 without "v2": v1', lacks: 'text', status: 200 }]]);
  });
  it('a check is given the same time for an answer as after it', async () => {
    const timeouts = new Set<number | undefined>();
    const http = { request: async ({ timeoutMs }: HttpRequest) => (timeouts.add(timeoutMs), response(200)) };
    const ports = fakePorts({ http });
    await checksBefore(ports, fakeCluster(), [], [url]);
    await smoke(ports, target({}), [url], undefined);
    expect([...timeouts]).toEqual([5000]);
  });
});

describe('a check that the version before does not pass either', () => {
  type Work = (...given: Parameters<typeof smoke>) => Promise<unknown>;
  const failing = (failedBefore: ReadonlyMap<string, FailedBefore>, changes: Partial<SmokeCheck> = {}, work: Work = smoke) =>
    work(fakePorts(), { ...target({ 'pods/': [404], 'services/': [404] }), failedBefore }, [check(changes)], undefined).catch((error: { hint?: string }) => error.hint);
  const before = new Map([['service/api/healthz', { seen: 'status 404 instead of 200: not found', status: 404 }]]);
  it('asks whether the check is right, and does not blame the new version', async () => {
    expect(await failing(before)).toBe('The previous version does not pass this check either (404): check its path.');
    expect(await failing(before, {}, smokePods)).toBe('The previous version does not pass this check either (404): check its path.');
    expect(await failing(new Map([['service/api/healthz', { seen: 'no answer (refused)' }]]))).toContain('either (no answer (refused)): check that its address is right');
    expect(await failing(new Map([['service/api/healthz', { seen: 'status 503 instead of 200', status: 503 }]]))).toContain('either (503): look at what every version depends on');
  });
  it('because it names the new text says so only where nothing but the text is missing', async () => {
    const lacking = new Map([['service/api/healthz', { seen: 'status 200 without "v2": v1', lacks: 'text' as const }]]);
    expect(await failing(lacking, { contains: 'v2' })).toMatch(/^Compare the answer with the check; the log/);
    expect(await failing(lacking, { contains: 'v2', statuses: [404] })).toBe('Compare the answer with the check: the previous version does not return this text either.');
  });
  it('is told from one that it passes', async () => expect(await failing(new Map())).toMatch(/^Compare the answer/));
});

describe('a text in an answer', () => {
  it('is looked for through the whole of a long page, whatever stands before it', async () => {
    const long = `${'x'.repeat(3_000_000)}END-OF-PAGE`;
    const raw = async (): Promise<RawAnswer> => ({ status: 200, headers: { 'content-type': 'text/html' }, body: long });
    const asked = { ...target({}), api: fakeCluster({ raw }).api };
    expect(await outcome(smoke(fakePorts(), asked, [check({ contains: 'END-OF-PAGE' })], undefined))).toBe('passed');
    const http = { request: async () => response(200, long) };
    expect(await outcome(smoke(fakePorts({ http }), target({}), [{ ...url, contains: 'END-OF-PAGE' }], undefined))).toBe('passed');
  });
  it('may be a link, into which the API server has put its own path', async () => {
    const raw = async (path: string): Promise<RawAnswer> => ({
      status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: `<script src="${path.replace('/healthz', '')}/app.9f3.js"></script>`,
    });
    const run = (contains: string) => outcome(smoke(fakePorts(), { ...target({}), api: fakeCluster({ raw }).api }, [check({ contains })], undefined));
    expect(await run('<script src="/app.9f3.js">')).toBe('passed');
    expect(await run("src='/app.9f3.js'")).toEqual(['smoke-failed', expect.stringContaining('through the API server, which rewrites attributes of HTML tags')]);
  });
  it('that did not come in time is no text that is absent', async () => {
    const http = { request: async () => ({ status: 200, headers: {}, body: (async function* body() {
      yield Buffer.from('begun');
      throw new HttpError('other', 'api.example returned 200, but the response was not complete after 5 s');
    })() }) };
    expect(await outcome(smoke(fakePorts({ http }), target({}), [{ ...url, contains: 'end' }], undefined))).toEqual(
      ['smoke-failed', expect.stringContaining('returned no answer (api.example returned 200, but the response was not complete after 5 s)')]);
  });
});
