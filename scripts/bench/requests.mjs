/** Whether requests to the API server grow with the time that a rollout takes. */
import { push } from './app.mjs';
import { byAction, byHand } from './many.mjs';
import { mebibytes, seconds } from './measure.mjs';
import { totalOf, withCounter } from './requests-counter.mjs';
import { deployment, start, withBuilt, withNamespace } from './stand.mjs';

export const name = 'requests';
export const needsSandbox = true;

const starts = [0, 3, 30];

/** @param {import('./benchmark.mjs').Context} context */
export const run = ({ env }) => withBuilt(env, (app, first) => withNamespace(env, async (namespace) => {
  await start(namespace, [deployment('web', first, { replicas: 1 })]);
  const stand = { env, app, namespace };
  return withCounter(env, namespace, async (counted) => {
    /** @type {string[][]} */
    const rows = [];
    for (const [way, go] of /** @type {const} */ ([['the action', byAction], ['`kubectl set image`, `rollout status`', byHand]])) {
      for (const slow of starts) {
        const cost = await go(stand, counted, ['web'], await push(env, app, { mode: `slow-ready=${slow}s` }));
        const { watches, reads, writes, discovery, leases } = cost.counts;
        rows.push([way, `${slow} s`, seconds(cost.wall), String(totalOf(cost.counts)), ...[writes, reads, watches, discovery, leases].map(String), mebibytes(cost.peakMiB)]);
      }
    }
    return {
      title: 'Requests and time',
      about: 'One workload of one replica, whose new version becomes ready at once, or later. Requests to the API server should grow with what is changed, not with time.',
      head: ['way', 'ready after', 'whole', 'requests', 'writes', 'reads', 'watches', 'discovery', 'Lease', 'peak memory'],
      rows,
      notes: [
        'n = 1: these are counts. Each account has FlowSchemas of its own, and the API server counts what it dispatches for each of them (apiserver_flowcontrol_dispatched_requests_total): '
          + 'nothing that controllers or the kubelet do is in these figures. Writes are the change itself, the access review of the preflight, and the ledger.',
        'The Lease, which keeps a second run out, is renewed every 5 s, and is not in the sum.',
      ],
    };
  });
}));
