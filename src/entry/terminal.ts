import { commands } from '../config/commands.js';
import { didYouMean } from '../config/kit/did-you-mean.js';
import { systemClock } from '../host/clock.js';
import { createFiles, removeAtExit } from '../host/files.js';
import { createHttp } from '../host/http.js';
import { proxySecrets } from '../host/proxy-environment.js';
import { createTerminalLog, wantsColour } from '../host/log.js';
import { thisMachine } from '../host/machine.js';
import { createProcessRunner } from '../host/process.js';
import { randomUUID } from '../host/random-id.js';
import { readArguments, readGitFacts } from '../host/terminal.js';
import type { ActionName } from '../outcome/action.js';
import { ConfigError, describeProblem } from '../outcome/errors.js';
import { isSuccess } from '../outcome/verdict.js';
import { asDeployError } from '../workflow/failure.js';
import type { Ports } from '../ports/ports.js';
import { endSoon, leftBehind, outliveReaders, tellDefects, tellFailure } from './ending.js';
import { createAnnouncer } from '../workflow/announcer.js';
import { listenersOf } from './listeners.js';
import { perform, withoutFolder, type Request } from './perform.js';
import { tell } from './report.js';
import { within } from './runner-ports.js';
import { cancellation } from './signals.js';

/** `node dist/cli.js deploy --flag value …`: the same code as on the runner, with flags for inputs. */
export async function runTerminal(): Promise<void> {
  outliveReaders();
  const env = process.env;
  const log = createTerminalLog((text) => process.stdout.write(text), { colour: wantsColour(env, process.stdout.isTTY) });
  for (const secret of proxySecrets(env)) log.mask(secret);
  tellDefects({ log });
  try {
    const request = readArguments(process.argv.slice(2), commands, env, didYouMean);
    if (request.kind === 'help') process.stdout.write(`${request.text}\n`);
    else {
      const ports: Ports = {
        process: createProcessRunner(), clock: systemClock, files: createFiles(), http: createHttp(env), env, machine: thisMachine, log,
        cancelled: cancellation(impatience(log)),
      };
      process.exitCode = await runCommand(ports, request.command, request).finally(() => { endSoon(ports); });
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) {
      tellFailure({ log }, 'The command failed', error);
      return;
    }
    for (const problem of error.problems) log.error(describeProblem(problem));
    process.exitCode = 2;
  }
}

/** The third Ctrl-C ends this process; the next run finishes the rollback. */
const impatience = (log: Ports['log']) => (count: number): void => {
  if (count === 2) {
    log.warning('Still restoring the previous version. Press Ctrl-C once more to stop now and leave it unfinished.');
    return;
  }
  log.error('Stopped. A rollout that had started is unfinished: in a cluster the next run of this app finishes it first, and a deployment by `command` is left as it is.');
  process.exit(130);
};

/** @returns the exit code */
async function runCommand(ports: Ports, action: ActionName, { inputs, ambient }: Pick<Request, 'inputs' | 'ambient'>): Promise<number> {
  const id = randomUUID();
  const request = { action, id, hasPost: false, inputs, ambient, facts: await readGitFacts(ports.process) };
  const folder = await ports.files.temporaryFolder().catch((error: unknown) => asDeployError(error));
  if (typeof folder !== 'string') {
    await tell(ports, withoutFolder(ports, request, folder), 'deploy-report.json');
    return 1;
  }
  // In a terminal no post step follows, and the folder may contain the login of the registry.
  removeAtExit(folder, (error) => { ports.log.warning(leftBehind(folder, error)); });
  try {
    const { announce, close } = createAnnouncer(ports, listenersOf(ports));
    const outcome = await perform(within(folder, ports), { ...request, folder, announce, keep: () => Promise.resolve() });
    const { outcome: redacted } = await tell(ports, outcome, 'deploy-report.json');
    announce({ kind: 'ended', outcome: redacted });
    await close();
    return isSuccess(outcome.verdict) ? 0 : 1;
  } finally {
    await ports.files.remove(folder).catch((error: unknown) => { ports.log.warning(leftBehind(folder, error)); });
  }
}
