import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { listenerOn } from '../../sandbox/listeners.mjs';
import { end, startOf } from '../../sandbox/process.mjs';
import { until } from '../../sandbox/wait.mjs';

describe('startOf', () => {
  it('knows a process from one that has ended', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    expect(startOf(child.pid as number)).toMatch(/^\d+$/);
    await end(child.pid as number);
    expect(startOf(child.pid as number)).toBeUndefined();
  });

  it('takes a zombie for what it is', async () => {
    // The shell becomes a sleep, which never asks after the child that it inherits.
    const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const zombie = Number(line.toString());
    expect(startOf(zombie)).toBeDefined();
    await until('the zombie', () => startOf(zombie) === undefined, { seconds: 5 });
    expect(() => process.kill(zombie, 0)).not.toThrow();
    await end(parent.pid as number);
  });

  it('is not misled by the name of a program', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sandbox-process-'));
    const program = join(folder, 'x) Z 1 1');
    copyFileSync('/bin/sleep', program);
    const child = spawn(program, ['60']);
    await once(child, 'spawn');
    expect(startOf(child.pid as number)).toMatch(/^\d{2,}$/);
    await end(child.pid as number);
    rmSync(folder, { recursive: true });
  });
});

describe('end', () => {
  it('kills what does not listen', async () => {
    const child = spawn('sh', ['-c', 'trap "" TERM; echo deaf; while :; do sleep 0.1; done'], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(child.stdout, 'data');
    await end(child.pid as number, { seconds: 0.3 });
    expect(startOf(child.pid as number)).toBeUndefined();
  });
});

describe('listenerOn', () => {
  it('names the process that holds a port', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(listenerOn(port)).toMatchObject({ pid: process.pid });
    await new Promise((resolve) => server.close(resolve));
    expect(listenerOn(port)).toBeUndefined();
  });
});
