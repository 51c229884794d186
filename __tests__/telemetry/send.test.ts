import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/host/clock.js';
import { createHttp } from '../../src/host/http.js';
import { HttpError } from '../../src/ports/http.js';
import { sendSpans } from '../../src/telemetry/otlp/send.js';
import { readSettings } from '../../src/telemetry/otlp/settings.js';
import type { Span } from '../../src/telemetry/span.js';
import { startCollector, treeOf, type Collector, type Misbehave } from './collector.js';

const id = (): string => randomUUID().replaceAll('-', '').slice(-16);
const trace = { traceId: '0af7651916cd43dd8448eb211c80319c' };
const now = 1_800_000_000_000.25;
const root: Span = { id: id(), name: 'RUN deploy', kind: 'server', startMs: now, endMs: now + 1500.5, attributes: { 'deployment.name': 'ünïcode', 'container.image.tags': ['1', 'latest'], 'left.out': undefined }, error: 'crash-loop: it crashed' };
const child: Span = { id: id(), parentId: root.id, name: 'rollout', kind: 'internal', startMs: now + 1, endMs: now + 1, attributes: { 'process.exit.code': 137 } };

let collector: Collector;
afterEach(() => collector.close());

async function send(env: Readonly<Record<string, string>> = {}, misbehave?: Misbehave, signal = new AbortController().signal): Promise<void> {
  collector = await startCollector(misbehave);
  const settings = readSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...env });
  await sendSpans({ http: createHttp({}), clock: systemClock }, settings, { spans: [root, child], resource: { 'service.name': 'deploy-action' }, trace, redact: (text) => text.replaceAll('hunter2hunter2', '***') }, signal);
}

