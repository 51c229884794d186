import { lookAt, settle } from './stand.mjs';
import { strangerSays } from './sorts.mjs';

/**
 * @typedef {import('./stand.mjs').Stand} Stand
 * @typedef {import('./sorts.mjs').Deployment} Deployment
 */

/** On a machine that is busy with other things a pod may take half a minute to start: how long it takes is no answer. */
const withinMs = 900_000;

/**
 * @typedef {object} Ended
 * @property {Deployment} deployment
 * @property {string} verdict with the cause, if there is one
 * @property {string[]} wrong why the answer was false; empty when it was true
 * @property {number} asked requests of the client while it was deployed
 * @property {number} lost those of them that got no answer
 * @property {number} seconds
 * @property {string} log
 */

/**
 * Deploys one release under the eyes of a client, and looks whether the verdict is true.
 *
 * @param {Stand} stand is changed: afterwards it says what runs there
 * @param {Deployment} deployment
 * @returns {Promise<Ended>}
 */
export async function deploy(stand, deployment) {
  const { sort, replicas } = deployment;
  await settle(stand, replicas);
  const begun = performance.now();
  const { release, result, client } = await run(stand, deployment);
  const seconds = (performance.now() - begun) / 1000;
  const verdict = [result.outputs.verdict, result.outputs.cause].filter(Boolean).join(' ');
  const expected = sort.good ? release : stand.now;
  const answers = { 'app': [expected.version], 'app and stranger': [expected.version, strangerSays], 'stranger': [strangerSays] }[sort.serves];
  const seen = await lookAt(stand, { release: expected, replicas, answers });
  const wrong = [...(verdict === sort.ending ? [] : [`the verdict is "${verdict}", not "${sort.ending}"`]), ...seen];
  await sort.back?.(stand);
  stand.now = await whatRuns(stand, [release, stand.now]);
  return { deployment, verdict, wrong, asked: client.sent, lost: client.errors.length, seconds, log: logOf(result) };
}

/** @param {Stand} stand @param {Deployment} deployment */
async function run(stand, { number, sort, proveFirst }) {
  const { harness, space, host, now } = stand;
  const version = `v${number}`;
  const image = await harness.unplayableWithout('what the release needs', async () => {
    const pushed = await harness.variant(sort.stale ? now.version : version, sort.mode, { fresh: true, tag: `soak-${space.name}-${number}` });
    if (!sort.inRun) await sort.astray?.(stand);
    return pushed;
  });
  const inputs = harness.rolloutInputs(space, image, { 'app': 'soak', 'smoke': `service/web/ -> 200 contains ${version}\n`, 'prove-first': String(proveFirst) });
  const moment = sort.inRun ? harness.once(harness.aboutToChange, async () => sort.astray?.(stand)) : undefined;
  const load = harness.startLoad({ host, perSecond: 20 });
  // A Service that leads astray on purpose needs no time to find its way.
  const settings = sort.astray ? { patience: { 'wrong-version-serving': '4s' } } : {};
  const result = await harness.withSettings(settings, (workspace) => harness.runAction({ action: 'rollout', inputs, workspace, onLine: moment?.onLine, withinMs }));
  const client = await load.stop();
  await moment?.done();
  return { release: { version, reference: `${image.name}@${image.digest}` }, result, client };
}

/** After a false answer too, the next deployment begins with what is there. @param {Stand} stand @param {readonly import('./stand.mjs').Release[]} known */
async function whatRuns({ space, now }, known) {
  const { image } = (await space.get('Deployment', 'web')).spec.template.spec.containers[0];
  return known.find(({ reference }) => reference === image) ?? now;
}

/** @param {import('../../__tests__/e2e/harness/run-action.js').ActionResult} result */
const logOf = (result) => [...result.lines.map(({ atMs, text }) => `${String(atMs).padStart(7)} ${text}`), '', result.post?.log ?? 'no post step', '', JSON.stringify(result.report)].join('\n');
