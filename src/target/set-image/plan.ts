import type { Config } from '../../config/config.js';
import type { Plan, PlanStep } from '../../outcome/plan.js';
import type { Release } from '../../record/ledger.js';
import { describeRelease } from '../../record/releases.js';
import type { ImageChange } from './image-change.js';
import { setImageCommands } from './kubectl-set-image.js';
import { settingText } from '../../outcome/place-words.js';

/* The plan of a change of images. Pure. */

/**
 * @param typed formats a command of kubectl as it would be typed
 * @param first the workloads whose first pods are checked before the others follow
 */
export function stepOf(changes: readonly ImageChange[], isThere: boolean, typed: (args: readonly string[]) => string, first: readonly string[] = []): PlanStep {
  const marked = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');
  const refs = marked(changes.map(({ ref }) => ref));
  return isThere
    ? { stage: 'rollout', title: `verify ${refs} without a change: this digest is already set`, commands: [] }
    : { stage: 'rollout', title: `set the image of ${refs}${first.length === 0 ? '' : `, run the smoke checks against the first pods of ${marked(first)}`} and watch the rollout`, commands: setImageCommands(changes).map(typed) };
}

/**
 * @param unhealthy `deployment/api` → why it is not healthy now
 * @param wayBack the release that would be restored instead of the version that is not healthy
 */
export function rollbackOf(config: Pick<Config, 'rollback'>, unhealthy: ReadonlyMap<string, string>, wayBack: Release | undefined): NonNullable<Plan['rollback']> {
  if (config.rollback === 'off') return { possible: false, reason: `${settingText('rollback')} is off.` };
  if (unhealthy.size === 0) return { possible: true, reason: 'Every workload is healthy now. Its images are restored if anything fails.' };
  const broken = [...unhealthy].map(([workload, why]) => `${workload} is not healthy now (${why})`).join('; ');
  if (wayBack) return { possible: true, reason: `${broken}. If anything fails, the last verified release is restored instead: ${describeRelease(wayBack)}.` };
  return { possible: false, reason: `${broken}. If anything fails, the current images are restored, but there is no healthy version to roll back to.` };
}
