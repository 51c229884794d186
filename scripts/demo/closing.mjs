/** The end of the demo: what happened, how long it took, and what was wrong with it. */
import { recoveryMs, rolledOutMs, verdictMs } from '../live/action.mjs';
import { answered, describeTraffic } from '../live/traffic.mjs';
import { releases } from './releases.mjs';
import { bold, grey, seconds, table } from './screen.mjs';

/** @typedef {import('./demo.mjs').Made} Made */

// The 600 s: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#progress-deadline-seconds

const head = ['release', 'verdict', 'cause', 'detected in', 'restored in', 'requests', 'wrong', 'lost', 'kubectl alone'];
const right = new Set(['detected in', 'restored in', 'requests', 'wrong', 'lost', 'kubectl alone']);

/**
 * @param {readonly Made[]} made
 * @param {{ results: string, tookMs: number, perSecond: number }} facts
 */
export function closing(made, { results, tookMs, perSecond }) {
  const all = made.map(({ traffic }) => countTraffic(traffic));
  /** @param {'sent' | 'lost' | 'wrong'} what */
  const sum = (what) => all.reduce((total, counts) => total + counts[what], 0);
  return [
    '', bold('What happened'), '', table(head, made.map(rowOf), right), '',
    `${sum('sent')} requests at ${perSecond}/s through the Service: ${sum('lost')} lost, ${sum('wrong')} with a wrong response from v4 before it was replaced.`,
    '',
    grey('detected in    from `kubectl set image` until the result was known'),
    grey('restored in    from there until the previous version was verified'),
    grey('wrong          status 500, returned by v4'),
    grey('kubectl alone  until `kubectl rollout status` would have failed: when a Deployment exceeds its'),
    grey('               progressDeadlineSeconds, 600 by default; it does not check responses'),
    '', `Job summaries, reports and logs: ${results}/{${made.map(({ release }) => release.name).join(',')}}/{summary.md,report.json,log.txt}`,
    grey(`Total time: ${seconds(tookMs)}.`),
  ].join('\n');
}

/** @param {Made} made */
function rowOf({ release, result, traffic }) {
  const { sent, wrong, lost } = countTraffic(traffic);
  /** @param {number} count */
  const counted = (count) => (traffic ? String(count) : '–');
  const rolledOut = rolledOutMs(result);
  return [
    release.label, result.outputs.verdict || 'none', result.outputs.cause || '–', seconds(verdictMs(result)), seconds(recoveryMs(result)),
    counted(sent), counted(wrong), counted(lost), release.kubectl ?? `${seconds(rolledOut)}, not verified`,
  ];
}

/**
 * @param {readonly Made[]} made
 * @returns {string[]} sentences; none when all was as it should be
 */
export function problemsOf(made) {
  const verdicts = releases.flatMap(({ name, expected }) => {
    const outputs = made.find(({ release }) => release.name === name)?.result.outputs;
    const ended = outputs && `${outputs.verdict || 'no verdict'} ${outputs.cause ?? ''}`.trim();
    const wanted = `${expected.verdict} ${expected.cause}`.trim();
    return ended === wanted ? [] : [`${name}: expected ${wanted}, and it ${ended ? `ended ${ended}` : 'was not deployed'}.`];
  });
  const requests = made.flatMap(({ release, traffic }) => {
    const { lost, wrong } = countTraffic(traffic);
    const amiss = lost > 0 || (wrong > 0 && !release.answersWrongly);
    return traffic && amiss ? [`${release.name}: requests were lost or failed: ${describeTraffic(traffic)}.`] : [];
  });
  return [...verdicts, ...requests];
}

/**
 * A request is lost when nothing answered it, or something that is not the app. An answer with an error of the app
 * itself is not lost but wrong: the release that gave it is to blame, and not the way it was rolled out.
 *
 * @param {Made['traffic']} account
 */
function countTraffic(account) {
  const [right, wrong] = [answered(account, /^200 hello v\d+$/), answered(account, /^500 internal server error$/)];
  const sent = account?.sent ?? 0;
  return { sent, wrong, lost: sent - right - wrong };
}
