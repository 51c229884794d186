/** How long it takes to detect a failed release and its cause, and until the previous version is verified. */
import { changedAtMs, logOf, recoveryMs, runAction, verdictMs } from '../live/action.mjs';
import { byHelm, byKubectl, limitSeconds } from './cause-peers.mjs';
import { cases } from './cause-cases.mjs';
import { loginInputs, pushBad, startCase, withSettings } from './cause-stand.mjs';
import { mebibytes, median, range, seconds, withUsage } from './measure.mjs';
import { withBuilt, withNamespace } from './stand.mjs';

export const name = 'causes';
export const needsSandbox = true;

/** Cases that wait for most of their time are measured side by side: so many. */
const abreast = 10;

/** @typedef {import('./cause-cases.mjs').CauseCase} CauseCase */
/** @typedef {import('./cause-cases.mjs').Pushed} Pushed */
/** @typedef {import('./cause-peers.mjs').PeerSeen} PeerSeen */
/**
 * @typedef {object} Seen
 * @property {number | undefined} verdict ms
 * @property {number | undefined} recovery ms
 * @property {string | undefined} ended
 * @property {string | undefined} cause
 * @property {number} peakMiB
 */

/** @typedef {{ of: CauseCase, seen: Seen[], kubectl?: PeerSeen, helm?: PeerSeen }} Measured */
/** @typedef {{ env: import('./stand.mjs').Stand['env'], app: import('./stand.mjs').Stand['app'], first: string }} Built */

/** @param {import('./benchmark.mjs').Context} context */
export const run = ({ env, runs }) => withBuilt(env, async (app, first) => {
  const built = { env, app, first };
  const measured = cases.map((of) => /** @type {Measured} */ ({ of, seen: [] }));
  for (const each of measured.filter(({ of }) => !of.slow)) await alone(built, each, runs);
  await inTurn(await sideBySide(built, measured.filter(({ of }) => of.slow), runs));
  await inTurn(await peers(built, measured));
  return report(measured, runs);
});

/** One after another, in one namespace. @param {Built} built @param {Measured} measured @param {number} runs */
const alone = ({ env, app, first }, { of, seen }, runs) => withNamespace(env, async (namespace) => {
  await startCase(namespace, of, first);
  for (let round = 0; round < runs; round += 1) seen.push(await fail(env, namespace, of, await pushBad(env, app, of.release)));
});

/**
 * Each in a namespace of its own.
 *
 * @param {Built} built
 * @param {readonly Measured[]} measured
 * @param {number} runs
 */
async function sideBySide({ env, app, first }, measured, runs) {
  /** @type {(() => Promise<unknown>)[]} */
  const jobs = [];
  for (const { of, seen } of measured) {
    for (let round = 0; round < runs; round += 1) {
      const pushed = await pushBad(env, app, of.release);
      jobs.push(() => withNamespace(env, async (namespace) => {
        await startCase(namespace, of, first);
        seen.push(await fail(env, namespace, of, pushed));
      }));
    }
  }
  return jobs;
}

/** @param {Built} built @param {readonly Measured[]} measured */
async function peers({ env, app, first }, measured) {
  /** @type {(() => Promise<unknown>)[]} */
  const jobs = [];
  for (const each of measured) {
    for (const [peer, go] of /** @type {const} */ ([['kubectl', byKubectl], ['helm', byHelm]])) {
      const pushed = await pushBad(env, app, each.of.release);
      jobs.push(async () => {
        each[peer] = await go(each.of, { env, first, pushed });
        console.error(`  ${each.of.what}, ${peer}: ${cells(each[peer]).join(', ')}`);
      });
    }
  }
  return jobs;
}

/** @param {readonly (() => Promise<unknown>)[]} jobs */
async function inTurn(jobs) {
  const waiting = [...jobs];
  const worker = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) await job();
  };
  await Promise.all(Array.from({ length: abreast }, worker));
}

/**
 * @param {Built['env']} env
 * @param {import('./stand.mjs').Namespace} namespace
 * @param {CauseCase} of
 * @param {Pushed} pushed
 * @returns {Promise<Seen>}
 */
