import { ApiError, type Api } from '../../cluster/api.js';
import { persistently } from '../../cluster/persist.js';
import type { SmokeCheck } from '../../config/config.js';
import type { Ports } from '../../ports/ports.js';
import { assess, readAnswer, type Answer, type Rules } from './assess.js';
import type { Route } from './route.js';
import { troubleOf } from './server.js';

const requestTimeoutMs = 5000;

export interface Asking {
  readonly rules: Rules;
  readonly signal: AbortSignal | undefined;
  /** Whether what is asked is still meant to answer: pods may be scaled away meanwhile. Always, unless given. */
  readonly stays?: () => boolean;
}

export type Asked =
  | { readonly state: 'right' }
  | { readonly state: 'wrong'; readonly seen: string }
  /** It went away before its answers said anything. */
  | { readonly state: 'left' };

/**
 * Asks one address until the answers prove or disprove it, all anew when the API server itself was away meanwhile: that
 * says nothing of the app.
 * @throws ApiError when the API server stays away; what `signal` aborts with
 */
export function ask(ports: Ports, api: Api, check: SmokeCheck, route: Route, asking: Asking): Promise<Asked> {
  return persistently(ports.clock, () => askUntilKnown(ports, api, check, route, asking), { signal: asking.signal });
}

async function askUntilKnown(ports: Ports, api: Api, check: SmokeCheck, route: Route, { rules, signal, stays }: Asking): Promise<Asked> {
  const startedAt = ports.clock.monotonic();
  const limits = { timeoutMs: requestTimeoutMs, signal };
  const answers: Answer[] = [];
  for (;;) {
    answers.push(await askOnce(ports, api, check, route, limits));
    const assessment = assess(answers, ports.clock.monotonic() - startedAt, rules);
    if (assessment.state !== 'passed' && stays?.() === false) return { state: 'left' };
    if (assessment.state === 'failed') return { state: 'wrong', seen: assessment.seen };
    if (assessment.state === 'passed') {
      // A load balancer without a server behind it may answer anything, with status 200 as well.
      if (route.kind !== 'url') await reachable(api, limits);
      return { state: 'right' };
    }
    await ports.clock.sleep(assessment.inMs, signal);
  }
}

/** One request. Rejects when `signal` aborts, and with ApiError when it is the API server that did not answer. */
export async function askOnce(
  ports: Ports, api: Api, check: SmokeCheck, route: Route, limits: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<Answer> {
  const headers = { 'user-agent': 'acci-deploy-action', 'cache-control': 'no-cache' };
  if (route.kind === 'url') return ports.http.get(route.address, { ...limits, headers }).then(({ status, body }) => readAnswer(check, status, body), silent(limits.signal));
  const answer = await api.raw(route.address, { ...limits, endsWithinMs: limits.timeoutMs, headers: { ...headers, accept: '*/*' }, maxBytes: 64 * 1024 })
    .then(({ status, body }) => read(check, status, body), silent(limits.signal));
  // Through the API server, and what stands before it, their own trouble looks like an answer of the app.
  if (answer.kind !== 'right') await reachable(api, limits);
  return answer;
}

function read(check: SmokeCheck, status: number, body: string): Answer {
  const trouble = troubleOf(status, body);
  if (trouble) throw trouble;
  return readAnswer(check, status, body);
}

/** Any answer in the API's own form will do, a refusal as well. Rejects with ApiError when there is none. */
async function reachable(api: Api, limits: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined }): Promise<void> {
  await api.get('/version', { ...limits, attempts: 1 }).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.passing) throw error;
  });
}

const silent = (signal: AbortSignal | undefined) => (error: unknown): Answer => {
  if (signal?.aborted) throw signal.reason;
  return { kind: 'silent', seen: `no answer (${error instanceof Error ? error.message : String(error)})` };
};
