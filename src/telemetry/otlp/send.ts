import { gzipSync } from 'node:zlib';
import { isRedirect, redirectPlace } from '../../outcome/redirect.js';
import { HttpError, type HttpResponse } from '../../ports/http.js';
import type { Ports } from '../../ports/ports.js';
import { retry } from '../../ports/retry.js';
import { said } from '../said.js';
import { contentTypes, partialSuccess, requestOf, type Export } from './request.js';
import type { OtlpSettings } from './settings.js';

type Sending = Pick<Ports, 'http' | 'clock'>;

/** The collector did not take the spans. `message` is a sentence without its end. */
class ExportError extends Error {
  /** @param retryAfterMs how long it wants not to be requested; undefined where another attempt is of no use */
  constructor(message: string, readonly retryAfterMs?: number) {
    super(message);
  }
}

/** Few, as the end of the run waits for them. */
const delaysMs = [500, 1500];

/** More than this of an answer is not read. */
const answerLimit = 64 * 1024;

/**
 * Sends spans to a collector by OTLP over HTTP. What may be temporary is tried again for as long as the settings allow, by the rules
 * of https://opentelemetry.io/docs/specs/otlp/#otlphttp-response.
 * @param signal ends it at once
 * @throws Error with a sentence without its end; what `signal` aborts with
 */
export async function sendSpans({ http, clock }: Sending, settings: OtlpSettings, content: Export, signal: AbortSignal): Promise<void> {
  const { url, protocol, isCompressed, timeoutMs } = settings;
  const bytes = requestOf(content, protocol);
  const body = isCompressed ? gzipSync(bytes) : bytes;
  const headers = { 'content-type': contentTypes[protocol], ...(isCompressed && { 'content-encoding': 'gzip' }), ...settings.headers };
  const untilMs = clock.monotonic() + timeoutMs;
  await retry(clock, {
    delaysMs, untilMs, signal,
    retryable: (error) => error instanceof HttpError || (error instanceof ExportError && error.retryAfterMs !== undefined),
    leastDelayMs: (error) => (error instanceof ExportError ? error.retryAfterMs ?? 0 : 0),
  }, async () => {
    const response = await http.request({ url, method: 'POST', headers, body, timeoutMs: Math.max(1, Math.ceil(untilMs - clock.monotonic())), signal });
    await accepted(response, settings, content.redact);
  }).catch((error: unknown) => { throw withPortHint(error, url); });
}

/** A server of gRPC does not answer requests of HTTP/1.1. */
function withPortHint(error: unknown, url: string): unknown {
  if (!(error instanceof HttpError) || new URL(url).port !== '4317') return error;
  return new Error(`${error.message}. Port 4317 is usually for gRPC: OTLP over HTTP usually has port 4318`, { cause: error });
}

const temporary: readonly number[] = [429, 502, 503, 504];

async function accepted(response: HttpResponse, { url, protocol }: OtlpSettings, redact: Export['redact']): Promise<void> {
  const { status, headers } = response;
  const collector = new URL(url).host;
  // Read in any case: an answer that is not read keeps its connection.
  const body = await bytesOf(response);
  const type = headers['content-type'] ?? '';
  if (status >= 200 && status < 300) {
    if (/^text\/html\b/i.test(type)) throw new ExportError(`${collector} returned a web page, so it is no collector. Check the endpoint: a proxy or a login page may answer in its place`);
    const partial = partialSuccess(body, protocol);
    if (partial) throw new ExportError(`${collector} accepted the trace, but ${partial.rejected > 0 ? `rejected ${partial.rejected} of its spans` : 'warned'}${said(partial.message, redact)}`);
    return;
  }
  if (isRedirect(status)) throw new ExportError(`${collector} returned ${status}${redirectPlace(headers['location'], url, redact)}, and redirects are not followed. Set the endpoint to the address that the collector has now`);
  const isText = /^text\/plain|json/.test(type);
  throw new ExportError(`${collector} returned ${status}${said(isText ? Buffer.from(body).toString() : '', redact)}${hintFor(status)}`, temporary.includes(status) ? retryAfterMs(headers['retry-after']) : undefined);
}

async function bytesOf(response: HttpResponse): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of response.body) {
      chunks.push(chunk);
      if (chunks.reduce((size, { length }) => size + length, 0) > answerLimit) break;
    }
  } catch {
    // Its status says whether it has accepted the spans: what it has to say about them is lost.
    return new Uint8Array();
  }
  return Buffer.concat(chunks);
}

const hints: Readonly<Record<number, string>> = {
  401: '. Check OTEL_EXPORTER_OTLP_HEADERS', 403: '. Check OTEL_EXPORTER_OTLP_HEADERS',
  404: '. Check the path of the endpoint: OTEL_EXPORTER_OTLP_ENDPOINT is completed with /v1/traces, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is not',
  415: '. Check OTEL_EXPORTER_OTLP_PROTOCOL: it is http/protobuf unless it is set to http/json',
};
const hintFor = (status: number): string => hints[status] ?? '';

/** Seconds, or nothing that is understood: a date would depend on the clocks of two machines. */
const retryAfterMs = (text = ''): number => (/^\d{1,5}$/.test(text) ? Number(text) * 1000 : 0);
