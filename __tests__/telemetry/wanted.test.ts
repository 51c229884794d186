import { describe, expect, it } from '@jest/globals';
import { wantsTrace } from '../../src/telemetry/wanted.js';

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
const parent = (flags: string) => ({ TRACEPARENT: `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-${flags}` });

describe('a trace is recorded', () => {
  it.each<[string, Record<string, string>]>([
    ['where a collector is named', endpoint], ['where one for traces is named', { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/v1/traces' }],
    ['with the exporter otlp', { ...endpoint, OTEL_TRACES_EXPORTER: 'console, OTLP' }], ['in a trace that is recorded', { ...endpoint, ...parent('01') }],
    ['in any trace, if the sampler says so', { ...endpoint, ...parent('00'), OTEL_TRACES_SAMPLER: 'always_on' }], ['with OTEL_SDK_DISABLED=false', { ...endpoint, OTEL_SDK_DISABLED: 'false' }],
    ['with a sampler that is not supported', { ...endpoint, OTEL_TRACES_SAMPLER: 'traceidratio' }],
  ])('%s', (_, env) => expect(wantsTrace(env)).toBe(true));
});

describe('no trace is recorded', () => {
  it.each<[string, Record<string, string>]>([
    ['without a collector', {}], ['where its variable is empty', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }], ['with OTEL_SDK_DISABLED', { ...endpoint, OTEL_SDK_DISABLED: 'True' }],
    ['without an exporter', { ...endpoint, OTEL_TRACES_EXPORTER: 'none' }], ['with another exporter', { ...endpoint, OTEL_TRACES_EXPORTER: 'zipkin' }],
    ['in a trace that is not recorded', { ...endpoint, ...parent('00') }], ['where the sampler says so', { ...endpoint, OTEL_TRACES_SAMPLER: 'always_off' }],
    ['where the sampler says so for a run without a parent', { ...endpoint, OTEL_TRACES_SAMPLER: 'parentbased_always_off' }],
  ])('%s', (_, env) => expect(wantsTrace(env)).toBe(false));
});
