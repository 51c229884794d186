import type { GateConfig } from '../config/config.js';
import { CommandError } from '../outcome/errors.js';
import type { Ports } from '../ports/ports.js';
import { explainFailure } from '../script/explain.js';
import { lastOutput, runScript } from '../script/run-script.js';

type GatePorts = Pick<Ports, 'process' | 'files' | 'log' | 'env' | 'clock' | 'cancelled'>;

/**
 * Runs the user's commands as one script, and resolves when it exits with 0.
 * @throws CommandError test-failed that names the line that failed, with the last lines of its output
 */
export async function runGate(ports: GatePorts, { commands: lines, workingDirectory }: GateConfig): Promise<void> {
  const script = { name: 'test', lines, workingDirectory };
  await ports.log.group(workingDirectory === '.' ? 'test' : `test  in ${workingDirectory}`, async () => {
    for (const line of lines) ports.log.command(line);
    const ran = await runScript(ports, script, ports.cancelled, (line) => ports.log.output(line));
    if (ran.code === 0) return;
    const { message, hint } = explainFailure(ran, 'The test gate', 'test');
    throw new CommandError('test-failed', message, { hint, evidence: lastOutput(ran, 'the test gate').map((piece) => ({ ...piece, isPrinted: true })) });
  });
}
