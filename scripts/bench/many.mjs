/** Many workloads at once: a new release on all of them, by the action or by kubectl, with everything that it costs. */
import { logOf, rolledOutMs, runAction } from '../live/action.mjs';
import { ask } from '../live/program.mjs';
import { withUsage } from './measure.mjs';
import { settled } from './stand.mjs';

/** @typedef {import('./requests-counter.mjs').Counts} Counts */
/** @typedef {<R>(act: () => Promise<R>) => Promise<{ result: R, counts: Counts }>} Counted */

/**
 * @typedef {object} Cost
 * @property {number} wall ms, the whole step or commands
 * @property {number} rolledOut ms from the change
 * @property {number} peakMiB of the process of the action; NaN for kubectl
 * @property {Counts} counts requests to the API server
 */

/** @typedef {{ image: string, tag: string, digest: string }} Pushed */

/**
 * @param {import('./stand.mjs').Stand} stand
 * @param {Counted} counted
 * @param {readonly string[]} names of Deployments
 * @param {Pushed} pushed
 * @param {readonly string[]} [smoke] a check for each of these Services
 * @returns {Promise<Cost>}
 */
export async function byAction({ env, namespace }, counted, names, { image, digest }, smoke = []) {
  const inputs = {
    image, digest, kubeconfig: namespace.kubeconfig, namespace: namespace.name,
    workloads: names.map((each) => `deployment/${each}`).join('\n'), smoke: smoke.map((each) => `service/${each}/ -> 200`).join('\n'),
  };
  const { result: { result, usage }, counts } = await counted(() => withUsage(({ node, env: more }) => runAction({ action: 'rollout', node, env: { ...env, ...more }, inputs })));
  const rolledOut = rolledOutMs(result);
  if (result.outputs.verdict !== 'deployed' || rolledOut === undefined) throw new Error(`A good release ended ${result.outputs.verdict}: ${result.outputs.cause}\n${logOf(result)}`);
  await settled(namespace);
  return { wall: result.durationMs, rolledOut, peakMiB: usage.peakMiB, counts };
}

/**
 * @param {import('./stand.mjs').Stand} stand
 * @param {Counted} counted
 * @param {readonly string[]} names of Deployments
 * @param {Pushed} pushed
 * @returns {Promise<Cost>}
 */
export async function byHand({ env, namespace }, counted, names, { image, digest }) {
  const own = { env: { ...env, KUBECONFIG: namespace.kubeconfig } };
  const begun = performance.now();
  const { result: wall, counts } = await counted(async () => {
    await ask('kubectl', ['set', 'image', ...names.map((each) => `deployment/${each}`), `web=${image}@${digest}`], own);
    for (const each of names) await ask('kubectl', ['rollout', 'status', `deployment/${each}`], own);
    return performance.now() - begun;
  });
  await settled(namespace);
  return { wall, rolledOut: wall, peakMiB: NaN, counts };
}
