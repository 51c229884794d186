import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatTraceparent, passedOn, readTraceparent } from '../../src/ports/trace.js';
import { anyCharacter } from '../any-character.js';

const [trace, span] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
const given = `00-${trace}-${span}-01`;

describe('traceparent', () => {
  it('is read as it was written', () => {
    const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`)).filter((text) => /[^0]/.test(text));
    fc.assert(fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, isSampled) =>
      expect(readTraceparent(formatTraceparent({ traceId, spanId, isSampled }))).toEqual({ traceId, spanId, isSampled })));
  });
  it.each<[string, string]>([
    ['is empty', ''], ['is not of four parts', `00-${trace}-01`], ['has capital digits', given.toUpperCase()], ['has a trace of zeros', `00-${'0'.repeat(32)}-${span}-01`],
    ['has a span of zeros', `00-${trace}-${'0'.repeat(16)}-01`], ['is of the version ff', `ff-${trace}-${span}-01`], ['has more than its version knows', `${given}-x`],
    ['is short of a digit', `00-${trace}-${span.slice(1)}-01`], ['has a line after it', `${given}\nx: y`],
  ])('that %s is none', (_, text) => expect(readTraceparent(text)).toBeUndefined());
  it('of a later version is read as far as this one knows it', () => expect(readTraceparent(`cc-${trace}-${span}-03-what.the.future.holds`)).toEqual({ traceId: trace, spanId: span, isSampled: true }));
  it('has flags, of which one says whether it is recorded', () => expect([readTraceparent(`00-${trace}-${span}-fe`)?.isSampled, readTraceparent(`00-${trace}-${span}-03`)?.isSampled]).toEqual([false, true]));
  it('of any text is read or not, and never fails', () => {
    fc.assert(fc.property(fc.string({ unit: anyCharacter }), (text) => {
      const read = readTraceparent(text);
      if (read) expect(text).toContain(`${read.traceId}-${read.spanId}`);
    }));
  });
});

describe('a run that records nothing', () => {
  it('passes on the trace that it is in', () => {
    expect(passedOn({ TRACEPARENT: given, TRACESTATE: 'vendor=1' })).toMatchObject({ id: trace });
    expect(passedOn({ TRACEPARENT: given, TRACESTATE: 'vendor=1' }).headers()).toEqual({ traceparent: given, tracestate: 'vendor=1' });
  });
  it.each<[string, Record<string, string>]>([['no trace', {}], ['a trace that is not valid', { TRACEPARENT: 'x', TRACESTATE: 'a=b' }]])('has no headers for %s', (_, env) => {
    expect([passedOn(env).id, passedOn(env).headers()]).toEqual([undefined, {}]);
  });
  it('leaves out a state that no header can hold', () => expect(passedOn({ TRACEPARENT: given, TRACESTATE: 'a=b\r\nx: y' }).headers()).toEqual({ traceparent: given }));
});