describe('a collector', () => {
  it.each(['http/json', 'http/protobuf'])('gets the same spans by %s', async (protocol) => {
    await send({ OTEL_EXPORTER_OTLP_PROTOCOL: protocol });
    expect(collector.faults).toEqual([]);
    expect(treeOf(collector.spans)).toEqual(['RUN deploy ✗', '  rollout']);
    expect(collector.spans).toEqual([
      expect.objectContaining({
        ...trace, spanId: root.id, kind: 2, start: 1_800_000_000_000_250_000n, end: 1_800_000_001_500_750_000n, code: 2, message: 'crash-loop: it crashed', flags: 0x101,
        attributes: { 'deployment.name': 'ünïcode', 'container.image.tags': ['1', 'latest'] }, resource: { 'service.name': 'deploy-action' },
      }),
      expect.objectContaining({ parentSpanId: root.id, kind: 1, code: 0, attributes: { 'process.exit.code': 137 } }),
    ]);
    expect(collector.requests[0]?.headers['content-type']).toBe(protocol === 'http/json' ? 'application/json' : 'application/x-protobuf');
  });
  it('gets the headers of the environment, and a compressed body where that is wanted', async () => {
    await send({ OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=k1', OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' });
    expect(collector.faults).toEqual([]);
    expect(collector.requests[0]?.headers).toMatchObject({ 'x-api-key': 'k1', 'content-encoding': 'gzip' });
    expect(collector.spans).toHaveLength(2);
  });
  it('that is overloaded for a moment is requested again', async () => {
    await send({}, (count, response) => (count === 1 ? (response.writeHead(503, { 'retry-after': '1' }).end(), 'done') : undefined));
    expect([collector.requests.length, collector.spans.length]).toEqual([2, 2]);
  });
  it.each<[string, Misbehave, RegExp]>([
    ['refuses it', (_, response) => (response.writeHead(400, { 'content-type': 'text/plain' }).end('no such\ntenant'), 'done'), /^127\.0\.0\.1:\d+ returned 400: no such tenant$/],
    ['wants a key', (_, response) => (response.writeHead(401).end('<html>'), 'done'), /returned 401\. Check OTEL_EXPORTER_OTLP_HEADERS$/],
    ['is none', (_, response) => (response.writeHead(404, { 'content-type': 'text/html' }).end('<html>'), 'done'), /returned 404\. Check the path of the endpoint/],
    ['redirects', (_, response) => (response.writeHead(302, { location: 'http://10.0.0.1/' }).end(), 'done'), /returned 302 to http:\/\/10\.0\.0\.1\/, and redirects are not followed\. Set the endpoint to the address that the collector has now$/],
    ['is a login page', (_, response) => (response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>'), 'done'), /^127\.0\.0\.1:\d+ returned a web page, so it is no collector\. Check the endpoint/],
    ['rejects some of it', (_, response) => (response.writeHead(200).end(JSON.stringify({ partialSuccess: { rejectedSpans: '1', errorMessage: 'too old' } })), 'done'), /accepted the trace, but rejected 1 of its spans: too old$/],
  ])('that %s is requested once, and the error says so', async (_, misbehave, message) => {
    await expect(send({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, misbehave)).rejects.toThrow(message);
    expect(collector.requests).toHaveLength(1);
  });
  it('that repeats a secret where its words are cut shows no part of it', async () => {
    const fault = await send({}, (_, response) => (response.writeHead(400, { 'content-type': 'text/plain' }).end(`${'a'.repeat(295)} hunter2hunter2`), 'done')).catch((error: unknown) => String(error));
    expect(fault).toMatch(/returned 400: a{295}/);
    expect(fault).not.toMatch(/hun/);
  });
  it('that answers with something else than it should has taken it all the same', async () => {
    await send({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, (_, response) => (response.writeHead(200).end('<html>ok</html>'), 'done'));
    expect(collector.requests).toHaveLength(1);
  });
  it('that never answers is given up after the time that is set', async () => {
    await expect(send({ OTEL_EXPORTER_OTLP_TIMEOUT: '300' }, () => 'done')).rejects.toThrow(/did not answer within/);
  });
  it('is not waited for once the run is over', async () => {
    const over = new AbortController();
    const sending = send({}, () => { over.abort(new Error('over')); return 'done'; }, over.signal);
    await expect(sending).rejects.toThrow('over');
  });
});

it('a collector is reached through the proxy that the environment names', async () => {
  collector = await startCollector((_, response) => (response.writeHead(200).end('{}'), 'done'));
  const settings = readSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.example:4318' });
  const content = { spans: [root], resource: { 'service.name': 'x' }, trace, redact: (text: string) => text };
  await sendSpans({ http: createHttp({ HTTP_PROXY: collector.url }), clock: systemClock }, settings, content, new AbortController().signal);
  expect(collector.requests.map(({ path, headers }) => [path, headers.host])).toEqual([['http://collector.example:4318/v1/traces', 'collector.example:4318']]);
});

it('the port of gRPC is suspected where nobody answers there', async () => {
  collector = await startCollector();
  const settings = readSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4317', OTEL_EXPORTER_OTLP_TIMEOUT: '300' });
  const http = { ...createHttp({}), request: () => Promise.reject(new HttpError('other', '127.0.0.1:4317 closed the connection before it answered')) };
  const content = { spans: [root], resource: { 'service.name': 'x' }, trace, redact: (text: string) => text };
  await expect(sendSpans({ http, clock: systemClock }, settings, content, new AbortController().signal))
    .rejects.toThrow('127.0.0.1:4317 closed the connection before it answered. Port 4317 is usually for gRPC: OTLP over HTTP usually has port 4318');
});

it('a collector that cannot be reached is named', async () => {
  collector = await startCollector();
  const { url } = collector;
  await collector.close();
  const settings = readSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_TIMEOUT: '400' });
  await expect(sendSpans({ http: createHttp({}), clock: systemClock }, settings, { spans: [root], resource: { 'service.name': 'x' }, trace, redact: (text) => text }, new AbortController().signal))
    .rejects.toThrow(/^127\.0\.0\.1:\d+ refused the connection/);
});
