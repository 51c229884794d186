/** The benefit of checking the first new pods before the others follow, and its cost when the release is good. */
import { changedAtMs, logOf, recoveryMs, rolledOutMs, runAction, verdictMs } from '../live/action.mjs';
import { answered, startTraffic } from '../live/traffic.mjs';
import { calm, push } from './app.mjs';
import { median, range, seconds } from './measure.mjs';
import { withApp } from './stand.mjs';

export const name = 'prove-first';
export const needsSandbox = true;

const perSecond = 100;
const ways = /** @type {const} */ (['true', 'false']);

/**
 * @typedef {object} Seen
 * @property {number | undefined} rolledOut ms from the change, for a good release
 * @property {number | undefined} verdict ms from the change
 * @property {number | undefined} recovery ms from there
 * @property {number} sent requests from the change to the end
 * @property {number} wrong those of them that the new release answered, wrongly
 * @property {number} lost those that nobody answered
 */

/** @param {import('./benchmark.mjs').Context} context */
export function run({ env, runs }) {
  return withApp(env, async (stand) => {
    const address = await stand.namespace.kubectl(['get', 'service', 'web', '--output=jsonpath={.spec.clusterIP}']);
    /** @type {Record<'good' | 'bad', Record<typeof ways[number], Seen[]>>} */
    const seen = { good: { true: [], false: [] }, bad: { true: [], false: [] } };
    for (let round = 0; round < runs; round += 1) {
      for (const way of ways) {
        seen.bad[way].push(await release(stand, address, { mode: `wrong-answer,${calm}`, way, verdict: 'rolled-back' }));
        seen.good[way].push(await release(stand, address, { mode: calm, way, verdict: 'deployed' }));
      }
    }
    return {
      title: 'Prove first',
      about: 'A release whose pods become ready and return status 500 for every request, and a good one; three replicas, '
        + `${perSecond} requests a second through the Service. \`prove-first: false\` is a rolling update with a smoke check at its end.`,
      head: ['`prove-first`', 'answered by the bad release', 'lost', 'verdict', 'range', 'recovered', 'range', 'good release rolled out', 'range'],
      rows: ways.map((way) => {
        const { bad, good } = { bad: seen.bad[way], good: seen.good[way] };
        const times = (/** @type {readonly Seen[]} */ of, /** @type {'rolledOut' | 'verdict' | 'recovery'} */ what) => of.map((each) => each[what]);
        const total = (/** @type {'sent' | 'wrong' | 'lost'} */ what) => bad.reduce((sum, each) => sum + each[what], 0);
        return [
          `\`${way}\``, `${total('wrong')} of ${total('sent')} requests (${((100 * total('wrong')) / total('sent')).toFixed(1)} %)`, String(total('lost')),
          seconds(median(times(bad, 'verdict'))), range(times(bad, 'verdict')), seconds(median(times(bad, 'recovery'))), range(times(bad, 'recovery')),
          seconds(median(times(good, 'rolledOut'))), range(times(good, 'rolledOut')),
        ];
      }),
      notes: [`n = ${runs}. Requests are counted from the change of the image to the end of the run.`],
    };
  });
}

/**
 * @param {import('./stand.mjs').Stand} stand
 * @param {string} address of the Service
 * @param {{ mode: string, way: string, verdict: string }} of
 * @returns {Promise<Seen>}
 */
async function release({ env, app, namespace }, address, { mode, way, verdict }) {
  const { digest } = await push(env, app, { mode });
  const traffic = startTraffic(address, perSecond);
  try {
    const result = await runAction({
      action: 'rollout', env, onLine: (line, atMs) => {
        if (changedAtMs({ lines: [{ atMs, text: line }] }) !== undefined) traffic.account('release');
      },
      inputs: {
        'image': app.image, digest, 'kubeconfig': namespace.kubeconfig, 'namespace': namespace.name, 'workloads': 'deployment/web', 'smoke': 'service/web/ -> 200',
        'prove-first': way,
      },
    });
    const [account] = await traffic.stop();
    if (result.outputs.verdict !== verdict) throw new Error(`expected ${verdict}, got ${result.outputs.verdict} ${result.outputs.cause}:\n${logOf(result)}`);
    const [right, wrong] = [answered(account, /^200 /), answered(account, /^500 /)];
    const sent = account?.sent ?? 0;
    return { rolledOut: rolledOutMs(result), verdict: verdictMs(result), recovery: recoveryMs(result), sent, wrong, lost: sent - right - wrong };
  } finally {
    traffic.kill();
  }
}
