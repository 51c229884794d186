import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readContents, type Contents } from '../../../src/data/redis/rdb/contents.js';
import { crc64 } from '../../../src/data/redis/rdb/crc64.js';
import { DamagedSnapshot } from '../../../src/data/redis/rdb/parse.js';
import { inPieces, keysOfSnapshot, recorded, snapshot, snapshotAt } from './snapshot.js';

function contentsOf(bytes: Uint8Array, size = 100, keys: string[] = []): Contents {
  const reading = readContents({ entry: ({ key }) => void keys.push(key.toString('latin1')) as undefined });
  for (const piece of inPieces(bytes, size)) reading.push(piece);
  return reading.finish();
}

/** A snapshot with these bytes between its head and its end, and the right checksum. */
function snapshotOf(body: Uint8Array, version = '0010'): Buffer {
  const bytes = Buffer.concat([Buffer.from(`REDIS${version}`), body, Buffer.from([255])]);
  const sum = crc64();
  sum.update(bytes);
  return Buffer.concat([bytes, sum.value()]);
}

const whole = { format: 10, bytes: 790, keys: { 0: 18, 3: 1 }, expiring: { 0: 1, 3: 1 }, libraries: 1, at: snapshotAt };
const key = Buffer.from([1, 'k'.charCodeAt(0)]);

describe('the contents of a snapshot', () => {
  it('are its keys by their database, in whatever pieces it comes, with and without the mark of redis-cli', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 900 }), fc.constantFrom(snapshot, recorded), (size, bytes) => {
      const keys: string[] = [];
      expect(contentsOf(bytes, size, keys)).toEqual(whole);
      expect(keys.toSorted()).toEqual([...keysOfSnapshot, 'other'].toSorted());
    }));
  });

  it('are none when it is cut anywhere', () => {
    for (let length = 0; length < snapshot.length; length += 1) {
      expect(() => contentsOf(snapshot.subarray(0, length))).toThrow(DamagedSnapshot);
    }
    expect(() => contentsOf(snapshot.subarray(0, 700))).toThrow('it ends after 700 bytes, before its end mark');
  });

  it('are none when any bit of it is another one', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: snapshot.length - 1 }), fc.integer({ min: 0, max: 7 }), (at, bit) => {
      const bytes = Buffer.from(snapshot);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
      expect(() => contentsOf(bytes)).toThrow();
    }));
  });

  it('are none when something else follows, or nothing of it is a snapshot', () => {
    expect(() => contentsOf(Buffer.concat([snapshot, Buffer.from('12345')]))).toThrow('5 bytes follow its end');
    expect(() => contentsOf(Buffer.from('<html>no snapshot</html>'))).toThrow('its first bytes are not those of a snapshot');
    expect(() => contentsOf(Buffer.from('REDIS0003 of Redis 2.4'))).toThrow('its first bytes are not those of a snapshot');
  });

  it('are accepted without a checksum where the server writes none, and not with another one', () => {
    const without = Buffer.concat([snapshot.subarray(0, -8), Buffer.alloc(8)]);
    expect(contentsOf(without)).toEqual(whole);
    expect(() => contentsOf(Buffer.concat([snapshot.subarray(0, -8), Buffer.alloc(8, 1)]))).toThrow('its checksum does not fit');
  });

  it('are not counted when values are of a later version, and are still proven by the checksum', () => {
    const later = snapshotOf(Buffer.from([99, ...key, 1, 2, 3]), '0099');
    expect(contentsOf(later)).toEqual({ format: 99, bytes: later.length, libraries: 0, at: undefined, unknown: 'type 99 of a value' });
    expect(contentsOf(Buffer.concat([later, Buffer.alloc(40, 'a')]))).toMatchObject({ bytes: later.length });
    expect(() => contentsOf(later.subarray(0, -1))).toThrow('its checksum does not fit');
    expect(() => contentsOf(Buffer.concat([later.subarray(0, -8), Buffer.alloc(8)]))).toThrow('its checksum does not fit');
    for (const unknown of [[243, 0], [0, 0x82, 0], [7, ...key, 5, 9, 1], [0, ...key, 0xc5]]) {
      expect(contentsOf(snapshotOf(Buffer.from(unknown)))).toHaveProperty('unknown');
    }
  });

  it('are read over in the formats of other versions and of modules', () => {
    const text = [1, 120];
    const double = [0, 0, 0, 0, 0, 0, 0, 0];
    const values: Readonly<Record<string, readonly number[]>> = {
      'sorted set of Redis 3': [3, ...key, 2, ...text, 1, 49, ...text, 255],
      'quicklist of Redis 6': [14, ...key, 1, ...text],
      'stream of Redis 6': [15, ...key, 1, ...text, ...text, 1, 2, 3, 1, ...text, 1, 2, 1, ...double, ...double, ...double, 1, 1, ...text, ...double, 1, ...double, ...double],
      'stream of Redis 7.2': [21, ...key, 0, 1, 2, 3, 4, 5, 6, 7, 8, 1, ...text, 1, 2, 9, 0, 1, ...text, ...double, ...double, 0],
      'hash of Redis 7.4 with fields that expire': [24, ...key, ...double, 1, 0, ...text, ...text],
      'the same, small': [25, ...key, ...double, ...text],
      'module': [7, ...key, 0x81, ...double, 1, 5, 2, 5, 3, 0, 0, 0, 0, 4, ...double, 5, ...text, 0],
      'long length': [0, ...key, 0x80, 0, 0, 0, 1, 7],
      'medium length': [0, ...key, 0x40, 1, 7],
      'compressed': [0, ...key, 0xc3, 2, 1, 0, 65],
    };
    for (const [what, value] of Object.entries(values)) {
      const body = Buffer.from([253, 0, 0, 0, 1, 249, 7, ...value, 247, 0x81, ...double, 2, 2, 0, 244, 1, 2, 3]);
      expect([what, contentsOf(snapshotOf(body), 1)]).toEqual([what, expect.objectContaining({ keys: { 0: 1 }, expiring: { 0: 1 } })]);
    }
  });

  it('are damaged when a name is longer than any, or a compressed one does not unpack', () => {
    const long = [0x80, 255, 255, 255, 255];
    for (const name of [long, [0xc3, 1, 5, 200], [0xc3, 2, 1, 5, 65], [0xc3, 3, 9, 0, 65, 32], [0xc3, 3, 9, 32, 5, 5], [0xc3, 2, 5, 0, 65], [0xc3, 0xc0, 1]]) {
      expect(() => contentsOf(Buffer.concat([Buffer.from('REDIS0010'), Buffer.from([0, ...name]), Buffer.alloc(20)]))).toThrow(DamagedSnapshot);
    }
  });
});
