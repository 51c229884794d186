import { decoded, headerPairs, loginHeader } from './headers.js';

/*
 * How traces are sent, by the variables of the specification: https://opentelemetry.io/docs/specs/otel/protocol/exporter/. Those
 * for traces alone come before those for all signals.
 */

type Env = Readonly<Record<string, string | undefined>>;

/** `http/json`, or the default of the specification. */
export type Protocol = 'http/protobuf' | 'http/json';

export interface OtlpSettings {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the whole export, attempts and waits together. */
  readonly timeoutMs: number;
  readonly protocol: Protocol;
  readonly isCompressed: boolean;
}

/** An export of traces cannot be set up as the environment wants it. `message` is a sentence without its end. */
class OtlpSettingsError extends Error {}

/** The environment is right, but for another exporter of traces than this one. `message` is a sentence without its end. */
export class UnsupportedExportError extends OtlpSettingsError {}

/** The value of the specific variable, or of the general one, and its name. */
function given(env: Env, name: string): { readonly variable: string; readonly value: string } | undefined {
  for (const variable of [`OTEL_EXPORTER_OTLP_TRACES_${name}`, `OTEL_EXPORTER_OTLP_${name}`]) {
    const value = env[variable]?.trim();
    if (value) return { variable, value };
  }
  return undefined;
}

/** @throws OtlpSettingsError; UnsupportedExportError */
export function readSettings(env: Env): OtlpSettings {
  refuseUnsupported(env);
  return { url: urlOf(env), headers: headersIn(env), timeoutMs: timeoutOf(env), protocol: protocolOf(env), isCompressed: isCompressed(env) };
}

/** Less than the 10 s of the specification: the end of a run waits for it, also for collectors that only other jobs can reach. */
const defaultTimeoutMs = 3000;

function urlOf(env: Env): string {
  const { variable, value } = given(env, 'ENDPOINT') ?? { variable: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: '' };
  const url = URL.canParse(value) ? new URL(value) : undefined;
  // The value is not quoted: it may contain a login.
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === '') throw new OtlpSettingsError(`${variable} is not a URL. Write http://HOST:4318`);
  // The general endpoint is that of all signals: https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp
  if (!variable.includes('TRACES')) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  url.username = url.password = '';
  return url.href;
}

/** Those for traces override the general ones, and both override a login in the address. */
function headersIn(env: Env): Readonly<Record<string, string>> {
  const login = loginHeader(new URL(given(env, 'ENDPOINT')?.value ?? ''));
  return {
    ...(login !== undefined && { authorization: login }),
    ...Object.fromEntries([...headerPairs(env['OTEL_EXPORTER_OTLP_HEADERS']), ...headerPairs(env['OTEL_EXPORTER_OTLP_TRACES_HEADERS'])]),
  };
}

function timeoutOf(env: Env): number {
  const { variable, value } = given(env, 'TIMEOUT') ?? { variable: '', value: String(defaultTimeoutMs) };
  const ms = Number(value);
  if (!/^\d+$/.test(value) || ms === 0) throw new OtlpSettingsError(`${variable} is not a number of milliseconds`);
  return ms;
}

function protocolOf(env: Env): Protocol {
  const { variable, value } = given(env, 'PROTOCOL') ?? { variable: '', value: 'http/protobuf' };
  if (value === 'http/protobuf' || value === 'http/json') return value;
  throw new OtlpSettingsError(`${variable} names a protocol that does not exist. Set it to http/protobuf or http/json`);
}

function isCompressed(env: Env): boolean {
  const { variable, value } = given(env, 'COMPRESSION') ?? { variable: '', value: 'none' };
  if (value !== 'gzip' && value !== 'none') throw new OtlpSettingsError(`${variable} must be gzip or none`);
  return value === 'gzip';
}

/** First of all: the endpoint of another protocol is written differently. A certificate that is not used would be reported as one that is not trusted. */
function refuseUnsupported(env: Env): void {
  const protocol = given(env, 'PROTOCOL');
  if (protocol?.value === 'grpc') throw new UnsupportedExportError(`${protocol.variable} names a protocol that is not supported. Set it to http/protobuf, and the endpoint to the port for OTLP over HTTP, which is usually 4318`);
  for (const name of ['CERTIFICATE', 'CLIENT_KEY', 'CLIENT_CERTIFICATE']) {
    const set = given(env, name);
    if (set) throw new UnsupportedExportError(`${set.variable} is not supported. ${name === 'CERTIFICATE' ? 'Set NODE_EXTRA_CA_CERTS instead' : 'Send traces to a collector that does not require it'}`);
  }
}

/** Attributes of the resource that the environment names. The name of the service has a variable of its own, which comes first. */
export function resourceIn(env: Env): Readonly<Record<string, string>> {
  const pairs = (env['OTEL_RESOURCE_ATTRIBUTES'] ?? '').split(',').flatMap((pair) => {
    const equals = pair.indexOf('=');
    return equals > 0 ? [[decoded(pair.slice(0, equals).trim()), decoded(pair.slice(equals + 1).trim())] as const] : [];
  });
  const service = env['OTEL_SERVICE_NAME']?.trim();
  return { ...Object.fromEntries(pairs), ...(service && { 'service.name': service }) };
}
