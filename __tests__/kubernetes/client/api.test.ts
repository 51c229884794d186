import { afterEach, describe, expect, it } from '@jest/globals';
import { socketHttp } from '../../../src/host/socket-http.js';
import { ApiError, openApi, type Api } from '../../../src/kubernetes/client/api.js';
import { apiPath, resources } from '../../../src/kubernetes/client/resources.js';
import { serveApi, type Answering, type ApiServer } from './api-server.js';
import { fakePorts } from './fake-ports.js';
import { swiftClock } from './hand-clock.js';

let server: ApiServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

interface Opened {
  readonly api: Api;
  readonly slept: readonly number[];
  readonly lines: readonly string[];
  readonly server: ApiServer;
  readonly close: () => void;
}

async function api(answer: (answering: Answering, count: number) => void): Promise<Opened> {
  let count = 0;
  const opened = (server = await serveApi((answering) => answer(answering, (count += 1))));
  const clock = swiftClock();
  const closed = new AbortController();
  const ports = fakePorts({ clock });
  const opening = openApi(socketHttp(opened.socketPath), ports, closed.signal);
  return { api: opening, slept: clock.slept, lines: ports.lines, server: opened, close: () => closed.abort() };
}

/** Status, reason and message of what a call is refused with. */
async function refusal(call: Promise<unknown>): Promise<readonly [number, string, string, boolean]> {
  const error = await call.then(() => undefined, (thrown: unknown) => thrown);
  if (!(error instanceof ApiError)) throw new Error(`no ApiError: ${String(error)}`);
  return [error.status, error.reason, error.message, error.passing];
}

