import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { SpanContext } from '../../ports/trace.js';
import type { Attribute, Attributes, Span } from '../span.js';
import type { Protocol } from './settings.js';

type ReadableSpan = Parameters<typeof JsonTraceSerializer.serializeRequest>[0][number];
type Resource = ReadableSpan['resource'];

/** What an export holds. */
export interface Export {
  readonly spans: readonly Span[];
  /** Of the service that records them. */
  readonly resource: Attributes;
  readonly trace: Pick<SpanContext, 'traceId'>;
  /** `tracestate` of the trace. */
  readonly state?: string;
  /** Every text goes through it. */
  readonly redact: (text: string) => string;
}

export const contentTypes: Readonly<Record<Protocol, string>> = { 'http/protobuf': 'application/x-protobuf', 'http/json': 'application/json' };

/**
 * The body of a request to a collector, `ExportTraceServiceRequest` of https://opentelemetry.io/docs/specs/otlp/. The serializers
 * are OpenTelemetry's own; its SDK is not needed, because the spans are complete.
 */
export function requestOf(content: Export, protocol: Protocol): Uint8Array {
  const resource = { attributes: valuesOf(content.resource, content.redact) } as Resource;
  const spans = content.spans.map((span) => readable(span, content, resource));
  const serializer = protocol === 'http/json' ? JsonTraceSerializer : ProtobufTraceSerializer;
  return serializer.serializeRequest(spans) ?? new Uint8Array();
}

const scope = { name: 'deploy-action' };
const kinds: Readonly<Record<Span['kind'], SpanKind>> = { server: SpanKind.SERVER, internal: SpanKind.INTERNAL, client: SpanKind.CLIENT };

function readable(span: Span, { trace, state, redact }: Export, resource: Resource): ReadableSpan {
  const traceState = state === undefined ? undefined : { serialize: () => state } as ReturnType<ReadableSpan['spanContext']>['traceState'];
  const contextOf = (spanId: string, isRemote = false) => ({ traceId: trace.traceId, spanId, traceFlags: TraceFlags.SAMPLED, traceState, isRemote });
  return {
    name: redact(span.name), kind: kinds[span.kind], spanContext: () => contextOf(span.id),
    ...(span.parentId !== undefined && { parentSpanContext: contextOf(span.parentId, span.hasRemoteParent) }),
    startTime: timeOf(span.startMs), endTime: timeOf(span.endMs), duration: timeOf(span.endMs - span.startMs), ended: true,
    status: span.error === undefined ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: redact(span.error) },
    attributes: valuesOf(span.attributes, redact), resource, instrumentationScope: scope, links: [], events: [],
    droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0,
  };
}

/** Seconds and nanoseconds. */
function timeOf(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.min(999_999_999, Math.round((ms - seconds * 1000) * 1e6))];
}

type Value = string | number | string[];

function valuesOf(attributes: Attributes, redact: (text: string) => string): Record<string, Value> {
  const shown = (value: NonNullable<Attribute>): Value =>
    (typeof value === 'number' ? value : typeof value === 'string' ? redact(value) : value.map((each) => redact(each)));
  const given = Object.entries(attributes).filter((entry): entry is [string, NonNullable<Attribute>] => entry[1] !== undefined);
  return Object.fromEntries(given.map(([key, value]) => [key, shown(value)]));
}

/** What a collector has to say of a request that it has accepted: it refused some spans, or warns. Undefined if it has nothing. */
export function partialSuccess(body: Uint8Array, protocol: Protocol): { readonly rejected: number; readonly message: string } | undefined {
  const serializer = protocol === 'http/json' ? JsonTraceSerializer : ProtobufTraceSerializer;
  try {
    const { rejectedSpans = 0, errorMessage = '' } = serializer.deserializeResponse(body).partialSuccess ?? {};
    return Number(rejectedSpans) > 0 || errorMessage !== '' ? { rejected: Number(rejectedSpans), message: errorMessage } : undefined;
  } catch {
    // It accepted the spans, whatever it says.
    return undefined;
  }
}