async function fail(env, namespace, of, { image, digest, tag }) {
  /** @type {Promise<unknown> | undefined} */
  let meddling;
  const { result, usage } = await withSettings(of, (workspace) => withUsage(({ node, env: more }) => runAction({
    action: 'rollout', node, workspace, env: { ...env, ...more },
    inputs: {
      image, digest, kubeconfig: namespace.kubeconfig, namespace: namespace.name, smoke: 'service/web/ -> 200',
      workloads: `deployment/web${of.release === 'private' ? ':web' : ''}`, ...loginInputs(env, of),
    },
    onLine: (text, atMs) => {
      if (changedAtMs({ lines: [{ text, atMs }] }) !== undefined) meddling ??= of.atChange?.(namespace, { image, digest, tag });
    },
  })));
  await meddling;
  const { verdict: ended, cause } = result.outputs;
  console.error(`  ${of.what}: ${ended} ${cause} (${seconds(result.durationMs)})`);
  // Shown in the table as it was, and not thrown: one wrong answer is no reason to lose all others.
  if (cause !== of.cause) console.error(`should be ${of.cause}:\n${logOf(result)}`);
  await of.mend?.(namespace);
  return {
    verdict: ended === 'failed' ? result.durationMs : verdictMs(result), recovery: recoveryMs(result), ended, cause, peakMiB: usage.peakMiB,
  };
}

/** What was seen, once: more than one word only where runs differed. @param {readonly Seen[]} seen @param {(one: Seen) => string} of */
const each = (seen, of) => [...new Set(seen.map(of))].join(', ');

/** @param {PeerSeen | undefined} seen @returns {[string, string]} verdict, recovery */
function cells(seen) {
  if (seen?.verdict === undefined) return [seen?.notReady ? 'reported as successful, with a pod that is not ready' : 'reported as successful', '–'];
  return [`${seconds(seen.verdict)}, ${seen.named ? 'named' : 'no cause'}`, seconds(seen.recovery ?? NaN)];
}

/** @param {readonly Measured[]} measured @param {number} runs */
function report(measured, runs) {
  return {
    title: 'Failures',
    about: 'From the change of the image to the verdict (from the start of the step, if preflight found the cause), and from there until the previous version was restored and verified. '
      + `For comparison, kubectl and Helm 4 with a limit of ${limitSeconds} s; the defaults are 600 and 300 s.`,
    head: ['release', 'cause named', 'ended', 'verdict', 'range', 'target', 'recovered', 'range', '`rollout status`', '`undo`', 'Helm `upgrade`', 'its rollback'],
    rows: measured.map(({ of, seen, kubectl, helm }) => {
      const [verdicts, recoveries] = [seen.map(({ verdict }) => verdict), seen.map(({ recovery }) => recovery)];
      return [
        of.what, each(seen, ({ cause }) => `\`${cause}\``), each(seen, ({ ended }) => String(ended)),
        seconds(median(verdicts)), range(verdicts), of.target, seconds(median(recoveries)), range(recoveries), ...cells(kubectl), ...cells(helm),
      ];
    }),
    notes: [
      `The action: n = ${runs}, three replicas, default \`patience\` unless the target says otherwise; the target for the recovery is 5 s. The first ${cases.filter(({ slow }) => !slow).length} `
        + `were measured one at a time, the others, which mostly wait, ${abreast} in parallel. Peak memory: ${mebibytes(Math.max(...measured.flatMap(({ seen }) => seen.map(({ peakMiB }) => peakMiB))))}.`,
      `kubectl and Helm: n = 1, ${abreast} in parallel, from the start of the command. \`kubectl set image\` and \`rollout status --timeout=${limitSeconds}s\`, then \`rollout undo\` and \`rollout status\`; `
        + `\`helm upgrade --wait --rollback-on-failure --timeout=${limitSeconds}s\`, whose recovery starts when it restores the image. *No cause*: its output does not contain the cause.`,
      'The table below shows the times with their default limits, measured once.',
    ],
  };
}
