import { describe, expect, it } from '@jest/globals';
import { parseMetrics } from '../../src/guard/exposition.js';
import { commonFamilies, errorsOf, slowOf, sum, noRequests, type Requests } from '../../src/guard/requests.js';

const reading = { families: commonFamilies, own: new Set(['/healthz', '/metrics']) };
const totalOf = (requests: Requests): unknown => ('unproven' in requests ? requests.unproven : [...requests.tallies.values()].reduce(sum, noRequests));

describe('errors', () => {
  it.each([
    ['Prometheus', 'http_requests_total{code="200"} 90\nhttp_requests_total{code="404"} 5\nhttp_requests_total{code="503"} 5', { all: 100, bad: 5, mayBeBad: 5 }],
    ['a class of statuses', 'http_requests_total{status="2xx"} 90\nhttp_requests_total{status="5xx"} 10', { all: 100, bad: 10, mayBeBad: 10 }],
    ['OpenTelemetry', 'http_server_request_duration_seconds_count{http_response_status_code="200"} 9\nhttp_server_request_duration_seconds_count{http_response_status_code="500"} 1\nhttp_server_request_duration_seconds_bucket{http_response_status_code="500",le="+Inf"} 1', { all: 10, bad: 1, mayBeBad: 1 }],
    ['Spring Boot', 'http_server_requests_seconds_count{status="200",uri="/a"} 4\nhttp_server_requests_seconds_sum{status="200",uri="/a"} 1.5', { all: 4, bad: 0, mayBeBad: 0 }],
    ['values that are no counts', 'http_requests_total{code="200"} NaN\nhttp_requests_total{code="500"} +Inf\nhttp_requests_total{code="201"} 2', { all: 2, bad: 0, mayBeBad: 0 }],
    ['a family without statuses', 'http_requests_total{method="GET"} 7\nhttp_request_duration_seconds_count{status="500"} 1', { all: 1, bad: 1, mayBeBad: 1 }],
  ])('of %s are counted', (_what, page, total) => {
    expect(totalOf(errorsOf(parseMetrics(page), reading))).toEqual(total);
  });
  it('of probes and checks are left out where paths tell them apart', () => {
    const page = parseMetrics('http_requests_total{code="200",path="/"} 5\nhttp_requests_total{code="500",path="/healthz"} 9\nhttp_requests_total{code="200",path="/metrics"} 9');
    const found = errorsOf(page, reading);
    expect([totalOf(found), 'hasPaths' in found && found.hasPaths]).toEqual([{ all: 5, bad: 0, mayBeBad: 0 }, true]);
    const without = errorsOf(parseMetrics('http_requests_total{code="200"} 5'), reading);
    expect('hasPaths' in without && without.hasPaths).toBe(false);
  });
  it('are not known without a status', () => {
    expect(totalOf(errorsOf(parseMetrics('http_requests_total 5\nprocess_cpu_seconds_total 3'), reading))).toMatch(/^no counter of requests with a status: none of http_requests_total, /);
  });
});

describe('slow requests', () => {
  const histogram = (bounds: Readonly<Record<string, number>>, more = ''): string =>
    Object.entries(bounds).map(([le, count]) => `http_request_duration_seconds_bucket{le="${le}"${more}} ${count}`).join('\n');
  it.each([
    ['with a bound at the limit', { '0.5': 80, '2': 95, '5': 99, '+Inf': 100 }, { all: 100, bad: 5, mayBeBad: 5 }],
    ['without one', { '1': 80, '5': 99, '+Inf': 100 }, { all: 100, bad: 1, mayBeBad: 20 }],
    ['with no bound above', { '1': 80, '+Inf': 100 }, { all: 100, bad: 0, mayBeBad: 20 }],
    ['with no bound below', { '5': 99, '+Inf': 100 }, { all: 100, bad: 1, mayBeBad: 100 }],
    ['with a bound in another form', { '2.0': 95, '+Inf': 100 }, { all: 100, bad: 5, mayBeBad: 5 }],
  ])('%s', (_what, bounds, total) => {
    expect(totalOf(slowOf(parseMetrics(histogram(bounds)), 2, reading))).toEqual(total);
  });
  it('of several series are added, without those of probes', () => {
    const page = [histogram({ '2': 9, '+Inf': 10 }, ',path="/a"'), histogram({ '2': 0, '+Inf': 4 }, ',path="/b"'), histogram({ '2': 0, '+Inf': 40 }, ',path="/healthz"')].join('\n');
    expect(totalOf(slowOf(parseMetrics(page), 2, reading))).toEqual({ all: 14, bad: 5, mayBeBad: 5 });
  });
  it('are not known of a summary, nor of nothing', () => {
    expect(totalOf(slowOf(parseMetrics('http_request_duration_seconds{quantile="0.95"} 1.2\nhttp_request_duration_seconds_count 5'), 2, reading)))
      .toBe('http_request_duration_seconds is a summary, whose quantiles of several pods cannot be added');
    expect(totalOf(slowOf(parseMetrics('up 1'), 2, reading))).toMatch(/^no histogram of durations: /);
  });
});
