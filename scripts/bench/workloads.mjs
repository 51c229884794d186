/** A good rollout of 1, 10 and 50 workloads in one run, beside kubectl doing the same. */
import { push } from './app.mjs';
import { byAction, byHand } from './many.mjs';
import { mebibytes, median, range, ratio, seconds } from './measure.mjs';
import { totalOf, withCounter } from './requests-counter.mjs';
import { apply, deployment, service, start, withBuilt, withNamespace } from './stand.mjs';

export const name = 'workloads';
export const needsSandbox = true;

const most = 50;
const names = Array.from({ length: most }, (_, index) => `web-${String(index).padStart(2, '0')}`);

/**
 * @typedef {object} Size
 * @property {number} count
 * @property {boolean} [smoke] a check for each, proved first
 * @property {number} [slow] seconds until the new version is ready
 * @property {number} [alone] index of the row that the ratio is taken to
 */

/** @type {readonly Size[]} */
const sizes = [
  { count: 1 }, { count: 10, alone: 0 }, { count: most, alone: 0 },
  { count: 1, slow: 10 }, { count: most, slow: 10, alone: 3 },
  { count: 1, smoke: true }, { count: most, smoke: true, alone: 5 },
];

/** @typedef {{ action: import('./many.mjs').Cost[], bare: import('./many.mjs').Cost[] }} Seen */

/** @param {import('./benchmark.mjs').Context} context */
export const run = ({ env, runs }) => withBuilt(env, (app, first) => withNamespace(env, async (namespace) => {
  await start(namespace, names.map((each) => deployment(each, first, { replicas: 1 })));
  await apply(namespace, names.map((each) => service(each)));
  return withCounter(env, namespace, async (counted) => {
    const stand = { env, app, namespace };
    /** @type {Seen[]} */
    const seen = sizes.map(() => ({ action: [], bare: [] }));
    for (let round = 0; round < runs; round += 1) {
      // Each of the large ones takes a minute, and has many pods to be slow in.
      for (const [index, size] of sizes.entries()) {
        if (size.count < most || round < 2) await measure(stand, counted, size, round, /** @type {Seen} */ (seen[index]));
      }
    }
    return report(seen);
  });
}));

/**
 * @param {import('./stand.mjs').Stand} stand
 * @param {import('./many.mjs').Counted} counted
 * @param {Size} size
 * @param {number} round a workload alone is another one in each
 * @param {Seen} seen
 */
async function measure(stand, counted, { count, smoke, slow = 0 }, round, seen) {
  const chosen = count === 1 ? names.slice(round, round + 1) : names.slice(0, count);
  const mode = slow > 0 ? `slow-ready=${slow}s` : undefined;
  seen.action.push(await byAction(stand, counted, chosen, await push(stand.env, stand.app, { mode }), smoke ? chosen : []));
  if (!smoke) seen.bare.push(await byHand(stand, counted, chosen, await push(stand.env, stand.app, { mode })));
}

/** @param {readonly Seen[]} seen */
function report(seen) {
  const walls = (/** @type {readonly import('./many.mjs').Cost[] | undefined} */ costs) => (costs ?? []).map(({ wall }) => wall);
  return {
    title: 'Many workloads in one run',
    about: `Deployments of one replica, all in one namespace, a new image on all of them; the whole step, and \`kubectl set image\` of all with \`kubectl rollout status\` of each. `
      + `The ratio is to the slowest one alone. Target: 1.5 × for ${most}.`,
    head: ['workloads', 'new version', 'action', 'range', 'of it rolling out', 'ratio', 'kubectl', 'range', 'ratio', 'action against kubectl', 'requests', 'of kubectl', 'smoke requests', 'peak memory'],
    rows: sizes.map(({ count, smoke, slow = 0, alone }, index) => {
      const { action, bare } = /** @type {Seen} */ (seen[index]);
      const against = (/** @type {keyof Seen} */ way) => (alone === undefined ? '–' : ratio(median(walls(seen[index]?.[way])) / Math.max(...walls(seen[alone]?.[way]))));
      const requests = (/** @type {readonly import('./many.mjs').Cost[]} */ costs) => (costs.length === 0 ? '–' : String(median(costs.map(({ counts }) => totalOf(counts)))));
      return [
        String(count), `${slow > 0 ? `ready after ${slow} s` : 'ready at once'}${smoke ? ', smoke check of each' : ''}`,
        seconds(median(walls(action))), range(walls(action)), seconds(median(action.map(({ rolledOut }) => rolledOut))), against('action'),
        seconds(median(walls(bare))), range(walls(bare)), against('bare'), ratio(median(walls(action)) / median(walls(bare))), requests(action), requests(bare),
        smoke ? String(median(action.map(({ counts }) => counts.proxied))) : '–',
        mebibytes(Math.max(...action.map(({ peakMiB }) => peakMiB))),
      ];
    }),
    notes: [
      `n = ${seen[0]?.action.length}, of ${most} workloads ${seen[2]?.action.length}. Requests are those of the account, counted by the API server (see *Requests and time*), without the Lease. Smoke requests go through the API server to pods and Services.`,
      `One node starts all pods of the ${most}, each with a sandbox, a container and a probe. If the new version is ready at once, the kubelet limits the time; the ratio of kubectl shows by how much.`,
    ],
  };
}
