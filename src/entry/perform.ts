import { appName } from '../config/assemble.js';
import { keepMemoryFlat } from '../host/flat-memory.js';
import { quietSdk } from '../host/quiet-sdk.js';
import { ConfigError, type DeployError } from '../outcome/errors.js';
import type { Outcome } from '../outcome/outcome.js';
import { asDeployError } from '../workflow/failure.js';
import type { Run } from '../workflow/run.js';
import type { Ports } from '../ports/ports.js';
import { openMigrationData } from './migration.js';
import { readConfig, warnOfSettings, withoutPlace, type Request } from './read-config.js';

/** Runs an action from its raw inputs to its outcome. Every failure is an outcome; it does not reject. */
export async function perform(ports: Ports, request: Request): Promise<Outcome> {
  const startedAt = ports.clock.monotonic();
  const startedAtWall = ports.clock.now();
  try {
    if (request.action === 'pr-check') {
      const { checkPullRequest } = await import('./pull-request.js');
      return await checkPullRequest(ports, { ...request, startedAt, startedAtWall });
    }
    const read = await readConfig(ports, request);
    warnOfSettings(ports, read);
    const { config } = read;
    const run: Run = { ...request, ports, config, startedAt, startedAtWall, ...config.migrate && { openMigrationData } };
    request.follow(run);
    if (config.backup) {
      quietSdk();
      keepMemoryFlat();
    }
    if (request.action === 'backup') {
      const { backUp } = await import('../workflow/backup.js');
      return await backUp(run);
    }
    if (config.disaster) {
      const { recover } = await import('../workflow/disaster.js');
      return await recover(run);
    }
    if (request.action === 'restore') {
      const { restore } = await import('../workflow/restore.js');
      return await restore(run);
    }
    if (request.action === 'rollback') {
      const { rollBack } = await import('../workflow/rollback.js');
      return await rollBack(run);
    }
    const { deploy } = await import('../workflow/deploy.js');
    return await deploy(run);
  } catch (thrown) {
    // Each problem is shown at its place: on GitHub next to the line of the file.
    if (thrown instanceof ConfigError) for (const problem of thrown.problems) ports.log.error(withoutPlace(problem), problem);
    return unstarted(request, asDeployError(thrown), { startedAtWall, durationMs: ports.clock.monotonic() - startedAt });
  }
}

/** The outcome of a run for which no folder could be created: its settings were not read. */
export function withoutFolder({ clock }: Pick<Ports, 'clock'>, request: Pick<Request, 'inputs' | 'facts'>, error: DeployError): Outcome {
  const outcome = unstarted(request, error, { startedAtWall: clock.now(), durationMs: 0 });
  return outcome.failure ? { ...outcome, failure: { ...outcome.failure, stage: 'preflight' } } : outcome;
}

const unstarted = (request: Pick<Request, 'inputs' | 'facts'>, error: DeployError, times: { startedAtWall: number; durationMs: number }): Outcome => ({
  verdict: 'failed',
  failure: { cause: error.code, stage: 'config', message: error.message, hint: error.hint, evidence: error.evidence },
  app: (error instanceof ConfigError ? error.app : undefined) ?? appName(request.inputs, request.facts.repository),
  environment: request.inputs['environment'],
  commit: request.facts.commit, runUrl: request.facts.runUrl, startedAt: times.startedAtWall, durationMs: Math.round(times.durationMs),
  tags: [], changes: [], previous: [], timeline: [], undoCommands: [], warnings: [],
});
