import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyCharacter } from '../any-character.js';
import { NotMetrics, parseMetrics } from '../../src/guard/exposition.js';

describe('a page of metrics', () => {
  it('has samples with labels, times and types', () => {
    const page = parseMetrics(`# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{code="200",path="/a \\"b\\" \\\\ \\n c"} 1027 1395066363000
http_requests_total{code="500",} 3

# A comment.
up 1
 temperature_celsius { place = "in, out" , } -4.5e+0
nan NaN
most +Inf
least -Inf
`);
    expect(page.types.get('http_requests_total')).toBe('counter');
    expect(page.samples).toEqual([
      { name: 'http_requests_total', labels: { code: '200', path: '/a "b" \\ \n c' }, value: 1027, at: 1_395_066_363_000 },
      { name: 'http_requests_total', labels: { code: '500' }, value: 3 },
      { name: 'up', labels: {}, value: 1 },
      { name: 'temperature_celsius', labels: { place: 'in, out' }, value: -4.5 },
      { name: 'nan', labels: {}, value: NaN }, { name: 'most', labels: {}, value: Infinity }, { name: 'least', labels: {}, value: -Infinity },
    ]);
  });
  it('of OpenMetrics has times in seconds, exemplars and an end', () => {
    expect(parseMetrics('# TYPE a counter\na_total{x="1"} 3 1520879607.789 # {trace_id="oHg5"} 0.67 1520879607.789\nb_bucket{le="0.1"} 8 # {} 0.054\n# EOF\n', true).samples)
      .toEqual([{ name: 'a_total', labels: { x: '1' }, value: 3, at: 1_520_879_607_789 }, { name: 'b_bucket', labels: { le: '0.1' }, value: 8 }]);
  });
  it.each([
    ['<!DOCTYPE html><html></html>', 'is a web page'],
    ['{"status":"UP"}', 'has a line that is no sample (line 1)'],
    ['up 1\nup one', 'has a line that is no sample (line 2)'],
    ['up{code="200} 1', 'has a line that is no sample (line 1)'],
    ['up{code=200} 1', 'has a line that is no sample (line 1)'],
    ['up 0x10', 'has a line that is no sample (line 1)'],
    ['up', 'has a line that is no sample (line 1)'],
  ])('is not %j', (text, why) => {
    expect(() => parseMetrics(text)).toThrow(new NotMetrics(why));
  });
  it('gives back what was written into it, whatever the labels hold', () => {
    const labels = fc.dictionary(fc.constantFrom('code', 'path', '__proto__', 'le'), fc.string({ unit: anyCharacter }));
    fc.assert(fc.property(labels, fc.double(), (given, value) => {
      const written = Object.entries(given).map(([name, text]) => `${name}="${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`);
      const text = `requests{${written.join(',')}} ${Number.isFinite(value) ? value : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'}`;
      const [sample] = parseMetrics(text).samples;
      expect(Object.entries(sample?.labels ?? {})).toEqual(Object.entries(given));
      expect(sample?.value).toBe(Object.is(value, -0) ? 0 : value);
    }));
  });
  it('of any text is read or rejected, in time', () => {
    fc.assert(fc.property(fc.string({ unit: anyCharacter, maxLength: 300 }), (text) => {
      try {
        parseMetrics(text);
      } catch (error) {
        expect(error).toBeInstanceOf(NotMetrics);
      }
    }));
    expect(() => parseMetrics(`up{${'a="1",'.repeat(50_000)}`)).toThrow(NotMetrics);
  });
});
