import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { alone } from '../../sandbox/lock.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('alone', () => {
  it('leaves no lock behind, also after a failure', async () => {
    const lock = join(folder, 'lock');
    await expect(alone(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(existsSync(lock)).toBe(false);
    expect(await alone(lock, () => Promise.resolve(existsSync(lock)))).toBe(true);
    expect(existsSync(lock)).toBe(false);
  });

  it('is not kept waiting by a holder that was killed', async () => {
    const lock = join(folder, 'lock');
    const holder = spawn('flock', [lock, 'sh', '-c', 'echo held; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    await once(holder.stdout, 'data');
    process.kill(-(holder.pid as number), 'SIGKILL');
    await once(holder, 'exit');
    expect(await alone(lock, () => Promise.resolve('mine'))).toBe('mine');
  });
});