describe('a read', () => {
  it('gives the object, and asks for JSON', async () => {
    const { api: open, server: seen } = await api((answering) => answering.json({ kind: 'Service', metadata: { name: 'api' } }));
    expect(await open.get('/api/v1/x?limit=1')).toEqual({ kind: 'Service', metadata: { name: 'api' } });
    expect(seen.asked[0]).toMatchObject({ method: 'GET', path: '/api/v1/x', headers: { accept: 'application/json', host: 'localhost' } });
  });

  it.each([
    ['429', (each: Answering) => each.refuse(429, 'TooManyRequests', 'slow down')],
    ['500', (each: Answering) => each.refuse(500, 'InternalError', 'etcd')],
    ['503', (each: Answering) => each.text('unavailable', 503)],
    ['HTML', (each: Answering) => each.text('<html>log in first</html>')],
    ['nothing at all', (each: Answering) => each.cut()],
    ['half an answer', (each: Answering) => each.cutAfter('{"metadata":')],
  ])('is tried again after %s', async (_what, fail) => {
    const { api: open, slept } = await api((answering, count) => (count <= 2 ? fail(answering) : answering.json({ kind: 'Pod' })));
    expect(await open.get('/x')).toEqual({ kind: 'Pod' });
    expect(slept).toEqual([100, 300]);
  });
  it.each([
    ['1', [1000, 1000]], ['5', [5000, 5000]], ['0.2', [200, 300]], ['3600', [30_000, 30_000]], ['Wed, 21 Oct 2026 07:28:00 GMT', [100, 300]], ['-1', [100, 300]],
  ])('waits at least as long as an overloaded server says: Retry-After: %s', async (seconds, waits) => {
    const refuse = (answering: Answering) => answering.text('{"kind":"Status","message":"too many requests"}', 429, { 'retry-after': seconds });
    const { api: open, slept } = await api((answering, count) => (count <= 2 ? refuse(answering) : answering.json({ kind: 'Pod' })));
    expect(await open.get('/x')).toEqual({ kind: 'Pod' });
    expect(slept).toEqual(waits);
  });

  it.each([
    ['says that the server does not answer', (each: Answering) => each.cut(), [0, 'NoAnswer', expect.stringMatching(/^no answer to \/x: /), true]],
    ['says what came instead of JSON', (each: Answering) => each.text('<html>log in first</html>'),
      [502, 'NotJson', '/x did not return JSON: log in first', true]],
    ['says what came instead of an object', (each: Answering) => each.json({ error: 'log in first' }),
      [502, 'NotUnderstood', '/x did not return a Kubernetes object (it lacks kind): {"error":"log in first"}', true]],
    ['says what came instead of an object at all', (each: Answering) => each.text('null'),
      [502, 'NotUnderstood', '/x did not return a Kubernetes object (it must be an object): null', true]],
    ['gives the beginning of what refuses in a form of its own', (each: Answering) => each.text('{"message":{"code":7}}', 503), [503, '', '/x returned status 503: {"message":{"code":7}}', true]],
    ['gives the words of the server', (each: Answering) => each.refuse(500, 'InternalError', 'etcd is away'), [500, 'InternalError', 'etcd is away', true]],
    ['gives the status and the beginning when a proxy on the way answers', (each: Answering) => each.text('<h1>no\nbackend</h1>', 503), [503, '', '/x returned status 503: no backend', true]],
  ] as const)('%s, when it never gets better', async (_what, fail, error) => {
    const { api: open, slept } = await api(fail);
    expect(await refusal(open.get('/x?a=b'))).toEqual(error);
    expect(slept).toEqual([100, 300, 1000, 2000]);
  });

  it.each([
    [403, 'Forbidden', 'pods is forbidden: User "ci" cannot list resource "pods" in API group "" in the namespace "web"'],
    [401, 'Unauthorized', 'Unauthorized'],
    [404, 'NotFound', 'deployments.apps "api" not found'],
    [410, 'Expired', 'too old resource version'],
  ])('is not tried again after %d', async (status, reason, message) => {
    const { api: open, slept } = await api((answering) => answering.refuse(status, reason, message));
    expect(await refusal(open.get('/x'))).toEqual([status, reason, message, false]);
    expect(slept).toEqual([]);
  });

  it('of something that is not there is undefined, when it is looked for', async () => {
    const { api: open, server: seen } = await api((answering) => answering.refuse(404, 'NotFound', 'x'));
    expect(await open.find(resources.deployments, 'web', 'a/b')).toBeUndefined();
    expect(seen.asked[0]?.path).toBe('/apis/apps/v1/namespaces/web/deployments/a%2Fb');
  });

  it('ends when it is no longer wanted, and is not tried again', async () => {
    const stop = new AbortController();
    const { api: open, server: seen } = await api(() => stop.abort(new Error('stopped')));
    await expect(open.get('/x', { signal: stop.signal })).rejects.toThrow('stopped');
    expect(seen.asked.length).toBe(1);
  });

  it('of large objects and of many characters is whole', async () => {
    const text = 'ü€😀'.repeat(200_000);
    const { api: open } = await api((answering) => answering.json({ kind: 'ConfigMap', text }));
    expect(await open.get('/x')).toEqual({ kind: 'ConfigMap', text });
  });
});

describe('a write', () => {
  it('is sent once: it may have been done', async () => {
    const { api: open, server: seen, slept } = await api((answering) => answering.refuse(503, 'ServiceUnavailable', 'away'));
    expect((await refusal(open.send('PUT', '/x', { a: 'ü' })))[0]).toBe(503);
    expect((await refusal(open.patch('/x', [])))[0]).toBe(503);
    expect([seen.asked.length, slept]).toEqual([2, []]);
    expect(seen.asked[0]).toMatchObject({ method: 'PUT', body: '{"a":"ü"}', headers: { 'content-type': 'application/json' } });
  });

  it('of a JSON patch is sent again after a conflict, five times in all', async () => {
    const conflict = (each: Answering) => each.refuse(409, 'Conflict', 'the object has been modified');
    const twice = await api((answering, count) => (count < 3 ? conflict(answering) : answering.json({ kind: 'Pod', a: 1 })));
    expect([await twice.api.patch('/x', []), twice.server.asked.length]).toEqual([{ kind: 'Pod', a: 1 }, 3]);
    await server?.close();
    const ever = await api(conflict);
    expect([await refusal(ever.api.patch('/x', [])), ever.server.asked.length]).toEqual([[409, 'Conflict', 'the object has been modified', false], 5]);
  });

  it('of a JSON patch says that it is one', async () => {
    const { api: open, server: seen } = await api((answering) => answering.json({ kind: 'Pod' }));
    await open.patch('/x', [{ op: 'test', path: '/a', value: 1 }]);
    expect(seen.asked[0]).toMatchObject({ method: 'PATCH', body: '[{"op":"test","path":"/a","value":1}]', headers: { 'content-type': 'application/json-patch+json' } });
  });
});

