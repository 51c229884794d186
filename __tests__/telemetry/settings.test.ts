import { describe, expect, it } from '@jest/globals';
import { collectorSecrets } from '../../src/telemetry/otlp/headers.js';
import { readSettings, resourceIn, UnsupportedExportError } from '../../src/telemetry/otlp/settings.js';

const general = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const read = (env: Record<string, string>) => readSettings({ [general]: 'http://c:4318', ...env });

describe('the settings of an export', () => {
  it('have the defaults of the specification, and a shorter time', () => {
    expect(read({})).toEqual({ url: 'http://c:4318/v1/traces', headers: {}, timeoutMs: 3000, protocol: 'http/protobuf', isCompressed: false });
  });
  it.each<[string, Record<string, string>, string]>([
    ['the general endpoint is completed', { [general]: 'https://c.example/otlp/' }, 'https://c.example/otlp/v1/traces'],
    ['that of traces is used as it is', { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://c.example/in' }, 'https://c.example/in'],
    ['a login in it is sent as a header', { [general]: 'https://me:pass@c.example' }, 'https://c.example/v1/traces'],
  ])('%s', (_, env, url) => expect(read(env).url).toBe(url));
  it('prefer what is set for traces alone, and take headers of both', () => {
    expect(read({
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b, X-Tenant = one ,broken,=x,bad name=1', OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'api-key=c', OTEL_EXPORTER_OTLP_TIMEOUT: '5000',
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '700', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json', OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    })).toEqual({ url: 'http://c:4318/v1/traces', headers: { 'api-key': 'c', 'x-tenant': 'one' }, timeoutMs: 700, protocol: 'http/json', isCompressed: true });
    expect(read({ [general]: 'https://me:p%40ss@c.example', OTEL_EXPORTER_OTLP_HEADERS: 'x=1' }).headers).toEqual({ authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}`, x: '1' });
    expect(read({ [general]: 'https://me:p@c.example', OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20t' }).headers).toEqual({ authorization: 'Bearer t' });
  });
  it('cannot become a second header, or an invalid one', () => {
    expect(read({ OTEL_EXPORTER_OTLP_HEADERS: 'a=b%0d%0ax%3a%20y,c=d' }).headers).toEqual({ c: 'd' });
  });
  it.each<[string, Record<string, string>, string]>([
    ['an endpoint without a scheme', { [general]: 'collector:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT is not a URL. Write http://HOST:4318'],
    ['an endpoint that is no URL', { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://' }, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is not a URL. Write http://HOST:4318'],
    ['gRPC', { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'OTEL_EXPORTER_OTLP_PROTOCOL names a protocol that is not supported. Set it to http/protobuf, and the endpoint to the port for OTLP over HTTP, which is usually 4318'],
    ['an unknown protocol', { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http' }, 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL names a protocol that does not exist. Set it to http/protobuf or http/json'],
    ['a time that is none', { OTEL_EXPORTER_OTLP_TIMEOUT: '10s' }, 'OTEL_EXPORTER_OTLP_TIMEOUT is not a number of milliseconds'],
    ['an unknown compression', { OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd' }, 'OTEL_EXPORTER_OTLP_COMPRESSION must be gzip or none'],
    ['a certificate', { OTEL_EXPORTER_OTLP_CERTIFICATE: '/ca.pem' }, 'OTEL_EXPORTER_OTLP_CERTIFICATE is not supported. Set NODE_EXTRA_CA_CERTS instead'],
    ['a client certificate', { OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: '/k' }, 'OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY is not supported. Send traces to a collector that does not require it'],
  ])('are refused for %s, by the name of the variable and without its value', (_, env, message) => expect(() => read(env)).toThrow(message));
  it.each<[string, Record<string, string>, boolean]>([
    ['gRPC, with its form of an endpoint', { [general]: 'collector:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, true], ['a certificate', { OTEL_EXPORTER_OTLP_CERTIFICATE: '/ca.pem' }, true],
    ['a client certificate', { OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: '/c.pem' }, true],
    ['an unknown protocol', { OTEL_EXPORTER_OTLP_PROTOCOL: 'http' }, false], ['an endpoint that is no URL', { [general]: 'collector:4318' }, false],
  ])('tell apart what other programs may support: %s', (_, env, isUnsupported) => {
    const error = (() => { try { return read(env); } catch (thrown) { return thrown; } })();
    expect([error instanceof Error, error instanceof UnsupportedExportError]).toEqual([true, isUnsupported]);
  });
});

describe('attributes of the resource', () => {
  it('are read from the environment, the name of the service before the others', () => {
    expect(resourceIn({ OTEL_RESOURCE_ATTRIBUTES: 'service.name=a,team=shop%2Cweb,broken,=x', OTEL_SERVICE_NAME: 'ci' })).toEqual({ 'service.name': 'ci', 'team': 'shop,web' });
    expect(resourceIn({})).toEqual({});
  });
});

describe('what is hidden', () => {
  it('is every value of a header, with and without the word before it, and the login of an address', () => {
    expect(collectorSecrets({
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abcdefgh1234,x-tenant=prod', OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'api-key=0123456789', [general]: 'https://me:hunter2hunter2@c.example',
      OTEL_SERVICE_NAME: 'production',
    })).toEqual(['Bearer abcdefgh1234', 'abcdefgh1234', '0123456789', expect.stringMatching(/^Basic /), Buffer.from('me:hunter2hunter2').toString('base64'), 'hunter2hunter2']);
  });
  it('is nothing without any', () => expect(collectorSecrets({ [general]: 'http://c:4318', PATH: '/bin' })).toEqual([]));
});
