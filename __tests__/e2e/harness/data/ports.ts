import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../../src/host/clock.js';
import { disk } from '../../../../src/host/disk.js';
import { createFiles } from '../../../../src/host/files.js';
import { createHttp } from '../../../../src/host/http.js';
import { thisMachine } from '../../../../src/host/machine.js';
import { createPipes } from '../../../../src/host/pipe.js';
import { createProcessRunner } from '../../../../src/host/process.js';
import type { DataContext } from '../../../../src/data/engine.js';
import type { DataFailure } from '../../../../src/data/error.js';
import type { Spool } from '../../../../src/ports/disk.js';
import type { Ports } from '../../../../src/ports/ports.js';

/** A log that nobody reads. */
const silent = new Proxy({}, { get: () => () => undefined });

/** The real ports, as far as databases need them. */
export function realPorts(env: NodeJS.ProcessEnv = process.env): Ports {
  return {
    process: createProcessRunner(), pipe: createPipes(), clock: systemClock, files: createFiles(), disk, machine: thisMachine,
    http: createHttp(env), env, log: silent,
    cancelled: new AbortController().signal,
  } as unknown as Ports;
}

let runs = 0;

/** As of a run of its own. */
export const dataContext = (failure: DataFailure = 'backup-failed', ports: Ports = realPorts(), app = 'shop'): DataContext =>
  ({ ports, id: `test-${process.pid}-${(runs += 1)}`, app, failure, signal: new AbortController().signal, progress: () => undefined });

export const newSpool = (): Promise<Spool> => disk.spool(mkdtempSync(join(tmpdir(), 'acci-test-')));