describe('any answer', () => {
  it('is given as it is, whatever its status', async () => {
    const { api: open } = await api((answering) => answering.text('teapot', 418, { 'x-pot': 'yes' }));
    expect(await open.raw('/x')).toMatchObject({ status: 418, body: 'teapot', headers: { 'x-pot': 'yes' } });
  });
  it('is cut where it was asked to be', async () => {
    const { api: open } = await api((answering) => answering.text('x'.repeat(1_000_000)));
    expect((await open.raw('/x', { maxBytes: 1000 })).body).toBe('x'.repeat(1000));
  });
  it('that trickles and never ends is none', async () => {
    const opened = (server = await serveApi((answering) => {
      const stream = answering.stream();
      const timer = setInterval(() => stream.raw('.'), 5);
      void stream.left.then(() => clearInterval(timer));
    }));
    let time = 0;
    const clock = { ...swiftClock(), monotonic: () => (time += 1000) };
    const open = openApi(socketHttp(opened.socketPath), fakePorts({ clock }), new AbortController().signal);
    expect(await refusal(open.raw('/x', { timeoutMs: 5000, endsWithinMs: 5000, maxBytes: 65_536 }))).toEqual(
      [0, 'NoAnswer', 'no answer to /x: it answered 200, but the answer was not complete in time', true]);
  });
  it('that does not come in time is none', async () => {
    const { api: open } = await api(() => undefined);
    expect(await refusal(open.raw('/x', { timeoutMs: 20 }))).toEqual([0, 'NoAnswer', 'no answer to /x: no answer in time', true]);
  });
});

describe('an answer that is passed on from a pod', () => {
  it('is none where the API server names its answers and this one has no name', async () => {
    const named = { 'audit-id': '1' };
    const { api: open } = await api((answering, count) => {
      if (count === 3) return answering.text('<html><h1>502 Bad Gateway</h1></html>', 502, { 'retry-after': '2' });
      answering.text('{"kind":"Pod"}', count === 1 ? 200 : 502, named);
    });
    await open.get('/x');
    expect((await open.open('/x/proxy/?a=1')).status).toBe(502);
    const error = await open.open('/x/proxy/?a=1').then(() => undefined, (thrown: unknown) => thrown);
    expect(error).toMatchObject({
      status: 502, passing: true, retryAfterMs: 2000, reason: 'NotOfServer',
      message: '/x/proxy/ returned status 502 from something between this machine and the API server: 502 Bad Gateway',
    });
  });
  it('is taken as it is where no answer has a name', async () => {
    const { api: open } = await api((answering) => answering.text('{"kind":"Pod"}', 503));
    expect((await open.open('/x/proxy/')).status).toBe(503);
  });
});

describe('a stream', () => {
  const never = new AbortController().signal;

  it('gives whole lines, however they were cut on their way', async () => {
    const { api: open } = await api((answering) => {
      const stream = answering.stream();
      const bytes = Buffer.from('{"a":"ü"}\n\n{"b":2}\n{"half":');
      stream.raw('');
      for (const byte of bytes) stream.raw(Buffer.from([byte]) as unknown as string);
      stream.end();
    });
    const lines: string[] = [];
    await open.stream('/x', (line) => lines.push(line), never);
    expect(lines).toEqual(['{"a":"ü"}', '{"b":2}']);
  });
  it('that is cut has ended', async () => {
    const { api: open } = await api((answering) => {
      const stream = answering.stream();
      stream.send({ a: 1 });
      setImmediate(() => stream.cut());
    });
    const lines: string[] = [];
    await open.stream('/x', (line) => lines.push(line), never);
    expect(lines.length).toBeLessThanOrEqual(1);
  });
  it('that does not begin is refused with the words of the server', async () => {
    const { api: open } = await api((answering) => answering.refuse(403, 'Forbidden', 'no watching'));
    expect(await refusal(open.stream('/x', () => undefined, never))).toEqual([403, 'Forbidden', 'no watching', false]);
  });
  it('of a server that is away is refused', async () => {
    const { api: open } = await api((answering) => answering.cut());
    expect((await refusal(open.stream('/x', () => undefined, never)))[0]).toBe(0);
  });
  it('ends when it is no longer wanted', async () => {
    const stop = new AbortController();
    const { api: open } = await api((answering) => answering.stream().send({ a: 1 }));
    const lines: string[] = [];
    await open.stream('/x', (line) => {
      lines.push(line);
      stop.abort();
    }, stop.signal);
    expect(lines).toEqual(['{"a":1}']);
  });
});

