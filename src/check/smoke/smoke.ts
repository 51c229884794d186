import type { Api } from '../../kubernetes/client/api.js';
import { uidOf, type Pod, type Service } from '../../kubernetes/client/objects.js';
import type { SmokeCheck } from '../../config/config.js';
import { RolloutError } from '../../outcome/errors.js';
import type { Ports } from '../../ports/ports.js';
import { ask } from './ask.js';
import type { Rules } from './assess.js';
import { isReady } from '../../kubernetes/judge/symptom.js';
import { suspicion, type FailedBefore } from './before.js';
import { routesOf, type Route } from './route.js';

const rulesOf: Readonly<Record<Route['kind'], Rules>> = {
  pod: { needed: 3, neededAfterWrong: 10, wrong: 3, graceMs: 0, limitMs: 15_000 },
  service: { needed: 3, neededAfterWrong: 10, wrong: 3, graceMs: 0, limitMs: 15_000 },
  // Caches and load balancers outside of the cluster take time to follow.
  url: { needed: 3, neededAfterWrong: 10, wrong: 3, graceMs: 10_000, limitMs: 20_000 },
};
/** For pods that passed although the Service failed. */
const thorough: Rules = { ...rulesOf.pod, needed: 10 };

export interface SmokeTarget {
  readonly api?: Api;
  readonly namespace: string;
  readonly services: readonly Service[];
  /** The new pods that this Service selects, ready or not: they are requested directly. */
  readonly podsBehind: (service: string) => readonly Pod[];
  /** Whether pods of the run are expected behind it, whether any exist yet or not. */
  readonly isServed: (service: string) => boolean;
  /** Monotonic ms by which the checks have to end. */
  readonly deadlineAt?: number;
  /** Results of the checks that the previous version failed too, by text: the hint of a failure says so. */
  readonly failedBefore?: ReadonlyMap<string, FailedBefore>;
  /** Resolves when something has changed; rejects with what the signal aborts with. */
  readonly news: (signal: AbortSignal | undefined) => Promise<void>;
}

/**
 * Runs every check against the new pods directly, all at once, and then through the Service or URL. All checks run in parallel.
 * @throws RolloutError smoke-failed when the new version fails a check, wrong-version-serving when the pods pass it but the
 *   Service does not
 */
export async function smoke(
  ports: Ports, target: SmokeTarget, checks: readonly SmokeCheck[], signal: AbortSignal | undefined,
): Promise<readonly PassedCheck[]> {
  const results = await Promise.all(checks.map((check) => askCheck(ports, target, check, signal)));
  const failures = results.filter((result) => result !== undefined && 'cause' in result);
  if (failures.length > 0) throw failureOf(failures, target);
  return results.filter((result) => result !== undefined && 'through' in result);
}

/** One error for all failed checks. Its hint follows from the first, and from whether the previous version failed it too. */
function failureOf(failures: readonly FailedCheck[], { failedBefore = new Map() }: SmokeTarget, stage?: 'smoke'): RolloutError {
  const first = failures.find((failure) => failure.cause === 'smoke-failed') ?? failures[0];
  const before = first && failedBefore.get(first.check.text);
  const hint = first && before && asBefore(first, before);
  const message = failures.map((failure) => failure.message).join(' ');
  return new RolloutError(first?.cause ?? 'smoke-failed', message, { ...(hint === undefined ? {} : { hint }), ...(stage && { stage }) });
}

/** What to do about a check that neither version passes; undefined when the previous version only lacked the text and the new one fails otherwise. */
function asBefore({ lacks }: FailedCheck, before: FailedBefore): string | undefined {
  const { seen, status } = before;
  if (before.lacks === undefined) return `The previous version does not pass this check either (${status ?? seen}): ${suspicion(status)}`;
  return lacks && 'Compare the answer with the check: the previous version does not return this text either.';
}

/** A check that passed, and what it was run against. */
export interface PassedCheck {
  readonly check: SmokeCheck;
  /** How many new pods were requested directly. */
  readonly pods: number;
  /** What leads to them: `service/api`, or a URL. */
  readonly through: string;
}

interface FailedCheck {
  readonly check: SmokeCheck;
  /** The status is right, but the text is missing. */
  readonly lacks?: 'text';
  readonly cause: 'smoke-failed' | 'wrong-version-serving';
  readonly message: string;
}

