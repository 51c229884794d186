import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crc64 } from '../../../src/data/redis/rdb/crc64.js';
import { createParser } from '../../../src/data/redis/rdb/parse.js';
import { commandBytes, restoreCommands, stringPayload, type CommandsOptions } from '../../../src/data/redis/rdb/restore-commands.js';
import { inPieces, keysOfSnapshot, snapshot } from './snapshot.js';

/** Commands as a server reads them. */
function commandsIn(bytes: Buffer): string[][] {
  const commands: string[][] = [];
  let at = 0;
  const number = (mark: string): number => {
    const end = bytes.indexOf('\r\n', at);
    const line = bytes.toString('latin1', at, end);
    if (line[0] !== mark) throw new Error(`${mark} expected, not ${line} at ${at}`);
    at = end + 2;
    return Number(line.slice(1));
  };
  while (at < bytes.length) {
    commands.push(Array.from({ length: number('*') }, () => {
      const length = number('$');
      at += length + 2;
      expect(bytes.toString('latin1', at - 2, at)).toBe('\r\n');
      return bytes.toString('latin1', at - 2 - length, at - 2);
    }));
  }
  return commands;
}

async function restored(options: Partial<CommandsOptions>, size = 64, bytes: Uint8Array = snapshot): Promise<string[][]> {
  const pieces: Uint8Array[] = [];
  const source = (async function* () { yield* inPieces(bytes, size); })();
  for await (const piece of restoreCommands(source, { database: 0, format: 10, large: new Map(), sent: () => undefined, ...options })) pieces.push(piece);
  return commandsIn(Buffer.concat(pieces));
}

describe('commands for a server', () => {
  it('have parts of any bytes', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { minLength: 1 }), (parts) => {
      expect(commandsIn(commandBytes(parts))).toEqual([parts.map((part) => Buffer.from(part).toString('latin1'))]);
    }));
  });
});

describe('the keys of a snapshot as commands', () => {
  it('are those of one database, with their expiry and their age, and payloads whose checksum fits', async () => {
    const commands = await restored({});
    expect(commands.map(([, key]) => key).toSorted()).toEqual(keysOfSnapshot);
    expect(commands.find(([, key]) => key === 'text')).toEqual(['RESTORE', 'text', '0', expect.any(String), 'IDLETIME', '0']);
    expect(commands.find(([, key]) => key === 'soon')).toEqual(['RESTORE', 'soon', '4102444800123', expect.any(String), 'ABSTTL', 'IDLETIME', '0']);
    expect(commands.find(([, key]) => key === '12')?.slice(4)).toEqual(['IDLETIME', '1']);
    for (const [, , , payload = ''] of commands) {
      const bytes = Buffer.from(payload, 'latin1');
      const sum = crc64();
      sum.update(bytes.subarray(0, -8));
      expect([bytes.readUInt16LE(bytes.length - 10), bytes.subarray(-8)]).toEqual([10, sum.value()]);
    }
    expect((await restored({ database: 3 })).map(([, key]) => key)).toEqual(['other']);
    expect(await restored({ database: 1 })).toEqual([]);
  });

  it('are the same in pieces of any size, and when values are sent while they are read', async () => {
    const large = new Map<number, number>();
    let offset = 0;
    const parser = createParser({
      entry: (entry) => void (offset = entry.offset) as undefined,
      value: (bytes) => { if (bytes > 20) large.set(offset, bytes); },
    });
    parser.push(snapshot);
    const expected = await restored({});
    expect(large.size).toBeGreaterThan(3);
    for (const size of [1, 7, 100, 1000]) {
      expect(await restored({}, size)).toEqual(expected);
      expect(await restored({ large }, size)).toEqual(expected);
    }
  });

  it('have the frequency where the server counts it', async () => {
    const body = Buffer.from([254, 0, 249, 7, 0, 1, 107, 1, 118, 255, ...Buffer.alloc(8)]);
    expect(await restored({ format: 9 }, 5, Buffer.concat([Buffer.from('REDIS0009'), body]))).toEqual([['RESTORE', 'k', '0', expect.any(String), 'FREQ', '7']]);
  });

  it('can be tried with the payload of a short text', () => {
    // DUMP of the text `10` would be a number; this is that of `a` in Redis 7.0.
    expect(stringPayload('a', 10).toString('latin1')).toBe(Buffer.from('0001610a00', 'hex').toString('latin1') + sumOf(Buffer.from('0001610a00', 'hex')));
    expect(() => stringPayload('a'.repeat(64), 10)).toThrow('Too long');
  });
});

function sumOf(bytes: Buffer): string {
  const sum = crc64();
  sum.update(bytes);
  return sum.value().toString('latin1');
}
