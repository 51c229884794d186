import { systemClock } from '../host/clock.js';
import { disk } from '../host/disk.js';
import { createFiles } from '../host/files.js';
import { createHttp } from '../host/http.js';
import { createRunnerLog } from '../host/log.js';
import { createPrinter } from '../host/print.js';
import { thisMachine } from '../host/machine.js';
import { createMail } from '../host/mail.js';
import { createPipes } from '../host/pipe.js';
import { createProcessRunner } from '../host/process.js';
import { proxySecrets } from '../host/proxy-environment.js';
import { readInputs } from '../host/runner.js';
import type { Listener } from '../outcome/events.js';
import type { Ports } from '../ports/ports.js';
import type { Trace } from '../ports/trace.js';
import { tellDefects } from './ending.js';
import { cancellation } from './signals.js';
import { maskCollectorSecrets, traceOf } from './tracing.js';

/** A step on the GitHub runner. */
export interface RunnerStep {
  readonly ports: Ports;
  /** How the log follows a run, if not by a line for each stage. */
  readonly hear?: Listener['hear'];
}

/**
 * The ports of a step.
 * @param id of the run
 * @param traceparent the span of another step of the run that this one continues
 */
export async function runnerStep(id: string, traceparent = ''): Promise<RunnerStep> {
  const env = traceparent === '' ? process.env : { ...process.env, TRACEPARENT: traceparent };
  const trace = traceOf(env);
  const { log, ...following } = await openLog(id, trace);
  for (const secret of proxySecrets(process.env)) log.mask(secret);
  await maskCollectorSecrets(process.env, log);
  tellDefects({ log });
  return {
    ...following,
    ports: {
      ...withGitHub({ http: createHttp(process.env), clock: systemClock, log, env }),
      process: createProcessRunner(), pipe: createPipes(), files: createFiles(), disk, mail: createMail(), machine: thisMachine, trace,
      cancelled: cancellation(),
    },
  };
}

async function openLog(id: string, trace: Trace): Promise<Pick<Ports, 'log'> & Pick<RunnerStep, 'hear'>> {
  const write = createPrinter();
  if (readInputs(['log'])['log'] === 'json') {
    const { openJsonOutput } = await import('./json-output.js');
    return openJsonOutput(write, 'runner', { run: id, trace: trace.id });
  }
  return { log: createRunnerLog(write) };
}

/** The same ports with GitHub's API, whose code is loaded when it is opened. */
export const withGitHub = <P extends Pick<Ports, 'http' | 'clock' | 'log' | 'env'>>(ports: P): P & Pick<Ports, 'github'> => ({
  ...ports,
  github: async (token) => {
    const { createGitHub } = await import('../host/github-client.js');
    return createGitHub(ports, token);
  },
});

/** Ports whose temporary folders are all below the folder of the run: removing that one removes every secret. */
export const inFolder = (folder: string, ports: Ports): Ports => ({ ...ports, files: createFiles(folder) });
