/** What is deployed, how it must end, and what its Service must answer afterwards. */

/**
 * @typedef {import('./harness.mjs').Harness} Harness
 * @typedef {import('./stand.mjs').Stand} Stand
 */

/**
 * @typedef {object} Sort
 * @property {string} name
 * @property {boolean} good
 * @property {string} ending the only true verdict, with the cause that a bad one must be given
 * @property {string} [mode] faults of the app, see __tests__/e2e/app/main.go
 * @property {boolean} [stale] the image holds the version before under a new digest
 * @property {(stand: Stand) => Promise<void>} [astray] leads the Service elsewhere
 * @property {boolean} [inRun] that is done when the image is set, and not before the run
 * @property {(stand: Stand) => Promise<void>} [back] leads it back
 * @property {'app' | 'app and stranger' | 'stranger'} serves who answers through the Service until it is led back
 */

export const strangerSays = 'another app';
/** Serves on after SIGTERM for as long as the load balancing takes. */
const calm = 'serve-after-term=2s';

/** @param {Record<string, string | null>} selector */
const selects = (selector) => (/** @type {Stand} */ { space }) => space.patch('Service', 'web', { spec: { selector } });
const back = selects({ app: 'web', tier: null });

/** A slice that somebody has made by hand, as operators for things outside the cluster do. @param {Stand} stand */
async function addSlice({ space }) {
  const [stranger] = await space.list('Pod', 'app=stranger');
  await space.apply({
    apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4', metadata: { name: 'by-hand', labels: { 'kubernetes.io/service-name': 'web' } },
    endpoints: [{ addresses: [stranger.status.podIP], conditions: { ready: true } }], ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  });
}

/** @type {readonly Sort[]} */
export const sorts = [
  { name: 'good', good: true, ending: 'deployed', mode: calm, serves: 'app' },
  { name: 'good, slow to start', good: true, ending: 'deployed', mode: `${calm},slow-ready=3s`, serves: 'app' },
  { name: 'good, old pods exit slowly', good: true, ending: 'deployed', mode: 'serve-after-term=4s', serves: 'app' },
  { name: 'status 500', good: false, ending: 'rolled-back smoke-failed', mode: `${calm},wrong-answer`, serves: 'app' },
  { name: 'status 200, another text', good: false, ending: 'rolled-back smoke-failed', mode: `${calm},wrong-text`, serves: 'app' },
  { name: 'status 200, previous version', good: false, ending: 'rolled-back smoke-failed', mode: calm, stale: true, serves: 'app' },
  { name: 'every second request fails', good: false, ending: 'rolled-back smoke-failed', mode: `${calm},flaky=2`, serves: 'app' },
  { name: 'every third request fails', good: false, ending: 'rolled-back smoke-failed', mode: `${calm},flaky=3`, serves: 'app' },
  {
    name: 'Service also selects other pods', good: false, ending: 'rolled-back wrong-version-serving', mode: calm, serves: 'app and stranger',
    astray: selects({ app: null, tier: 'front' }), back,
  },
  { name: 'Service selects other pods', good: false, ending: 'rolled-back wrong-version-serving', mode: calm, serves: 'stranger', astray: selects({ app: 'stranger' }), back },
  {
    // Only the user who changed the Service can fix it: the previous images are restored, but the version does not serve.
    name: 'Service selector changed in the run', good: false, ending: 'rollback-failed wrong-version-serving', mode: calm, serves: 'stranger',
    astray: selects({ app: 'stranger' }), inRun: true, back,
  },
  {
    name: 'endpoint added manually', good: false, ending: 'rolled-back wrong-version-serving', mode: calm, serves: 'app and stranger',
    astray: addSlice, back: ({ space }) => space.remove('EndpointSlice', 'by-hand'),
  },
];

/**
 * @typedef {object} Deployment
 * @property {number} number
 * @property {Sort} sort
 * @property {number} replicas
 * @property {boolean} proveFirst
 */

/**
 * So many good and bad ones in an order that the seed decides; each sort of bad ones equally often.
 *
 * @param {{ good: number, bad: number, seed: number }} counts
 * @param {Harness['choices']} choices
 * @returns {Deployment[]}
 */
export function plan({ good, bad, seed }, choices) {
  const chosen = choices(seed, 0);
  /** @param {boolean} which @param {number} count */
  const ofKind = (which, count) => {
    const own = sorts.filter((sort) => sort.good === which);
    return Array.from({ length: count }, (_, index) => /** @type {Sort} */ (own[index % own.length]));
  };
  const left = [...ofKind(true, good), ...ofKind(false, bad)];
  /** @type {Deployment[]} */
  const planned = [];
  while (left.length > 0) {
    const [sort] = left.splice(chosen.whole(0, left.length - 1), 1);
    if (sort) planned.push({ number: planned.length + 1, sort, replicas: chosen.whole(1, 4), proveFirst: chosen.chance(0.5) });
  }
  return planned;
}
