/*
 * The trace that a run is a part of, as W3C Trace Context has it: https://www.w3.org/TR/trace-context/. Between programs it is in
 * the environment: https://opentelemetry.io/docs/specs/otel/context/env-carriers/
 */

/** What others need to continue the trace of this run. */
export interface Trace {
  /** 32 hex digits; undefined where nothing is traced. */
  readonly id?: string;
  /**
   * Headers for a request to a program that continues the trace: `traceparent`, and `tracestate` where the run was given one. They
   * name what the run is doing now. Empty where nothing is traced.
   */
  headers(): Readonly<Record<string, string>>;
}

/** One span of a trace, as the header `traceparent` names it. */
export interface SpanContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** Whether the caller records the trace. */
  readonly isSampled: boolean;
}

/** The variables of the environment that name the span around this process. */
const [parentVariable, stateVariable] = ['TRACEPARENT', 'TRACESTATE'];

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Undefined for a text that is not valid. Of a later version, only the part that this version knows is read. */
export function readTraceparent(text: string | undefined): SpanContext | undefined {
  const [, version, traceId = '', spanId = '', flags = '', rest] = form.exec(text?.trim() ?? '') ?? [];
  const isValid = version !== undefined && version !== 'ff' && (version !== '00' || rest === undefined) && /[^0]/.test(traceId) && /[^0]/.test(spanId);
  return isValid ? { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 } : undefined;
}

export const formatTraceparent = ({ traceId, spanId, isSampled }: SpanContext): string => `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;

type Env = Readonly<Record<string, string | undefined>>;

/** The span around this process, if its environment names one. */
export const parentOf = (env: Env): SpanContext | undefined => readTraceparent(env[parentVariable]);

/** The `tracestate` that belongs to it. It is passed on as it is, so one that no header can hold is left out. */
export function stateOf(env: Env): string | undefined {
  const state = env[stateVariable]?.trim() ?? '';
  return /^[\x20-\x7e]{1,512}$/.test(state) ? state : undefined;
}

/** A span as the headers of a request. @param state `tracestate` */
export const headersOf = (span: SpanContext, state: string | undefined): Readonly<Record<string, string>> =>
  ({ traceparent: formatTraceparent(span), ...(state !== undefined && { tracestate: state }) });

/** The same as the environment of a program. */
export const environmentOf = (span: SpanContext, state: string | undefined): Readonly<Record<string, string>> =>
  ({ [parentVariable]: formatTraceparent(span), ...(state !== undefined && { [stateVariable]: state }) });

/** The trace of a run that records nothing itself: it passes on what its environment names. */
export function passedOn(env: Env): Trace {
  const parent = parentOf(env);
  if (!parent) return { headers: () => ({}) };
  const headers = headersOf(parent, stateOf(env));
  return { id: parent.traceId, headers: () => headers };
}
