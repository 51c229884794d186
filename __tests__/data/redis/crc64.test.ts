import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crc64 } from '../../../src/data/redis/rdb/crc64.js';

/** Bit by bit, as the definition says. */
function reference(bytes: Uint8Array): string {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
  }
  return crc.toString(16).padStart(16, '0');
}

const of = (pieces: readonly Uint8Array[]): string => {
  const sum = crc64();
  for (const piece of pieces) sum.update(piece);
  return Buffer.from(sum.value().reverse()).toString('hex');
};

describe('the checksum of Redis', () => {
  it('is that of its own test', () => {
    // https://github.com/redis/redis/blob/7.0/src/crc64.c: crc64Test
    expect(of([Buffer.from('123456789')])).toBe('e9c6d914c4b8d9ca');
    expect(of([])).toBe('0000000000000000');
  });

  it('is that of its definition, in whatever pieces the bytes come', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 }), (pieces) => {
      expect(of(pieces)).toBe(reference(Buffer.concat(pieces)));
    }));
  });
});
