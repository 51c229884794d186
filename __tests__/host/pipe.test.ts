import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { createPipes } from '../../src/host/pipe.js';
import type { Pipe } from '../../src/ports/pipe.js';

const open = createPipes({ killAfterMs: 300, leftBehindMs: 100 });
const sh = (script: string) => ({ program: 'sh', args: ['-c', script] });

async function bytesOf({ output }: Pipe): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of output) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 200; tries++) {
    if (/\) [ZX]/.test(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') X'))) return true;
    await delay(20);
  }
  return false;
}

describe('a program with an open input and output', () => {
  it('passes bytes in both directions as they are', async () => {
    const pipe = open({ program: 'cat', args: [] });
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
    const output = bytesOf(pipe);
    expect(await pipe.write(bytes)).toBe(true);
    expect(await pipe.write('end')).toBe(true);
    pipe.end();
    expect((await output).equals(Buffer.concat([bytes, Buffer.from('end')]))).toBe(true);
    expect(await pipe.exited).toEqual({ code: 0, stderr: '' });
  });

  it('keeps its input open until it is ended', async () => {
    const pipe = open(sh('echo ready; cat >/dev/null; echo over'));
    const pieces = pipe.output[Symbol.asyncIterator]();
    expect(String((await pieces.next()).value)).toBe('ready\n');
    pipe.end();
    expect(String((await pieces.next()).value)).toBe('over\n');
    expect((await pieces.next()).done).toBe(true);
  });

  it('waits for a reader that is slow, and loses nothing, also after the program has ended', async () => {
    const pipe = open(sh('head -c 3000000 /dev/zero; echo wrong >&2; exit 3'));
    let bytes = 0;
    for await (const piece of pipe.output) {
      bytes += piece.length;
      if (bytes < 300_000) await delay(60);
    }
    expect(bytes).toBe(3_000_000);
    expect(await pipe.exited).toEqual({ code: 3, stderr: 'wrong\n' });
  });

  it('tells that the program has closed its input', async () => {
    const pipe = open({ program: 'true', args: [] });
    await bytesOf(pipe);
    await pipe.exited;
    expect(await pipe.write('x'.repeat(100_000))).toBe(false);
  });

  it('ends the program and its children when it is stopped, also if nobody reads', async () => {
    const pipe = open(sh('sleep 1000 & echo $!; yes'));
    const first = await pipe.output[Symbol.asyncIterator]().next();
    await pipe.stop();
    expect(await gone(Number.parseInt(String(first.value), 10))).toBe(true);
    expect((await pipe.exited).code).toBe(143);
  });

  it('closes the program when the reader stops', async () => {
    const pipe = open(sh('yes'));
    for await (const _ of pipe.output) break;
    expect([141, 1]).toContain((await pipe.exited).code);
  });

  it('ends with the reason of the signal', async () => {
    const over = new AbortController();
    const pipe = open({ ...sh('echo ready; sleep 1000'), signal: over.signal });
    await pipe.output[Symbol.asyncIterator]().next();
    over.abort(new Error('stopped by a test'));
    await expect(pipe.exited).rejects.toThrow('stopped by a test');
  });

  it('does not start when the signal has come before', async () => {
    const pipe = open({ ...sh('touch /tmp/never'), signal: AbortSignal.abort(new Error('too late')) });
    expect(await bytesOf(pipe)).toHaveLength(0);
    await expect(pipe.exited).rejects.toThrow('too late');
  });

  it('says what is missing', async () => {
    const pipe = open({ program: 'no-such-program', args: [] });
    expect(await bytesOf(pipe)).toHaveLength(0);
    await expect(pipe.exited).rejects.toMatchObject({ code: 'tool-missing', message: 'no-such-program is not installed, or not on PATH.' });
  });

  it('ends what the program leaves behind', async () => {
    const pipe = open(sh('sleep 1000 & echo $!'));
    const output = await bytesOf(pipe);
    expect((await pipe.exited).code).toBe(0);
    expect(await gone(Number.parseInt(String(output), 10))).toBe(true);
  });
});
