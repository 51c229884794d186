/** How long it takes to know that a release has failed, and until the version before is proven to be back. */
import { changedAtMs, logOf, recoveryMs, runAction, verdictMs } from '../live/action.mjs';
import { push } from './app.mjs';
import { mebibytes, median, range, seconds, withUsage } from './measure.mjs';
import { withApp } from './stand.mjs';

export const name = 'failures';
export const needsSandbox = true;

const absent = `sha256:${'0123456789abcdef'.repeat(4)}`;

/**
 * @typedef {object} FailureCase
 * @property {string} what
 * @property {string} cause that must be named
 * @property {string} [mode] fault of the app; without, the image does not exist
 * @property {boolean} [removed] the image is removed from the registry in the moment when it is set
 * @property {string} target
 * @property {string} kubectl until `kubectl rollout status` has failed, as measured on this sandbox
 */

/** @type {readonly FailureCase[]} */
const cases = [
  { what: 'missing image', cause: 'image-not-found', target: '4 s', kubectl: '600 s' },
  { what: 'image removed meanwhile', cause: 'image-not-found', mode: 'ok', removed: true, target: '4 s', kubectl: '600 s' },
  { what: 'crash at once', cause: 'crash-loop', mode: 'crash', target: '8 s', kubectl: '602 s' },
];

/** @param {import('./benchmark.mjs').Context} context */
export function run({ env, runs }) {
  return withApp(env, async (stand) => {
    const rows = [];
    let peakMiB = 0;
    for (const each of cases) {
      /** @type {Seen[]} */
      const seen = [];
      for (let round = 0; round < runs; round += 1) seen.push(await fail(stand, each));
      const [verdicts, recoveries] = [seen.map(({ verdict }) => verdict), seen.map(({ recovery }) => recovery)];
      rows.push([
        each.what, `\`${each.cause}\``, [...new Set(seen.map(({ ended }) => ended))].join(', '),
        seconds(median(verdicts)), range(verdicts), each.target, seconds(median(recoveries)), range(recoveries), '5 s', each.kubectl,
      ]);
      peakMiB = Math.max(peakMiB, ...seen.map((one) => one.peakMiB));
    }
    return {
      title: 'Failures',
      about: 'From the change of the image to the verdict (from the start of the step, where it was found before any change), and from there until the version before was put back and proven to serve. '
        + 'Three replicas, strategy as it is by default.',
      head: ['release', 'cause named', 'ended', 'verdict', 'range', 'target', 'recovered', 'range', 'target', '`kubectl rollout status`'],
      rows,
      notes: [
        `n = ${runs}. Peak memory of the action: ${mebibytes(peakMiB)}.`,
        '`kubectl rollout status` fails when a Deployment exceeds progressDeadlineSeconds, 600 by default; it names no cause and puts nothing back.',
      ],
    };
  });
}

/** @typedef {{ verdict: number | undefined, recovery: number | undefined, ended: string | undefined, peakMiB: number }} Seen times in ms */

/**
 * @param {import('./stand.mjs').Stand} stand
 * @param {FailureCase} of
 * @returns {Promise<Seen>}
 */
async function fail({ env, app, namespace }, { what, cause, mode, removed }) {
  const digest = mode === undefined ? absent : (await push(env, app, { mode })).digest;
  const { result, usage } = await withUsage(({ node, env: more }) => runAction({
    action: 'rollout', node, env: { ...env, ...more },
    inputs: { image: app.image, digest, kubeconfig: namespace.kubeconfig, namespace: namespace.name, workloads: 'deployment/web', smoke: 'service/web/ -> 200' },
    onLine: (text, atMs) => {
      if (removed && changedAtMs({ lines: [{ text, atMs }] }) !== undefined) void remove(app.image, digest);
    },
  }));
  if (result.outputs.cause !== cause) throw new Error(`${what} was called ${result.outputs.verdict} ${result.outputs.cause}:\n${logOf(result)}`);
  return {
    verdict: result.outputs.verdict === 'failed' ? result.durationMs : verdictMs(result), recovery: recoveryMs(result), ended: result.outputs.verdict, peakMiB: usage.peakMiB,
  };
}

/**
 * @param {string} image repository, with the host of a registry without TLS
 * @param {string} digest
 */
async function remove(image, digest) {
  const [host, ...path] = image.split('/');
  const { status } = await fetch(`http://${host}/v2/${path.join('/')}/manifests/${digest}`, { method: 'DELETE' });
  if (status !== 202) console.error(`${image}@${digest} cannot be removed from the registry: status ${status}`);
}
