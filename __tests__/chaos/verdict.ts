import type { ActionResult } from '../e2e/harness/run-action.js';

export interface Ended {
  /** The last verdict of main and post; `nothing` when neither lived to give one, or had anything to say. */
  readonly verdict: string;
  readonly cause: string;
  /** As it came: `killed → rolled-back`. */
  readonly said: string;
}

const verdicts = ['deployed', 'unchanged', 'planned', 'tested', 'built', 'failed', 'rolled-back', 'rollback-failed'];

/** What a run said of itself: the main step by its outputs, the post step by the last lines of its log. */
export function endingOf(result: ActionResult): Ended {
  const main = result.outputs.verdict;
  const post = result.post?.log.split('\n').map((line) => /^([a-z-]+): /.exec(line)?.[1]).findLast((word) => word !== undefined && verdicts.includes(word));
  const first = main ?? (result.signal ? 'killed' : `ended with ${result.exitCode}`);
  return { verdict: post ?? main ?? 'nothing', cause: result.outputs.cause ?? '', said: post ? `${first} → ${post}` : first };
}

const successes = ['deployed', 'unchanged', 'planned', 'tested', 'built'];

/** What does not fit together in what a run left on the runner, whatever is true of the cluster. */
export function inconsistencies(result: ActionResult): string[] {
  const { verdict } = result.outputs;
  const found: string[] = [];
  // What is killed after it has given its verdict has no exit code to give.
  if (verdict !== undefined && result.signal !== 'SIGKILL' && result.exitCode !== (successes.includes(verdict) ? 0 : 1)) found.push(`verdict ${verdict} with exit code ${result.exitCode}`);
  if (verdict === undefined && result.signal !== 'SIGKILL') found.push(`no verdict (exit code ${result.exitCode}, signal ${result.signal})`);
  if (result.outputs.cause === 'unexpected') found.push('the cause is `unexpected`: a bug in this action');
  // Where the post step is left out, what was just being started when all was killed is looked for too early.
  if (result.leftovers.length > 0 && (result.signal !== 'SIGKILL' || result.post)) found.push(`processes outlived the job: ${result.leftovers.join('; ')}`);
  const lines = [...result.lines, ...(result.post?.lines ?? [])].map(({ text }) => text);
  if (lines.some((text) => text.startsWith('[test] took too long'))) found.push('it did not end');
  if (lines.some((text) => text.includes('did not exit and was stopped'))) found.push('it did not end by itself');
  const temporary = result.temporary.filter((file) => !file.startsWith('deploy-report-'));
  if (result.post && temporary.length > 0) found.push(`files were left: ${temporary.join(', ')}`);
  return found;
}
