import type { MetricSample, MetricsPage } from './exposition.js';

/*
 * What a page of metrics says about the requests that a process has answered since it started. An app has them under names of its
 * framework's: the families that are common are tried in order.
 */

/** Requests of one series since its process started. `bad` are certainly bad, `mayBeBad` at most. */
export interface Tally {
  readonly all: number;
  readonly bad: number;
  readonly mayBeBad: number;
}
export const noRequests: Tally = { all: 0, bad: 0, mayBeBad: 0 };
export const sum = (a: Tally, b: Tally): Tally => ({ all: a.all + b.all, bad: a.bad + b.bad, mayBeBad: a.mayBeBad + b.mayBeBad });

/** By what distinguishes a series from the others of its family. */
export type Tallies = ReadonlyMap<string, Tally>;

/** What is read, or why it cannot be: completes "unproven: …". */
export type Requests = RequestsRead | { readonly unproven: string };

interface RequestsRead {
  readonly tallies: Tallies;
  /** Whether probes and smoke checks were told apart. */
  readonly hasPaths: boolean;
}

export interface Reading {
  /** The families to read, in this order. */
  readonly families: readonly string[];
  /** Paths whose requests nobody but probes, smoke checks and the guard itself sends. */
  readonly own: ReadonlySet<string>;
}

/** Those of the Prometheus clients, of OpenTelemetry, of Go and Python frameworks, of Spring Boot. */
export const commonFamilies = ['http_requests_total', 'http_server_request_duration_seconds', 'http_request_duration_seconds', 'http_server_requests_seconds'] as const;
const statusLabels = ['code', 'status', 'status_code', 'http_response_status_code'] as const;
const pathLabels = ['path', 'route', 'handler', 'uri', 'url', 'endpoint', 'http_route'] as const;

/** Requests, and those of them that were answered with a status of 500 to 599. */
export function errorsOf(page: MetricsPage, { families, own }: Reading): Requests {
  for (const family of families) {
    const samples = page.samples.filter(({ name }) => name === family || name === `${family}_count`);
    if (samples.length === 0) continue;
    const label = statusLabels.find((each) => samples.some(({ labels }) => Object.hasOwn(labels, each)));
    if (label === undefined) continue;
    const counted = samples.filter((sample) => isCount(sample) && !isOwn(sample, own));
    const tally = ({ value, labels }: MetricSample): Tally => {
      const bad = /^5(?:\d\d|xx)$/i.test(labels[label] ?? '') ? value : 0;
      return { all: value, bad, mayBeBad: bad };
    };
    return { tallies: new Map(counted.map((sample) => [keyOf(sample), tally(sample)])), hasPaths: hasPaths(samples) };
  }
  return { unproven: `no counter of requests with a status: none of ${families.join(', ')} has a label ${statusLabels.join(', ')}` };
}

/**
 * Requests, and those of them that took longer than `seconds`: a quantile exceeds a limit exactly if more than its share of requests
 * does, so no quantile has to be estimated.
 */
export function slowOf(page: MetricsPage, seconds: number, { families, own }: Reading): Requests {
  for (const family of families) {
    const buckets = page.samples.filter((sample) => sample.name === `${family}_bucket` && isCount(sample) && !Number.isNaN(boundOf(sample)));
    if (buckets.length === 0) continue;
    const series = new Map<string, MetricSample[]>();
    for (const bucket of buckets) if (!isOwn(bucket, own)) series.set(keyOf(bucket, 'le'), [...series.get(keyOf(bucket, 'le')) ?? [], bucket]);
    return { tallies: new Map([...series].map(([key, each]) => [key, slowIn(each, seconds)])), hasPaths: hasPaths(buckets) };
  }
  const summary = families.find((family) => page.samples.some(({ name, labels }) => name === family && Object.hasOwn(labels, 'quantile')));
  return { unproven: summary === undefined ? `no histogram of durations: none of ${families.join(', ')} has buckets` : `${summary} is a summary, whose quantiles of several pods cannot be added` };
}

function slowIn(buckets: readonly MetricSample[], seconds: number): Tally {
  const all = Math.max(...buckets.map(({ value }) => value));
  // Buckets are cumulative, so the next bound on each side says the most.
  const upTo = (fits: (bound: number) => boolean, pick: (...counts: number[]) => number, otherwise: number): number => {
    const fitting = buckets.filter((bucket) => fits(boundOf(bucket))).map(({ value }) => value);
    return fitting.length === 0 ? otherwise : pick(...fitting);
  };
  return { all, bad: all - upTo((bound) => bound >= seconds, Math.min, all), mayBeBad: all - upTo((bound) => bound <= seconds, Math.max, 0) };
}

const boundOf = ({ labels }: MetricSample): number => (labels['le'] === '+Inf' ? Infinity : labels['le'] === undefined || labels['le'] === '' ? NaN : Number(labels['le']));

const isCount = ({ value }: MetricSample): boolean => Number.isFinite(value) && value >= 0;

const pathOf = ({ labels }: MetricSample): string | undefined => pathLabels.map((label) => labels[label]).find((path) => path !== undefined);
const isOwn = (sample: MetricSample, own: ReadonlySet<string>): boolean => own.has(pathOf(sample) ?? '');
const hasPaths = (samples: readonly MetricSample[]): boolean => samples.some((sample) => pathOf(sample) !== undefined);

const keyOf = ({ name, labels }: MetricSample, without?: string): string =>
  JSON.stringify([name, Object.entries(labels).filter(([label]) => label !== without).sort(([a], [b]) => (a < b ? -1 : 1))]);
