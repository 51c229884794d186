import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { readExport } from './protobuf.js';

/*
 * A collector of OpenTelemetry: a server for OTLP over HTTP that refuses what is not valid, with what is wrong with it.
 * https://opentelemetry.io/docs/specs/otlp/, https://github.com/open-telemetry/opentelemetry-proto
 */

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  /** Nanoseconds since 1970. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** 0 unset, 2 error. */
  readonly code: number;
  readonly message?: string;
  /** Of the resource. */
  readonly resource: Readonly<Record<string, unknown>>;
  readonly flags: number;
}

/* eslint-disable @typescript-eslint/no-explicit-any -- the shape of what is received is what is checked */
type Any = any;

class Refused extends Error {}

function must(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Refused(what);
}

function valueOf(value: Any): unknown {
  must(typeof value === 'object' && value !== null && Object.keys(value).length === 1, `a value must have one kind: ${JSON.stringify(value)}`);
  if ('stringValue' in value) return must(typeof value.stringValue === 'string', 'stringValue'), value.stringValue;
  if ('intValue' in value) return must(/^-?\d+$/.test(String(value.intValue)), 'intValue'), Number(value.intValue);
  if ('doubleValue' in value) return must(typeof value.doubleValue === 'number', 'doubleValue'), value.doubleValue;
  if ('boolValue' in value) return must(typeof value.boolValue === 'boolean', 'boolValue'), value.boolValue;
  must('arrayValue' in value, `an unknown kind of value: ${JSON.stringify(value)}`);
  return (value.arrayValue.values ?? []).map(valueOf);
}

function attributesOf(list: Any = []): Record<string, unknown> {
  must(Array.isArray(list), 'attributes must be a list');
  const entries = list.map(({ key, value }: Any) => (must(typeof key === 'string' && key !== '', 'a key must be a text'), [key, valueOf(value)] as const));
  must(new Set(entries.map(([key]) => key)).size === entries.length, 'a key is there twice');
  return Object.fromEntries(entries);
}

function spanOf(span: Any, resource: Record<string, unknown>): ReceivedSpan {
  must(/^[0-9a-f]{32}$/.test(span.traceId) && /[^0]/.test(span.traceId), `traceId ${span.traceId}`);
  must(/^[0-9a-f]{16}$/.test(span.spanId) && /[^0]/.test(span.spanId), `spanId ${span.spanId}`);
  must(span.parentSpanId === undefined || /^[0-9a-f]{16}$/.test(span.parentSpanId), `parentSpanId ${span.parentSpanId}`);
  must(typeof span.name === 'string' && span.name !== '', 'name');
  must([1, 2, 3, 4, 5].includes(span.kind), `kind ${span.kind}`);
  for (const time of [span.startTimeUnixNano, span.endTimeUnixNano]) must(typeof time === 'string' && /^\d{18,20}$/.test(time), `time ${time}`);
  const [start, end] = [BigInt(span.startTimeUnixNano), BigInt(span.endTimeUnixNano)];
  must(start <= end, `${span.name} ends before it starts`);
  must(span.status === undefined || [0, 1, 2].includes(span.status.code ?? 0), 'status');
  return {
    traceId: span.traceId, spanId: span.spanId, parentSpanId: span.parentSpanId, traceState: span.traceState, name: span.name, kind: span.kind, start, end,
    attributes: attributesOf(span.attributes), code: span.status?.code ?? 0, message: span.status?.message, resource, flags: span.flags ?? 0,
  };
}

/** Every span of a request. Throws when it is not valid. */
export function readSpans(request: Any): readonly ReceivedSpan[] {
  must(Array.isArray(request?.resourceSpans) && request.resourceSpans.length > 0, 'resourceSpans');
  const spans = request.resourceSpans.flatMap(({ resource, scopeSpans }: Any) => {
    const attributes = attributesOf(resource?.attributes);
    must(typeof attributes['service.name'] === 'string', 'service.name');
    return scopeSpans.flatMap(({ scope, spans: each }: Any) => (must(typeof scope?.name === 'string', 'scope'), each.map((span: Any) => spanOf(span, attributes))));
  });
  must(new Set(spans.map(({ spanId }: ReceivedSpan) => spanId)).size === spans.length, 'a spanId is there twice');
  return spans;
}

export interface Collector {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  readonly requests: readonly { readonly path: string; readonly headers: IncomingHttpHeaders; readonly bytes: number }[];
  /** What was wrong with requests. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

/** What it does with a request in place of taking it; undefined: it takes it. */
export type Misbehave = (count: number, response: ServerResponse) => 'done' | undefined;

export async function startCollector(misbehave: Misbehave = () => undefined): Promise<Collector> {
  const [spans, faults, requests]: [ReceivedSpan[], string[], Collector['requests'][number][]] = [[], [], []];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      requests.push({ path: request.url ?? '', headers: request.headers, bytes: body.length });
      if (misbehave(requests.length, response) === 'done') return;
      try {
        must(request.method === 'POST' && request.url === '/v1/traces', `${request.method} ${request.url}`);
        const bytes = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
        const type = request.headers['content-type'];
        must(type === 'application/json' || type === 'application/x-protobuf', `content-type ${type}`);
        spans.push(...readSpans(type === 'application/json' ? JSON.parse(bytes.toString('utf8')) : readExport(bytes)));
        response.writeHead(200, { 'content-type': type }).end(type === 'application/json' ? '{}' : '');
      } catch (error) {
        faults.push(String(error));
        response.writeHead(400, { 'content-type': 'text/plain' }).end(String(error));
      }
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`, spans, requests, faults,
    close: () => new Promise((resolve) => {
      server.close(() => { resolve(); });
      server.closeAllConnections();
    }),
  };
}

/** The tree of a trace, a line for each span, its children below it: `rollout ✗ > kubectl set image`. */
export function treeOf(spans: readonly ReceivedSpan[], parent?: string, depth = 0): string[] {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const isTop = ({ parentSpanId }: ReceivedSpan): boolean => parentSpanId === undefined || !known.has(parentSpanId);
  return spans.filter((span) => (parent === undefined ? isTop(span) : span.parentSpanId === parent)).sort((a, b) => Number(a.start - b.start))
    .flatMap((span) => [`${'  '.repeat(depth)}${span.name}${span.code === 2 ? ' ✗' : ''}`, ...treeOf(spans, span.spanId, depth + 1)]);
}
