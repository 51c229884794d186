import { DeployError } from '../outcome/errors.js';
import type { Outcome, Span as StageSpan } from '../outcome/outcome.js';
import { isSuccess } from '../outcome/verdict.js';
import type { RunFacts } from '../ports/run-facts.js';
import type { ProgramEnd } from './observed-process.js';
import { shortened, type Attributes } from './span.js';

/*
 * What the spans of a run say, by the semantic conventions of OpenTelemetry for CI/CD, deployments, version control and command
 * lines (https://opentelemetry.io/docs/specs/semconv/cicd/cicd-spans/). What they have no name for is below `deploy_action`.
 */

type Env = Readonly<Record<string, string | undefined>>;

/** The pipeline as people know it: the workflow of GitHub, or this program. */
export const pipelineName = (env: Env): string => env['GITHUB_WORKFLOW'] || 'deploy-action';

/** What is true of every span of the run. */
export function resourceAttributes(env: Env, { repository, branch, commit, runUrl }: RunFacts, outcome: Outcome): Attributes {
  const [owner, name] = repository?.split('/') ?? [];
  const server = env['GITHUB_SERVER_URL'];
  return {
    'service.name': 'deploy-action',
    'deployment.environment.name': outcome.environment,
    'cicd.pipeline.name': pipelineName(env),
    'cicd.pipeline.run.id': env['GITHUB_RUN_ID'] || undefined,
    'cicd.pipeline.run.url.full': runUrl,
    'cicd.worker.name': env['RUNNER_NAME'] || undefined,
    'vcs.provider.name': env['GITHUB_ACTIONS'] === 'true' ? 'github' : undefined,
    'vcs.owner.name': owner,
    'vcs.repository.name': name,
    'vcs.repository.url.full': server && repository ? `${server}/${repository}` : undefined,
    'vcs.ref.head.name': branch,
    'vcs.ref.head.type': branch === undefined ? undefined : 'branch',
    'vcs.ref.head.revision': outcome.commit ?? commit,
  };
}

/** The result of a run as the conventions have it. A failure that is nobody's fault but the runner's or this program's is an `error`. */
function resultOf({ verdict, failure }: Outcome): string {
  if (isSuccess(verdict)) return 'success';
  const results: Readonly<Record<string, string>> = { 'cancelled': 'cancellation', 'deadline': 'timeout', 'tool-timeout': 'timeout', 'unexpected': 'error' };
  return results[failure?.cause ?? ''] ?? 'failure';
}

/** The span of the whole run. */
export const runAttributes = (outcome: Outcome, runId: string): Attributes => ({
  'cicd.pipeline.action.name': 'RUN',
  'cicd.pipeline.result': resultOf(outcome),
  'error.type': outcome.failure?.cause,
  'deployment.id': runId,
  'deployment.name': outcome.app,
  'deployment.status': isSuccess(outcome.verdict) ? 'succeeded' : 'failed',
  'k8s.namespace.name': outcome.namespace,
  'container.image.name': outcome.image,
  'container.image.tags': outcome.tags.length > 0 ? outcome.tags : undefined,
  'oci.manifest.digest': outcome.digest,
  'deploy_action.verdict': outcome.verdict,
  'deploy_action.failed_stage': outcome.failure?.stage,
  'deploy_action.target': outcome.target,
  'deploy_action.reference': outcome.reference,
  'deploy_action.previous_reference': outcome.previous.length > 0 ? outcome.previous : undefined,
});

const errorOf = ({ failure, verdict }: Outcome): string => (failure ? shortened(`${failure.cause}: ${failure.message}`) : verdict);

/** Why the run failed; undefined after a success. */
export const runError = (outcome: Outcome): string | undefined => (isSuccess(outcome.verdict) ? undefined : errorOf(outcome));

const taskTypes: Readonly<Partial<Record<StageSpan['stage'], string>>> = { test: 'test', build: 'build', tags: 'build', rollout: 'deploy', smoke: 'test', rollback: 'deploy' };

/** The span of a stage. Its run has no id of its own, and one address for all of them. */
export const stageAttributes = ({ stage, label, result }: StageSpan, outcome: Outcome, runId: string): Attributes => ({
  'cicd.pipeline.task.name': label,
  'cicd.pipeline.task.run.id': `${runId}/${stage}`,
  'cicd.pipeline.task.run.url.full': outcome.runUrl,
  'cicd.pipeline.task.run.result': result === 'ok' ? 'success' : stage === 'rollback' ? 'failure' : resultOf(outcome),
  'cicd.pipeline.task.type': taskTypes[stage],
  'error.type': result === 'ok' || stage === 'rollback' ? undefined : outcome.failure?.cause,
});

/** Why a stage failed. A rollback failed for reasons of its own. */
export const stageError = ({ stage }: Pick<StageSpan, 'stage'>, outcome: Outcome): string =>
  (stage === 'rollback' ? shortened(outcome.rollback?.notes.join(' ') || 'The previous version could not be restored or verified.') : errorOf(outcome));

/** The span of a program that was started. */
export const commandAttributes = (program: string, name: string, how: ProgramEnd | undefined): Attributes => ({
  'process.executable.name': program,
  'process.exit.code': how?.kind === 'exited' ? how.code : undefined,
  'error.type': how?.kind === 'failed' ? codeOf(how.error) : undefined,
  'deploy_action.command': name === program ? undefined : name,
});

/** The code of an error of this action: `tool-missing`, `tool-timeout`, `cancelled`. Its message may quote arguments. */
export const codeOf = (error: unknown): string => (error instanceof DeployError ? error.code : '_OTHER');
