/** A good rollout of 1, 10 and 50 workloads on a simulated node: the cost of the action and the API server. */
import { push } from './app.mjs';
import { onHollowNode, withHollowNode } from './hollow-node.mjs';
import { byAction, byHand } from './many.mjs';
import { median, range, ratio, seconds } from './measure.mjs';
import { deployment, service, apply, start, withBuilt, withNamespace } from './stand.mjs';

export const name = 'hollow';
export const needsSandbox = true;

const readyAfterMs = 3000;
const counts = [1, 10, 50];
const names = Array.from({ length: Math.max(...counts) }, (_, index) => `web-${String(index).padStart(2, '0')}`);

/** @typedef {Record<'action' | 'bare', number[]>} Walls */

/** Nothing is counted here. @type {import('./many.mjs').Counted} */
const uncounted = async (act) => ({ result: await act(), counts: { leases: 0, watches: 0, reads: 0, writes: 0, discovery: 0, proxied: 0 } });

/** @param {import('./benchmark.mjs').Context} context */
export const run = ({ env, runs }) => withBuilt(env, (app, first) => withHollowNode(env, readyAfterMs, () => withNamespace(env, async (namespace) => {
  await start(namespace, names.map((each) => deployment(each, first, { replicas: 1, pod: onHollowNode })));
  await apply(namespace, names.map((each) => service(each)));
  const stand = { env, app, namespace };
  /** @type {Walls[]} */
  const seen = counts.map(() => ({ action: [], bare: [] }));
  for (let round = 0; round < runs; round += 1) {
    for (const [index, count] of counts.entries()) {
      const chosen = count === 1 ? names.slice(round, round + 1) : names.slice(0, count);
      seen[index]?.action.push((await byAction(stand, uncounted, chosen, await push(env, app, {}))).wall);
      seen[index]?.bare.push((await byHand(stand, uncounted, chosen, await push(env, app, {}))).wall);
    }
  }
  return report(seen);
})));

/** @param {readonly Walls[]} seen */
function report(seen) {
  const alone = /** @type {Walls} */ (seen[0]);
  return {
    title: 'Many workloads on a simulated node',
    about: `The same on a simulated node, which runs nothing and reports each pod as ready ${readyAfterMs / 1000} s after it was bound. So only the action, the API server and its controllers are measured. `
      + `The ratio is to the slowest one alone. Target: 1.5 × for ${counts.at(-1)}.`,
    head: ['workloads', 'action', 'range', 'ratio', 'kubectl', 'range', 'ratio'],
    rows: counts.map((count, index) => {
      const { action, bare } = /** @type {Walls} */ (seen[index]);
      const against = (/** @type {keyof Walls} */ way) => (index === 0 ? '–' : ratio(median(seen[index]?.[way] ?? []) / Math.max(...alone[way])));
      return [String(count), seconds(median(action)), range(action), against('action'), seconds(median(bare)), range(bare), against('bare')];
    }),
    notes: [`n = ${alone.action.length}.`],
  };
}
