/** The same failures with kubectl and Helm, under a limit that one can wait for: they end at it, whatever the cause. */
import { ask } from '../live/program.mjs';
import { startCase } from './cause-stand.mjs';
import { installChart, watchImage } from './helm.mjs';
import { complete, withNamespace } from './stand.mjs';

export const limitSeconds = 20;

/** @typedef {import('./cause-cases.mjs').CauseCase} CauseCase */
/** @typedef {import('./cause-cases.mjs').Pushed} Pushed */
/** @typedef {{ env: import('./stand.mjs').Stand['env'], first: string, pushed: Pushed }} Given */

/**
 * @typedef {object} PeerSeen
 * @property {number | undefined} verdict ms from the start of the command; undefined when it called the release good
 * @property {number | undefined} recovery ms from there until the version before was complete again
 * @property {boolean} named whether its output says what is wrong
 * @property {number} [notReady] pods that were not available when it called the release good
 */

/** @param {import('./stand.mjs').Namespace} namespace @returns {Promise<PeerSeen>} */
async function calledGood(namespace) {
  const unavailable = await namespace.kubectl(['get', 'deployment', 'web', '--output=jsonpath={.status.unavailableReplicas}']);
  return { verdict: undefined, recovery: undefined, named: false, notReady: Number(unavailable) };
}
const textOf = (/** @type {unknown} */ error) => (error instanceof Error ? error.message : String(error));

/** @param {CauseCase} of @param {string} text what the peer wrote, with the command line that has the image in it */
const namesIt = ({ names }, text) => names.test(text.split('\n').slice(1).join('\n'));

/** `set image`, `rollout status --timeout`, `rollout undo`, `rollout status`. @param {CauseCase} of @param {Given} given @returns {Promise<PeerSeen>} */
export const byKubectl = (of, { env, first, pushed }) => withNamespace(env, async (namespace) => {
  await startCase(namespace, of, first);
  const containers = ['web', ...of.shape?.initContainers ? ['migrate'] : []];
  const reference = `${pushed.image}@${pushed.digest}`;
  await of.atChange?.(namespace, pushed);
  const begun = performance.now();
  let warnings = '';
  try {
    const set = ['kubectl', `--namespace=${namespace.name}`, 'set', 'image', 'deployment/web', ...containers.map((each) => `${each}=${reference}`)];
    // Warnings of the API server are on stderr, and may name it.
    warnings = await ask('sh', ['-c', '"$@" 2>&1', 'sh', ...set], { env });
    await namespace.kubectl(['rollout', 'status', 'deployment/web', `--timeout=${limitSeconds}s`]);
    return await calledGood(namespace);
  } catch (error) {
    const failedAt = performance.now();
    await of.mend?.(namespace);
    await namespace.kubectl(['rollout', 'undo', 'deployment/web']);
    await complete(namespace, ['web']);
    return { verdict: failedAt - begun, recovery: performance.now() - failedAt, named: namesIt(of, `${textOf(error)}\n${warnings}`) };
  }
});

/** `upgrade --wait --rollback-on-failure --timeout`. @param {CauseCase} of @param {Given} given @returns {Promise<PeerSeen>} */
export const byHelm = (of, { env, first, pushed }) => withNamespace(env, async (namespace) => {
  /** @type {import('./helm.mjs').Helm | undefined} */
  let chart;
  await startCase(namespace, of, first, async (web) => { chart = await installChart(env, namespace, (image) => [web(image)], first); });
  if (!chart) throw new Error('no chart');
  const watch = watchImage(env, namespace);
  try {
    await ask('kubectl', [`--namespace=${namespace.name}`, 'get', 'deployment', 'web', '--output=name'], { env });
    await of.atChange?.(namespace, pushed);
    const begun = performance.now();
    const failure = await chart.upgrade(`${pushed.image}@${pushed.digest}`, ['--rollback-on-failure', `--timeout=${limitSeconds}s`]).then(() => undefined, textOf);
    if (failure === undefined) return await calledGood(namespace);
    await of.mend?.(namespace);
    await complete(namespace, ['web']);
    const done = performance.now();
    const failedAt = watch.backAt(first) ?? NaN;
    return { verdict: failedAt - begun, recovery: done - failedAt, named: namesIt(of, failure) };
  } finally {
    watch.stop();
    chart.remove();
  }
});
