import { basename, relative } from 'node:path';
import { commands, outputFlags, type CommandName } from '../config/commands.js';
import { readEmission } from '../config/emission.js';
import { defaultSettingsFile } from '../config/sections/run.js';
import { didYouMean } from '../config/kit/did-you-mean.js';
import { createFiles, removeAtExit } from '../host/files.js';
import { wantsColour } from '../host/log.js';
import { createProcessRunner } from '../host/process.js';
import { randomUUID } from '../host/random-id.js';
import { readArguments, readGitFacts, type Request as Arguments } from '../host/terminal.js';
import type { ActionName } from '../outcome/action.js';
import { CancelledError, ConfigError, describeProblem } from '../outcome/errors.js';
import { exitCodeOf, exitCodeOfSignal } from '../outcome/exit-code.js';
import type { Outcome } from '../outcome/outcome.js';
import { speakAs } from '../outcome/place-words.js';
import { messageOf } from '../outcome/wording.js';
import { plainLine } from '../outcome/plain.js';
import { createPaint } from '../report/terminal/paint.js';
import { asDeployError } from '../workflow/failure.js';
import type { Ports } from '../ports/ports.js';
import { endSoon, leftBehind, outliveReaders, tellFailure } from './ending.js';
import { createAnnouncer } from '../workflow/announcer.js';
import { followersOf } from './listeners.js';
import { perform, withoutFolder } from './perform.js';
import { summaryOf, tell, type Told } from './report.js';
import { terminalPorts } from './terminal-ports.js';
import { checkReports, writeReports } from './terminal-reports.js';
import { inFolder } from './runner-ports.js';
import { cancellation } from './signals.js';
import { openOutput } from './terminal-output.js';
import type { OpenScreen } from './terminal-screen.js';
import { traced, traceOf } from './tracing.js';
import { versionLine } from './version.js';

type Run = Extract<Arguments<ActionName>, { readonly kind: 'run' }>;

/**
 * `deploy-action deploy --flag value …`: the same code as on the runner, with flags for inputs.
 * @param folder of dist/
 */
export async function runTerminal(folder: string): Promise<void> {
  speakAs('terminal');
  outliveReaders();
  const { argv, env } = process;
  const program = programName(argv[1] ?? '');
  try {
    const request = readArguments(argv.slice(2), commands, { env, program, suggest: didYouMean });
    if (request.kind === 'help') process.stdout.write(`${request.text}\n`);
    else if (request.kind === 'version') process.stdout.write(`${await versionLine({ files: createFiles(), process: createProcessRunner() }, folder)}\n`);
    else process.exitCode = await runCommandOf(request);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    refuse(error, program);
  }
}

async function runCommandOf({ command, inputs, ambient, kind }: Extract<Arguments<CommandName>, { readonly kind: 'run' }>): Promise<number> {
  const emitted = command === 'backup' ? readEmission(inputs) : undefined;
  if (emitted) {
    const { printManifests } = await import('./terminal-emit.js');
    await printManifests(emitted.emission, emitted.rest);
    return 0;
  }
  if (command === 'backups' || command === 'prune') {
    const { printBackups } = await import('./terminal-backups.js');
    return printBackups({ command, id: randomUUID(), inputs, ambient });
  }
  if (command !== 'history') return runInTerminal({ kind, command, inputs, ambient });
  const { printHistory } = await import('./terminal-history.js');
  return printHistory({ id: randomUUID(), inputs, ambient });
}

/** As it was called: through npx by its name, otherwise by its path. */
const programName = (script: string): string => (basename(script) === 'cli.js' ? `node ${relative('.', script)}` : basename(script) || 'deploy-action');

/** What is wrong with the command line. */
function refuse({ problems }: ConfigError, program: string): void {
  const { red, bold } = createPaint(wantsColour(process.env, process.stderr.isTTY));
  const command = process.argv[2] !== undefined && Object.hasOwn(commands, process.argv[2]) ? `${process.argv[2]} ` : '';
  for (const problem of problems) process.stderr.write(`${red(bold('error:'))} ${plainLine(describeProblem(problem))}\n`);
  process.stderr.write(`Run \`${program} ${command}--help\` for the options.\n`);
  process.exitCode = 2;
}

