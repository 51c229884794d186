/** A good deployment, beside the four commands that do the same without it. */
import { randomBytes } from 'node:crypto';
import { changedAtMs, logOf, rolledOutMs, runAction } from '../live/action.mjs';
import { ask } from '../live/program.mjs';
import { buildCommand, calm, platforms } from './app.mjs';
import { mebibytes, median, range, ratio, seconds, withUsage } from './measure.mjs';
import { withApp } from './stand.mjs';

export const name = 'good';
export const needsSandbox = true;

/** @typedef {import('./stand.mjs').Stand} Stand */

/** @param {import('./benchmark.mjs').Context} context */
export function run({ env, runs }) {
  return withApp(env, async (stand) => {
    const [bare, action] = [[], []].map(() => /** @type {Timed[]} */ ([]));
    // The first pair makes everything warm and does not count.
    for (let round = 0; round <= runs; round += 1) {
      const pair = { bare: await byHand(stand), action: await byAction(stand) };
      if (round === 0) continue;
      bare?.push(pair.bare);
      action?.push(pair.action);
    }
    return report(bare ?? [], action ?? []);
  });
}

/**
 * @typedef {object} Timed in ms since the start
 * @property {number} [ready] the action alone: settings read, facts gathered
 * @property {number} built
 * @property {number} changing from here on the image is set
 * @property {number} rolledOut
 * @property {number} done
 * @property {import('./measure.mjs').Usage} [usage] of the process of the action alone
 */

/**
 * @param {readonly Timed[]} bare
 * @param {readonly Timed[]} action
 */
function report(bare, action) {
  /** @param {(timed: Timed) => number} of */
  const row = (/** @type {string} */ what, of) => {
    const [ours, theirs] = [action.map(of), bare.map(of)];
    const relative = (/** @type {(values: readonly number[]) => number} */ pick) => (pick(theirs) > 0 ? ratio(pick(ours) / pick(theirs)) : '–');
    return [what, seconds(median(ours)), range(ours), seconds(median(theirs)), range(theirs), relative(median), relative((values) => Math.min(...values))];
  };
  return {
    title: 'A good deployment',
    about: 'Two platforms, three replicas, a new layer each time; the action and four bare commands in turn: `docker buildx build --push`, `kubectl set image`, '
      + '`kubectl rollout status`, one request through the API. Target: ratio 1.10 until it is rolled out, and 3 s for the verification.',
    head: ['part', 'action', 'range', 'bare commands', 'range', 'ratio', 'of the fastest'],
    rows: [
      row('settings and preflight', ({ ready = 0 }) => ready),
      row('build and push', ({ ready = 0, built }) => built - ready),
      row('until the image is set: ledger, watches', ({ built, changing }) => changing - built),
      row('rollout', ({ changing, rolledOut }) => rolledOut - changing),
      row('**rolled out, from the start**', ({ rolledOut }) => rolledOut),
      row('verification', ({ rolledOut, done }) => done - rolledOut),
      row('all of it', ({ done }) => done),
    ],
    notes: [
      'A pod becomes ready at the next run of its probe, here every second, so rollouts of either kind differ by whole seconds.',
      `Verification by the action: endpoints stable for 2 s, every new pod and the Service checked; by the bare commands: one request. n = ${action.length}.`,
      `The process of the action itself: peak memory ${mebibytes(Math.max(...action.map(({ usage }) => usage?.peakMiB ?? NaN)))} (target: 120 MB), `
        + `CPU ${seconds(median(action.map(({ usage }) => usage?.cpuMs)))}.`,
    ],
  };
}

/** @param {Stand} stand */
async function byHand({ env, app, namespace }) {
  const release = app.change();
  const begun = performance.now();
  const since = () => performance.now() - begun;
  const own = { ...env, KUBECONFIG: namespace.kubeconfig };
  await ask('docker', [...buildCommand(env, app, release, calm), app.context], { env: own });
  const built = since();
  await ask('kubectl', ['set', 'image', 'deployment/web', `web=${app.image}:${release}`], { env: own });
  await ask('kubectl', ['rollout', 'status', 'deployment/web'], { env: own });
  const rolledOut = since();
  await ask('kubectl', ['get', '--raw', `/api/v1/namespaces/${namespace.name}/services/web:80/proxy/`], { env: own });
  return { built, changing: built, rolledOut, done: since() };
}

/** @param {Stand} stand */
async function byAction({ env, app, namespace }) {
  const release = app.change();
  const { result, usage } = await withUsage(({ node, env: more }) => runAction({
    node, env: { ...env, ...more }, workspace: app.context, commit: randomBytes(20).toString('hex'),
    inputs: {
      'image': app.image, 'builder': env.BUILDER, platforms, 'build-args': `VERSION=${release}\nMODE=${calm}`, 'kubeconfig': namespace.kubeconfig,
      'namespace': namespace.name, 'workloads': 'deployment/web', 'smoke': `service/web/ -> 200 contains ${release}`,
    },
  }));
  const changed = changedAtMs(result);
  const rolledOut = rolledOutMs(result);
  if (result.outputs.verdict !== 'deployed' || changed === undefined || rolledOut === undefined) {
    throw new Error(`A good release ended ${result.outputs.verdict}: ${result.outputs.cause}\n${logOf(result)}`);
  }
  /** @type {{ startMs: number, endMs: number }} */
  const { startMs, endMs } = result.report.timeline.find((/** @type {{ stage: string }} */ { stage }) => stage === 'build');
  const loaded = Date.parse(result.report.startedAt) - result.startedAt;
  return { ready: loaded + startMs, built: loaded + endMs, changing: changed, rolledOut: changed + rolledOut, done: result.durationMs, usage };
}
