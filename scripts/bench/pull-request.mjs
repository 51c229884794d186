/** What the check of a pull request costs for 1, 10 and 50 workloads: settings, preflight, server-side dry runs, the page. */
import { logOf, runAction } from '../live/action.mjs';
import { push } from './app.mjs';
import { onHollowNode, withHollowNode } from './hollow-node.mjs';
import { mebibytes, median, range, seconds, withUsage } from './measure.mjs';
import { deployment, service, apply, start, withBuilt, withNamespace } from './stand.mjs';

export const name = 'pull-request';
export const needsSandbox = true;

const counts = [1, 10, 50];
const names = Array.from({ length: Math.max(...counts) }, (_, index) => `web-${String(index).padStart(2, '0')}`);

/** @typedef {{ wall: number, preflight: number, peakMiB: number, diffs: number }} Cost */

/** @param {import('./benchmark.mjs').Context} context */
export const run = ({ env, runs }) => withBuilt(env, (app, first) => withHollowNode(env, 1000, () => withNamespace(env, async (namespace) => {
  await start(namespace, names.map((each) => deployment(each, first, { replicas: 1, pod: onHollowNode })));
  await apply(namespace, names.map((each) => service(each)));
  const pushed = await push(env, app, {});
  /** @type {Cost[][]} */
  const seen = counts.map(() => []);
  for (let round = 0; round < runs; round += 1) {
    for (const [index, count] of counts.entries()) seen[index]?.push(await check({ env, namespace }, pushed, names.slice(0, count)));
  }
  return report(seen);
})));

/**
 * @param {Pick<import('./stand.mjs').Stand, 'env' | 'namespace'>} stand
 * @param {import('./many.mjs').Pushed} pushed
 * @param {readonly string[]} chosen
 * @returns {Promise<Cost>}
 */
async function check({ env, namespace }, { image, digest }, chosen) {
  const inputs = { image, digest, kubeconfig: namespace.kubeconfig, namespace: namespace.name, workloads: chosen.map((each) => `deployment/${each}`).join('\n') };
  const { result, usage } = await withUsage(({ node, env: more }) => runAction({ action: 'pr-check', node, env: { ...env, ...more }, inputs }));
  const diffs = result.report?.check?.environments[0]?.differences.length ?? 0;
  if (result.outputs.verdict !== 'checked' || diffs !== chosen.length) throw new Error(`A check ended ${result.outputs.verdict} with ${diffs} diffs:\n${logOf(result)}`);
  const [{ endMs, startMs }] = result.report.timeline;
  return { wall: result.durationMs, preflight: endMs - startMs, peakMiB: usage.peakMiB, diffs };
}

/** @param {readonly (readonly Cost[])[]} seen */
function report(seen) {
  return {
    title: 'The check of a pull request',
    about: 'The whole step of `pr-check` for Deployments of one replica in one namespace, whose image would change: settings, the preflight with a server-side dry run of each, and the text of the comment. '
      + 'Nothing is sent to GitHub. Target: 3 s for 50.',
    head: ['workloads', 'step', 'range', 'of it the preflight', 'peak memory'],
    rows: counts.map((count, index) => {
      const costs = seen[index] ?? [];
      const walls = costs.map(({ wall }) => wall);
      return [String(count), seconds(median(walls)), range(walls), seconds(median(costs.map(({ preflight }) => preflight))),
        mebibytes(Math.max(...costs.map(({ peakMiB }) => peakMiB)))];
    }),
    notes: [`n = ${seen[0]?.length}. The pods are on a simulated node, which runs nothing.`],
  };
}
