import { join } from 'node:path';
import type { GateConfig } from '../config/config.js';
import { CommandError } from '../outcome/errors.js';
import type { Ports } from '../ports/ports.js';
import { gateEnvironment } from './environment.js';
import { explainGateFailure, readFailedLine, topLevel, wrapper } from './script.js';

type GatePorts = Pick<Ports, 'process' | 'files' | 'log' | 'env' | 'cancelled'>;

const evidenceLines = 40;

/**
 * Runs the user's commands as one script by `bash -eo pipefail`, in their working directory, and resolves when it ends
 * with 0. Throws CommandError `test-failed` that names the line that failed, with the last lines of its output; what
 * the script left running in the background is ended with it.
 */
export async function runGate(ports: GatePorts, gate: GateConfig): Promise<void> {
  const folder = await ports.files.temporaryFolder();
  try {
    await ports.log.group(gate.workingDirectory === '.' ? 'test' : `test  in ${gate.workingDirectory}`, () => run(ports, gate, folder));
  } finally {
    await ports.files.remove(folder);
  }
}

async function run(ports: GatePorts, gate: GateConfig, folder: string): Promise<void> {
  const script = join(folder, 'test.sh');
  const record = join(folder, 'failed');
  // From a file, so that no quoting is needed, and messages of bash carry the lines that the user knows.
  await ports.files.writeText(script, `${gate.commands.join('\n')}\n`, 0o600);
  for (const command of gate.commands) ports.log.command(command);
  const last: string[] = [];
  const exited = await ports.process.run({
    program: 'bash',
    args: ['--noprofile', '--norc', '-eo', 'pipefail', '-c', wrapper, script, record],
    cwd: gate.workingDirectory,
    env: gateEnvironment(ports.env),
    signal: ports.cancelled,
    onLine: (line) => {
      ports.log.output(line);
      last.push(line);
      if (last.length > evidenceLines) last.shift();
    },
  });
  if (exited.code === 0) return;
  const failed = readFailedLine(await ports.files.readText(record + topLevel), script);
  const { code, message, hint } = explainGateFailure(exited.code, gate.commands, failed, last);
  const evidence = last.length > 0 ? [{ title: 'last lines of the test gate', text: last.join('\n') }] : [];
  throw new CommandError(code, message, { hint, evidence });
}