it('paths are made of what came from outside, encoded', () => {
  expect(apiPath(resources.pods, 'a/../b', 'x?y')).toBe('/api/v1/namespaces/a%2F..%2Fb/pods/x%3Fy');
  expect(apiPath(resources.events, 'web')).toBe('/api/v1/namespaces/web/events');
});

describe('a connection that was closed', () => {
  it('ends what is asked, and nothing is tried again', async () => {
    const { api: open, slept, close } = await api((answering, count) => (count === 1 ? answering.cut() : close()));
    const ended = [499, 'Closed', 'the connection to the cluster was closed', false];
    expect(await refusal(open.get('/x'))).toEqual(ended);
    expect(await refusal(open.raw('/y'))).toEqual(ended);
    expect(slept).toEqual([100]);
  });
  it('ends its streams', async () => {
    const { api: open, close } = await api((answering) => answering.json({ kind: 'Pod' }));
    const stream = open.stream('/x', () => close(), new AbortController().signal);
    await expect(stream).resolves.toBeUndefined();
  });
});

describe('an API server that does not answer', () => {
  const away = (each: Answering) => each.text('no backend', 503);
  const longAway = 'info The API server has not answered for 3 s: /x returned status 503: no backend.';

  it('is not reported for a moment', async () => {
    const { api: open, lines } = await api((answering, count) => (count <= 3 ? away(answering) : answering.json({ kind: 'X' })));
    await open.get('/x');
    expect(lines).toEqual([]);
  });
  it('is reported once, and once more when it is back', async () => {
    let isBack = false;
    const { api: open, lines } = await api((answering) => (isBack ? answering.json({ kind: 'X' }) : away(answering)));
    await Promise.all(Array.from({ length: 3 }, () => expect(open.get('/x')).rejects.toThrow()));
    await expect(open.send('PUT', '/x', {})).rejects.toThrow();
    expect(lines).toEqual([expect.stringMatching(/^info The API server has not answered for \d+ s: \/x returned status 503: no backend\.$/)]);
    isBack = true;
    await open.send('PUT', '/x', {});
    await open.get('/x');
    expect(lines.slice(1)).toEqual([expect.stringMatching(/^info The API server answers again, after \d+ s\.$/)]);
  });
  it.each([
    ['a refusal', (each: Answering) => each.refuse(403, 'Forbidden', 'no')],
    ['the trouble of a webhook', (each: Answering) => each.refuse(500, 'InternalError', 'failed calling webhook "x"')],
  ])('is back with %s', async (_what, answer) => {
    let isBack = false;
    const { api: open, lines } = await api((answering) => (isBack ? answer(answering) : away(answering)));
    await expect(open.get('/x')).rejects.toThrow();
    isBack = true;
    await expect(open.send('PUT', '/x', {})).rejects.toThrow();
    expect(lines).toEqual([longAway, 'info The API server answers again, after 3 s.']);
  });
  it('is back when a stream begins', async () => {
    const { api: open, lines } = await api((answering, count) => (count <= 5 ? away(answering) : answering.stream().end()));
    await expect(open.get('/x')).rejects.toThrow();
    await open.stream('/x', () => undefined, new AbortController().signal);
    expect(lines).toEqual([longAway, 'info The API server answers again, after 3 s.']);
  });
  it('is not said to answer when this side has closed the connection', async () => {
    const { api: open, lines, close } = await api(away);
    await expect(open.get('/x')).rejects.toThrow();
    close();
    await expect(open.get('/x')).rejects.toThrow('was closed');
    expect(lines).toEqual([longAway]);
  });
});
