import { systemClock } from '../host/clock.js';
import { createFiles } from '../host/files.js';
import { createHttp } from '../host/http.js';
import { createRunnerLog } from '../host/log.js';
import { createPrinter } from '../host/print.js';
import { thisMachine } from '../host/machine.js';
import { createProcessRunner } from '../host/process.js';
import { proxySecrets } from '../host/proxy-environment.js';
import type { Ports } from '../ports/ports.js';
import { tellDefects } from './ending.js';
import { cancellation } from './signals.js';

/** The ports of a step on the GitHub runner. */
export function runnerPorts(): Ports {
  const log = createRunnerLog(createPrinter());
  for (const secret of proxySecrets(process.env)) log.mask(secret);
  tellDefects({ log });
  return {
    ...withGitHub({ http: createHttp(process.env), clock: systemClock, log, env: process.env }),
    process: createProcessRunner(), files: createFiles(), machine: thisMachine, cancelled: cancellation(),
  };
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
export const within = (folder: string, ports: Ports): Ports => ({ ...ports, files: createFiles(folder) });
