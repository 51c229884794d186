import { systemClock } from '../host/clock.js';
import { disk } from '../host/disk.js';
import { createFiles } from '../host/files.js';
import { createHttp } from '../host/http.js';
import { proxySecrets } from '../host/proxy-environment.js';
import { thisMachine } from '../host/machine.js';
import { createMail } from '../host/mail.js';
import { createPipes } from '../host/pipe.js';
import { createProcessRunner } from '../host/process.js';
import type { Ports } from '../ports/ports.js';
import { tellDefects } from './ending.js';
import { withGitHub } from './runner-ports.js';
import { maskCollectorSecrets } from './tracing.js';

/** The ports of a command in a terminal. Secrets of its environment are hidden in the log. */
export async function terminalPorts(env: NodeJS.ProcessEnv, given: Pick<Ports, 'log' | 'trace' | 'cancelled'>): Promise<Ports> {
  const { log } = given;
  for (const secret of proxySecrets(env)) log.mask(secret);
  await maskCollectorSecrets(env, log);
  tellDefects({ log });
  return {
    ...withGitHub({ http: createHttp(env), clock: systemClock, log, env }),
    process: createProcessRunner(), pipe: createPipes(), files: createFiles(), disk, mail: createMail(), machine: thisMachine, ...given,
  };
}