/** @returns the exit code */
async function runInTerminal({ command, inputs, ambient }: Run): Promise<number> {
  const { env } = process;
  const { verbose, json, report } = inputs;
  const reports = report?.split('\n') ?? [];
  const files = createFiles();
  await checkReports(files, reports, inputs['config'] ?? defaultSettingsFile);
  const [id, trace] = [randomUUID(), traceOf(env)];
  const open = await openOutput(env, { verbose: verbose === 'true', json: json === 'true', isJsonLog: inputs['log'] === 'json' }, { run: id, trace: trace.id });
  const { log } = open;
  const ports = await terminalPorts(env, { log, trace, cancelled: cancellation(impatience(open)) });
  const settings = Object.fromEntries(Object.entries(inputs).filter(([name]) => !outputFlags.some((own) => own === name)));
  try {
    const told = await runCommand(ports, open, { kind: 'run', command, inputs: settings, ambient }, id);
    await writeReports(ports, told, reports);
    if (json === 'true') await printReport(log, told.report ?? '{}\n');
    const { reason } = ports.cancelled as { readonly reason: unknown };
    return exitCodeOf(told.outcome, reason instanceof CancelledError ? reason.signal : undefined);
  } catch (error) {
    tellFailure({ log }, 'The command failed', error);
    return 1;
  } finally {
    open.close();
    endSoon(ports);
  }
}

/** The third Ctrl-C ends this process; the next run finishes the rollback. */
const impatience = ({ log, close }: OpenScreen) => (count: number, signal: string): void => {
  if (count === 1) log.warning(`Stopping after ${signal}. What was changed is undone first.`);
  if (count === 2) log.warning('Still restoring the previous version. Press Ctrl-C once more to stop now and leave it unfinished.');
  if (count < 3) return;
  log.error('Stopped. A rollout that had started is unfinished: in a cluster the next run of this app finishes it first, and a deployment by `command` is left as it is.');
  close();
  process.exit(exitCodeOfSignal(signal));
};

async function runCommand(own: Ports, open: OpenScreen, { command, inputs, ambient }: Run, id: string): Promise<Told> {
  const { hear, printEnd, annotate } = open;
  const request = { action: command, id, hasPost: false, inputs, ambient, facts: await readGitFacts(own.process) };
  const { ports, listeners } = await traced(own, request);
  const folder = await ports.files.temporaryFolder().catch((error: unknown) => asDeployError(error));
  if (typeof folder !== 'string') return tell(ports, withoutFolder(ports, request, folder), { print: printEnd });
  // In a terminal no post step follows, and the folder may contain the login of the registry.
  removeAtExit(folder, (error) => { ports.log.warning(leftBehind(folder, error)); });
  try {
    const { announce, follow, close } = createAnnouncer(ports, [{ name: 'The screen', hear }, ...listeners]);
    const outcome = await perform(inFolder(folder, ports), {
      ...request, folder, announce, annotate, follow: (run) => { follow(followersOf(run)); }, keep: () => Promise.resolve(),
    });
    const told = await tell(ports, outcome, { print: (end) => printAll(open, end) });
    announce({ kind: 'ended', outcome: told.outcome });
    await close();
    return told;
  } finally {
    await ports.files.remove(folder).catch((error: unknown) => { ports.log.warning(leftBehind(folder, error)); });
  }
}

/** Of the check of a pull request, what its comment would say, and then the end as of any run. */
async function printAll({ printEnd, printPage }: OpenScreen, outcome: Outcome): Promise<void> {
  if (outcome.check) printPage(await summaryOf(outcome));
  await printEnd(outcome);
}

/** The run is over, so a report that cannot be printed changes nothing in its exit code. A reader that has gone does not want it. */
const printReport = (log: Ports['log'], report: string): Promise<void> => new Promise((resolve) => {
  process.stdout.write(report, (error) => {
    if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') log.warning(`The report is missing: ${messageOf(error)}`);
    resolve();
  });
});
