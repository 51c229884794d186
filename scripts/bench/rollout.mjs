/** A good rollout of an image that is in the registry: the action, kubectl and Helm, in turn. */
import { logOf, rolledOutMs, runAction, changedAtMs } from '../live/action.mjs';
import { ask } from '../live/program.mjs';
import { push } from './app.mjs';
import { installChart } from './helm.mjs';
import { median, range, ratio, seconds } from './measure.mjs';
import { apply, complete, deployment, service, settled, withApp, withNamespace } from './stand.mjs';

export const name = 'rollout';
export const needsSandbox = true;

/** @typedef {{ whole: number, rolledOut?: number }} Timed in ms: the whole command or step, and its part from the change to the end of the rollout */
/** @typedef {(pushed: { image: string, tag: string, digest: string }) => Promise<Timed>} Way */

/** @param {import('./benchmark.mjs').Context} context */
export const run = ({ env, runs }) => withApp(env, (stand) => withNamespace(env, async (other) => {
  await apply(other, [service('web')]);
  const chart = await installChart(env, other, (image) => [deployment('web', image)], stand.first);
  try {
    /** @type {Record<string, { go: Way, seen: Timed[], verification: string }>} */
    const ways = {
      '`kubectl set image`, `kubectl rollout status`': { go: byHand(stand), seen: [], verification: 'none' },
      [`Helm ${chart.version} \`upgrade --wait\``]: { go: byHelm(chart, other), seen: [], verification: 'none' },
      'the action, without a smoke check': { go: byAction(stand, ''), seen: [], verification: 'rolled out and stable for 2 s' },
      'the action, with a smoke check': { go: byAction(stand, 'service/web/ -> 200'), seen: [], verification: 'new pods and Service checked' },
    };
    // The first round makes everything warm and does not count.
    for (let round = 0; round <= runs; round += 1) {
      for (const way of Object.values(ways)) {
        const pushed = await push(env, stand.app, {});
        const timed = await way.go(pushed);
        if (round > 0) way.seen.push(timed);
        await Promise.all([settled(stand.namespace), settled(other)]);
      }
    }
    return report(ways, runs);
  } finally {
    chart.remove();
  }
}));

/**
 * @param {Readonly<Record<string, { seen: readonly Timed[], verification: string }>>} ways the first one is what the others are compared with
 * @param {number} runs
 */
function report(ways, runs) {
  const of = (/** @type {readonly Timed[]} */ seen, /** @type {keyof Timed} */ what) => seen.map((each) => each[what]);
  const [bare] = Object.values(ways);
  const base = median(of(bare?.seen ?? [], 'whole'));
  return {
    title: 'A good rollout, compared with kubectl and Helm',
    about: 'Three replicas, an image that is in the registry but not on the node, a readiness probe every second; all methods in turn, in one run. *Rolled out* is the time from the change of the image '
      + 'until the controllers have finished; the whole time of the action includes the preflight, the ledger and the verification.',
    head: ['way', 'rolled out', 'range', 'against kubectl', 'whole', 'range', 'verification'],
    rows: Object.entries(ways).map(([what, { seen, verification }]) => {
      const rolledOut = of(seen, 'rolledOut');
      return [what, seconds(median(rolledOut)), range(rolledOut), ratio(median(rolledOut) / base), seconds(median(of(seen, 'whole'))), range(of(seen, 'whole')), verification];
    }),
    notes: [`n = ${runs}. For kubectl and Helm the whole time is the rollout: they start with the change.`],
  };
}

/** @param {import('./stand.mjs').Stand} stand @returns {Way} */
const byHand = ({ env, namespace }) => async ({ image, digest }) => {
  const own = { ...env, KUBECONFIG: namespace.kubeconfig };
  const begun = performance.now();
  await ask('kubectl', ['set', 'image', 'deployment/web', `web=${image}@${digest}`], { env: own });
  await ask('kubectl', ['rollout', 'status', 'deployment/web'], { env: own });
  const whole = performance.now() - begun;
  return { whole, rolledOut: whole };
};

/** @param {import('./helm.mjs').Helm} chart @param {import('./stand.mjs').Namespace} namespace @returns {Way} */
const byHelm = (chart, namespace) => async ({ image, digest }) => {
  const begun = performance.now();
  await chart.upgrade(`${image}@${digest}`, []);
  const whole = performance.now() - begun;
  await complete(namespace, ['web']);
  return { whole, rolledOut: whole };
};

/** @param {import('./stand.mjs').Stand} stand @param {string} smoke @returns {Way} */
const byAction = ({ env, namespace }, smoke) => async ({ image, digest }) => {
  const result = await runAction({ action: 'rollout', env, inputs: { image, digest, kubeconfig: namespace.kubeconfig, namespace: namespace.name, workloads: 'deployment/web', smoke } });
  if (result.outputs.verdict !== 'deployed' || changedAtMs(result) === undefined) throw new Error(`A good release ended ${result.outputs.verdict}: ${result.outputs.cause}\n${logOf(result)}`);
  return { whole: result.durationMs, rolledOut: rolledOutMs(result) };
};
