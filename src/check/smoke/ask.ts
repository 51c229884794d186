import { ApiError, type Api } from '../../kubernetes/client/api.js';
import { persistently } from '../../kubernetes/client/persist.js';
import type { SmokeCheck } from '../../config/config.js';
import { messageOf } from '../../outcome/wording.js';
import type { Ports } from '../../ports/ports.js';
import { HttpError } from '../../ports/http.js';
import { assess, readAnswer, type Answer, type Reply, type Rules } from './assess.js';
import { readBody } from './body.js';
import type { Route } from './route.js';
import { troubleOf } from './server.js';

/** For so long one request may take, from the name look-up to the last byte that is looked at. */
const requestTimeoutMs = 5000;

export interface Asking {
  readonly rules: Rules;
  readonly signal: AbortSignal | undefined;
  /** Whether what is asked is still meant to answer: pods may be scaled away meanwhile. Always, unless given. */
  readonly stays?: () => boolean;
}

export type Asked =
  | { readonly state: 'right' }
  | { readonly state: 'wrong'; readonly seen: string; readonly lacks?: 'text' }
  /** It went away before its answers said anything. */
  | { readonly state: 'left' };

/**
 * Asks one address until the answers prove or disprove it, all anew when the API server itself was away meanwhile: that
 * says nothing of the app.
 * @param api needed by routes to pods and Services
 * @throws ApiError when the API server stays away; what `signal` aborts with
 */
export function ask(ports: Ports, api: Api | undefined, check: SmokeCheck, route: Route, asking: Asking): Promise<Asked> {
  return persistently(ports.clock, () => askUntilKnown(ports, api, check, route, asking), { signal: asking.signal });
}

async function askUntilKnown(ports: Ports, api: Api | undefined, check: SmokeCheck, route: Route, { rules, signal, stays }: Asking): Promise<Asked> {
  const startedAt = ports.clock.monotonic();
  const answers: Answer[] = [];
  for (;;) {
    answers.push(await askOnce(ports, api, check, route, signal));
    const assessment = assess(answers, ports.clock.monotonic() - startedAt, rules);
    if (assessment.state !== 'passed' && stays?.() === false) return { state: 'left' };
    if (assessment.state === 'failed') return { state: 'wrong', seen: assessment.seen, lacks: assessment.lacks };
    if (assessment.state === 'passed') {
      // A load balancer without a server behind it may answer anything, with status 200 as well.
      if (route.kind !== 'url') await reachable(needed(api), { timeoutMs: requestTimeoutMs, signal });
      return { state: 'right' };
    }
    await ports.clock.sleep(assessment.inMs, signal);
  }
}

/** One request. Rejects when `signal` aborts, and with ApiError when it is the API server that did not answer. */
export async function askOnce(ports: Ports, reach: Api | undefined, check: SmokeCheck, route: Route, signal: AbortSignal | undefined): Promise<Answer> {
  const limits = { timeoutMs: requestTimeoutMs, signal };
  if (route.kind === 'url') return askUrl(ports, check, route, limits).catch(silent(signal));
  const api = needed(reach);
  const answer = await replyThroughApi(api, check, route, limits).then((reply) => answerThroughApi(check, reply), silent(signal));
  // Through the API server, and what stands before it, their own trouble looks like an answer of the app.
  if (answer.kind !== 'right') await reachable(api, limits);
  return answer;
}

/** Pods and Services are reached through a cluster. Settings of a target that has none name no checks of them. */
function needed(api: Api | undefined): Api {
  if (!api) throw new Error('a check of a Service has no cluster to go through');
  return api;
}

interface Limits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** What is sent is what a program sends that reads any answer; what comes encoded all the same is decoded. */
const headers = { 'user-agent': 'acci-deploy-action', 'cache-control': 'no-cache', 'accept': '*/*', 'accept-encoding': 'identity' };

async function askUrl(ports: Ports, check: SmokeCheck, route: Route, limits: Limits): Promise<Answer> {
  const response = await ports.http.request({ url: route.address, ...limits, headers, direct: route.direct });
  const body = await readBody(response, { text: check.contains });
  return readAnswer(check, { status: response.status, headers: response.headers, body, through: response.proxy && `through the proxy ${response.proxy}` });
}

async function replyThroughApi(api: Api, check: SmokeCheck, { address, prefix = '' }: Route, limits: Limits): Promise<Reply> {
  const response = await api.open(address, { ...limits, endsWithinMs: limits.timeoutMs, headers });
  const body = await readBody(response, { text: check.contains, inserted: prefix });
  const { location } = response.headers;
  return { status: response.status, headers: { ...response.headers, ...(location === undefined ? {} : { location: location.replace(prefix, '') }) }, body };
}

function answerThroughApi(check: SmokeCheck, reply: Reply): Answer {
  const trouble = troubleOf(reply.status, reply.body.beginning);
  if (trouble) throw trouble;
  const answer = readAnswer(check, reply);
  const isPage = /^text\/html\b/i.test(reply.headers['content-type'] ?? '');
  return isPage && answer.kind === 'wrong' && answer.lacks === 'text' ? { ...answer, seen: `${answer.seen} (${rewritten})` } : answer;
}

/** https://github.com/kubernetes/apimachinery/blob/master/pkg/util/proxy/transport.go */
const rewritten = 'the API server, through which this came, rewrites the attributes of HTML tags: a text outside of them is safe';

/** Any answer in the API's own form will do, a refusal as well. Rejects with ApiError when there is none. */
async function reachable(api: Api, limits: Limits): Promise<void> {
  await api.get('/version', { ...limits, attempts: 1 }).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.passing) throw error;
  });
}

const silent = (signal: AbortSignal | undefined) => (error: unknown): Answer => {
  if (signal?.aborted) throw signal.reason;
  const seen = `no answer (${messageOf(error)})`;
  return { kind: 'silent', seen, ...(error instanceof HttpError ? { trouble: error.trouble } : {}) };
};
