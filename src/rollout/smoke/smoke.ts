import type { Api } from '../../cluster/api.js';
import type { Pod, Service } from '../../cluster/objects.js';
import type { SmokeCheck } from '../../config/config.js';
import { RolloutError } from '../../outcome/errors.js';
import type { Ports } from '../../ports/ports.js';
import { ask } from './ask.js';
import type { Rules } from './assess.js';
import { routesOf, type Route } from './route.js';

const rulesOf: Readonly<Record<Route['kind'], Rules>> = {
  pod: { needed: 3, neededAfterWrong: 10, wrong: 3, graceMs: 0, limitMs: 15_000 },
  service: { needed: 3, neededAfterWrong: 10, wrong: 3, graceMs: 0, limitMs: 15_000 },
  // Beyond the cluster there are caches and load balancers that follow at their own pace.
  url: { needed: 3, neededAfterWrong: 10, wrong: 3, graceMs: 10_000, limitMs: 20_000 },
};
/** For pods of which something is known to be wrong somewhere. */
const thorough: Rules = { ...rulesOf.pod, needed: 10 };

export interface SmokeTarget {
  readonly api: Api;
  readonly namespace: string;
  readonly services: readonly Service[];
  /** The new pods that the check of this Service asks directly. */
  readonly podsBehind: (service: string) => readonly Pod[];
}

/**
 * Asks every check: the new pods directly, all at once, and then the way that users take. All checks run side by side.
 * @throws RolloutError smoke-failed when the new version answers wrongly, wrong-version-serving when the pods answer
 *   rightly and what stands in front of them does not
 */
export async function smoke(ports: Ports, target: SmokeTarget, checks: readonly SmokeCheck[], signal: AbortSignal | undefined): Promise<void> {
  const failures = (await Promise.all(checks.map((check) => askCheck(ports, target, check, signal)))).filter((failure) => failure !== undefined);
  if (failures.length === 0) return;
  const cause = failures.some((failure) => failure.cause === 'smoke-failed') ? 'smoke-failed' : 'wrong-version-serving';
  throw new RolloutError(cause, failures.map((failure) => failure.message).join(' '));
}

interface FailedCheck {
  readonly cause: 'smoke-failed' | 'wrong-version-serving';
  readonly message: string;
}

/** Asks only the new pods, none of the ways that lead to them: for a first wave that does not take all traffic yet. */
export async function smokePods(ports: Ports, target: SmokeTarget, checks: readonly SmokeCheck[], signal: AbortSignal | undefined): Promise<void> {
  const direct = checks.filter((check) => check.target.type === 'service');
  const failures = (await Promise.all(direct.map((check) => askPods(ports, target, check, signal)))).filter((failure) => failure !== undefined);
  if (failures[0]) throw new RolloutError(failures[0].cause, failures.map((failure) => failure.message).join(' '), { stage: 'smoke' });
}

async function askPods(
  ports: Ports, target: SmokeTarget, check: SmokeCheck, signal: AbortSignal | undefined, rules: Rules = rulesOf.pod,
): Promise<FailedCheck | undefined> {
  const routes = routesFor(target, check);
  if ('problem' in routes) return { cause: 'smoke-failed', message: `Smoke check \`${check.text}\` cannot be asked: ${routes.problem}.` };
  const unasked = check.target.type === 'service' ? target.podsBehind(check.target.name).length - routes.pods.length : 0;
  if (unasked > 0) {
    return { cause: 'smoke-failed', message: `Smoke check \`${check.text}\` cannot be asked of ${unasked} new pods: none of their containers declares the port that the Service names.` };
  }
  const seen = await Promise.all(routes.pods.map((route) => ask(ports, target.api, check, route, rules, signal)));
  const wrong = seen.findIndex((each) => each !== undefined);
  return wrong === -1 ? undefined : { cause: 'smoke-failed', message: `Smoke check \`${check.text}\` failed: ${routes.pods[wrong]?.through} gave ${seen[wrong]}.` };
}

async function askCheck(ports: Ports, target: SmokeTarget, check: SmokeCheck, signal: AbortSignal | undefined): Promise<FailedCheck | undefined> {
  const failed = await askPods(ports, target, check, signal);
  if (failed) return failed;
  const routes = routesFor(target, check);
  if ('problem' in routes) return undefined;
  const seen = await ask(ports, target.api, check, routes.front, rulesOf[routes.front.kind], signal);
  if (seen === undefined) {
    ports.log.progress('smoke', check.text, `ok${routes.pods.length > 0 ? ` · ${routes.pods.length} pod${routes.pods.length === 1 ? '' : 's'} and ${routes.front.through}` : ''}`);
    return undefined;
  }
  // A pod that answers wrongly now and then may have been right until the Service was asked.
  const unsteady = await askPods(ports, target, check, signal, thorough);
  if (unsteady) return unsteady;
  return routes.pods.length > 0
    ? { cause: 'wrong-version-serving', message: `Smoke check \`${check.text}\`: every new pod answers rightly, and ${routes.front.through} gave ${seen}.` }
    : { cause: 'smoke-failed', message: `Smoke check \`${check.text}\` failed: ${routes.front.through} gave ${seen}.` };
}

function routesFor(target: SmokeTarget, check: SmokeCheck): ReturnType<typeof routesOf> {
  const name = check.target.type === 'service' ? check.target.name : undefined;
  const service = target.services.find((each) => each.metadata?.name === name);
  return routesOf(check, target.namespace, service, name === undefined ? [] : target.podsBehind(name));
}
