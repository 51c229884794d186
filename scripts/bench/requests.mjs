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
      about: 'One workload of one replica, whose new version becomes ready at once, or later. The number of requests to the API server should depend on the number of changes, not on the time.',
      head: ['way', 'ready after', 'whole', 'requests', 'writes', 'reads', 'watches', 'discovery', 'Lease', 'peak memory'],
      rows,
      notes: [
        'n = 1: these are counts. Each account has its own FlowSchemas, and the API server counts the requests that it dispatches for each of them (apiserver_flowcontrol_dispatched_requests_total). '
          + 'Requests of controllers or the kubelet are not included. Writes are the change itself, the access review of the preflight, and the ledger.',
        'The Lease, which locks the app for one run, is renewed every 5 s and not included in the sum.',
      ],
    };
  });
}));
