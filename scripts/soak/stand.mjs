/** One app in its own namespace, and checks of it that share no code with the action. */
import { strangerSays } from './sorts.mjs';

/** @typedef {import('./harness.mjs').Harness} Harness */

/**
 * @typedef {object} Stand
 * @property {Harness} harness
 * @property {Awaited<ReturnType<Harness['namespace']>>} space
 * @property {string} host of the Service
 * @property {Release} now what runs when all is well
 */

/** @typedef {{ version: string, reference: string }} Release */

const askedTimes = 20;

/**
 * The app `web` behind the Service `web`, and the app `stranger`, which must never receive requests of the Service.
 *
 * @param {Harness} harness
 * @returns {Promise<Stand>}
 */
export async function startStand(harness) {
  const space = await harness.namespace('soak');
  const labels = { tier: 'front' };
  const image = await harness.variant('v0');
  const stranger = await harness.variant(strangerSays);
  const service = harness.service('web');
  service.spec.ports[0].name = 'http';
  await space.apply(service, harness.deployment('web', { image: image.reference, labels }), harness.deployment('stranger', { image: stranger.reference, replicas: 1, labels }));
  await space.rolledOut('Deployment', 'stranger');
  const host = (await space.get('Service', 'web')).spec.clusterIP;
  return { harness, space, host, now: { version: 'v0', reference: image.reference } };
}

/**
 * The stand with this number of replicas, once it is healthy. Throws when it does not become healthy.
 *
 * @param {Stand} stand
 * @param {number} replicas
 */
export async function settle(stand, replicas) {
  const { harness, space, now } = stand;
  if ((await space.get('Deployment', 'web')).spec.replicas !== replicas) await space.patch('Deployment', 'web', { spec: { replicas } });
  /** @type {string[]} */
  let wrong = [];
  await harness.eventually(`${space.name} is healthy`, async () => {
    wrong = await lookAt(stand, { release: now, replicas, answers: [now.version] });
    return wrong.length === 0;
  }, 600_000, () => wrong);
}

/**
 * What differs from the expected state.
 *
 * @param {Stand} stand
 * @param {{ release: Release, replicas: number, answers: readonly string[] }} expected `answers`: all that may come, and no others
 * @returns {Promise<string[]>}
 */
export async function lookAt(stand, { release, replicas, answers }) {
  const { space } = stand;
  const [heard, deployment, pods] = await Promise.all([hear(stand, askedTimes), space.get('Deployment', 'web'), space.list('Pod', 'app=web')]);
  const allowed = answers.map((answer) => `200 ${answer}`);
  const staying = pods.filter((pod) => !pod.metadata.deletionTimestamp);
  const well = staying.filter((pod) => pod.spec.containers[0].image === release.reference && pod.status.containerStatuses?.[0]?.ready);
  const { spec } = deployment;
  return [
    ...Object.keys(heard.answers).filter((answer) => !allowed.includes(answer)).map((answer) => `the Service answers "${answer}" (${heard.answers[answer]} of ${askedTimes} times)`),
    ...heard.errors.map(({ kind }) => `the Service does not answer: ${kind}`),
    ...(spec.template.spec.containers[0].image === release.reference ? [] : [`the Deployment names ${spec.template.spec.containers[0].image}, not ${release.reference}`]),
    ...(well.length === replicas && staying.length === replicas ? [] : [`${well.length} of ${staying.length} pods are ready with the right image, not ${replicas}`]),
    ...(spec.paused ? ['the Deployment is paused'] : []),
    ...(spec.minReadySeconds ? [`minReadySeconds is ${spec.minReadySeconds}`] : []),
    ...(spec.replicas === replicas ? [] : [`replicas is ${spec.replicas}`]),
  ];
}

/** @param {Stand} stand @param {number} times */
async function hear({ harness, host }, times) {
  const load = harness.startLoad({ host, perSecond: 200, maxRequests: times });
  await harness.pause((times / 200) * 1000 + 50);
  return load.stop();
}