/** Runs the checks against the new pods only, not through the Service: for first pods that do not get all traffic yet. */
export async function smokePods(ports: Ports, target: SmokeTarget, checks: readonly SmokeCheck[], signal: AbortSignal | undefined): Promise<void> {
  const direct = checks.filter((check) => check.target.type === 'service');
  const failures = (await Promise.all(direct.map((check) => askPods(ports, target, check, signal)))).filter((failure) => failure !== undefined);
  if (failures.length > 0) throw failureOf(failures, target, 'smoke');
}

/** Requests the pods that are ready now and, if all of them went away meanwhile, their replacements. */
async function askPods(
  ports: Ports, target: SmokeTarget, check: SmokeCheck, signal: AbortSignal | undefined, rules: Rules = rulesOf.pod,
): Promise<FailedCheck | undefined> {
  const failed = (message: string, lacks?: 'text'): FailedCheck => ({ check, lacks, cause: 'smoke-failed', message: `Smoke check \`${check.text}\` ${message}.` });
  for (;;) {
    const pods = await readyPods(target, check, signal);
    const routes = routesFor(target, check, pods);
    if ('problem' in routes) return failed(`cannot run: ${routes.problem}`);
    const unasked = pods.length - routes.pods.length;
    if (unasked > 0) return failed(`cannot run against ${unasked === 1 ? 'a new pod' : `${unasked} new pods`}: no container declares the port that the Service names`);
    const stays = (pod: Pod | undefined) => () => pod !== undefined && podsBehind(target, check).some((each) => uidOf(each) === uidOf(pod));
    const asked = await Promise.all(routes.pods.map(async (route, index) =>
      ({ route, answer: await ask(ports, target.api, check, route, { rules, signal, deadlineAt: target.deadlineAt, stays: stays(pods[index]) }) })));
    for (const { route, answer } of asked) if (answer.state === 'wrong') return failed(`failed: ${route.through} returned ${answer.seen}`, answer.lacks);
    if (asked.length === 0 || asked.some(({ answer }) => answer.state === 'right')) return undefined;
  }
}

const podsBehind = (target: SmokeTarget, check: SmokeCheck): readonly Pod[] => (check.target.type === 'service' ? target.podsBehind(check.target.name) : []);

/**
 * The pods that are ready now; one that an autoscaler has just added is not waited for. When none is ready, for example
 * because the node of the only one was drained, its replacement is waited for. The judge runs in parallel and reports when
 * that takes too long, and why.
 */
async function readyPods(target: SmokeTarget, check: SmokeCheck, signal: AbortSignal | undefined): Promise<readonly Pod[]> {
  for (;;) {
    const behind = podsBehind(target, check);
    const ready = behind.filter(isReady);
    const awaited = behind.length > 0 || (check.target.type === 'service' && target.isServed(check.target.name));
    if (ready.length > 0 || !awaited) return ready;
    await target.news(signal);
  }
}

/** @returns undefined when there is nothing left that the check could run against */
async function askCheck(ports: Ports, target: SmokeTarget, check: SmokeCheck, signal: AbortSignal | undefined): Promise<FailedCheck | PassedCheck | undefined> {
  const failed = await askPods(ports, target, check, signal);
  if (failed) return failed;
  const routes = routesFor(target, check, podsBehind(target, check).filter(isReady));
  if ('problem' in routes) return undefined;
  const answer = await ask(ports, target.api, check, routes.front, { rules: rulesOf[routes.front.kind], signal, deadlineAt: target.deadlineAt });
  if (answer.state !== 'wrong') {
    const passed = { check, pods: routes.pods.length, through: routes.front.through };
    ports.log.progress('smoke', check.text, `ok${passed.pods > 0 ? ` · ${againstOf(passed)}` : ''}`);
    return passed;
  }
  // A pod that fails now and then may have passed until the Service was requested.
  const unsteady = await askPods(ports, target, check, signal, thorough);
  if (unsteady) return unsteady;
  return routes.pods.length > 0
    ? { check, lacks: answer.lacks, cause: 'wrong-version-serving', message: `Smoke check \`${check.text}\` failed: every new pod passes it, but ${routes.front.through} returned ${answer.seen}.` }
    : { check, lacks: answer.lacks, cause: 'smoke-failed', message: `Smoke check \`${check.text}\` failed: ${routes.front.through} returned ${answer.seen}.` };
}

/** What a check was run against: `3 pods and service/api`. */
export const againstOf = ({ pods, through }: PassedCheck): string => (pods === 0 ? through : `${pods} ${pods === 1 ? 'pod' : 'pods'} and ${through}`);

const routesFor = (target: SmokeTarget, check: SmokeCheck, pods: readonly Pod[]): ReturnType<typeof routesOf> =>
  routesOf(check, target.namespace, target.services, pods);
