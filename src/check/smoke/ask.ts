import { ApiError, type Api } from '../../kubernetes/client/api.js';
import { notOfServerReason } from '../../kubernetes/client/api-error.js';
import { persistently } from '../../kubernetes/client/persist.js';
import type { SmokeCheck } from '../../config/config.js';
import { messageOf } from '../../outcome/wording.js';
import type { Ports } from '../../ports/ports.js';
import { HttpError } from '../../ports/http.js';
import { assess, readAnswer, type Answer, type Reply, type Rules } from './assess.js';
import { readBody } from './body.js';
import type { Route } from './route.js';
import { troubleOf } from './server.js';

/** Limit of one request, ms: from the name look-up to the last byte that is read. */
const requestTimeoutMs = 5000;

export interface Asking {
  readonly rules: Rules;
  readonly signal: AbortSignal | undefined;
  /** Monotonic ms by which the requests have to end. Until then, and for at least a minute, an API server that does not answer is waited for. */
  readonly deadlineAt?: number;
  /** Whether the pod is still expected to answer: it may be scaled down meanwhile. Always true unless given. */
  readonly stays?: () => boolean;
}

export type Asked =
  | { readonly state: 'right' }
  | { readonly state: 'wrong'; readonly seen: string; readonly lacks?: 'text' }
  /** The pod went away before its answers passed or failed the check. */
  | { readonly state: 'left' };

/**
 * Requests one address until its answers pass or fail the check. Starts over when the API server itself did not answer
 * meanwhile, because that says nothing about the app.
 * @param api needed by routes to pods and Services
 * @throws ApiError when the API server stays away; what `signal` aborts with
 */
export function ask(ports: Ports, api: Api | undefined, check: SmokeCheck, route: Route, asking: Asking): Promise<Asked> {
  const { signal, deadlineAt = 0 } = asking;
  return persistently(ports.clock, () => askUntilKnown(ports, api, check, route, asking), { until: deadlineAt - requestTimeoutMs, signal });
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
      // A load balancer without an API server behind it may answer with anything, status 200 included.
      if (route.kind !== 'url') await reachable(needed(api), { timeoutMs: requestTimeoutMs, signal });
      return { state: 'right' };
    }
    await ports.clock.sleep(assessment.inMs, signal);
  }
}

/** One request. Rejects when `signal` aborts, and with ApiError when the API server itself did not answer. */
export async function askOnce(ports: Ports, reach: Api | undefined, check: SmokeCheck, route: Route, signal: AbortSignal | undefined): Promise<Answer> {
  const limits = { timeoutMs: requestTimeoutMs, signal };
  const request = { ...limits, headers: { ...headers, ...ports.trace.headers() } };
  if (route.kind === 'url') return askUrl(ports, check, route, request).catch(silent(signal));
  const api = needed(reach);
  const answer = await replyThroughApi(api, check, route, request).then((reply) => answerThroughApi(check, reply), silent(signal));
  // An error of the API server or of a load balancer in front of it looks like an answer of the app.
  if (answer.kind !== 'right') await reachable(api, limits);
  return answer;
}

/** Pods and Services are reached through a cluster. The settings of a target without a cluster cannot contain such checks. */
function needed(api: Api | undefined): Api {
  if (!api) throw new Error('a check of a Service needs a cluster');
  return api;
}

interface Limits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

interface OneRequest extends Limits {
  readonly headers: Readonly<Record<string, string>>;
}

/** Asks for any type without encoding. An answer that is encoded all the same is decoded. The app continues the trace of the run, if there is one. */
const headers = { 'user-agent': 'acci-deploy-action', 'cache-control': 'no-cache', 'accept': '*/*', 'accept-encoding': 'identity' };

async function askUrl(ports: Ports, check: SmokeCheck, route: Route, request: OneRequest): Promise<Answer> {
  const response = await ports.http.request({ url: route.address, ...request, direct: route.direct });
  const body = await readBody(response, { text: check.contains });
  return readAnswer(check, { status: response.status, headers: response.headers, body, through: response.proxy && `through the proxy ${response.proxy}` });
}

async function replyThroughApi(api: Api, check: SmokeCheck, { address, prefix = '' }: Route, request: OneRequest): Promise<Reply> {
  const response = await api.open(address, { ...request, endsWithinMs: request.timeoutMs });
  const body = await readBody(response, { text: check.contains, inserted: prefix });
  const { location } = response.headers;
  return { status: response.status, headers: { ...response.headers, ...(location === undefined ? {} : { location: location.replace(prefix, '') }) }, body };
}

function answerThroughApi(check: SmokeCheck, reply: Reply): Answer {
  const trouble = troubleOf({ ...reply, body: reply.body.beginning });
  if (trouble) throw trouble;
  const answer = readAnswer(check, reply);
  const isPage = /^text\/html\b/i.test(reply.headers['content-type'] ?? '');
  return isPage && answer.kind === 'wrong' && answer.lacks === 'text' ? { ...answer, seen: `${answer.seen} (${rewritten})` } : answer;
}

/** https://github.com/kubernetes/apimachinery/blob/master/pkg/util/proxy/transport.go */
const rewritten = 'it came through the API server, which rewrites attributes of HTML tags: check for a text outside of tags';

/** Resolves on any answer of the API server, an error of its own included. Rejects with ApiError when there is none. */
async function reachable(api: Api, limits: Limits): Promise<void> {
  await api.get('/version', { ...limits, attempts: 1 }).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.passing) throw error;
  });
}

const silent = (signal: AbortSignal | undefined) => (error: unknown): Answer => {
  if (signal?.aborted) throw signal.reason;
  if (error instanceof ApiError && error.reason === notOfServerReason) throw error;
  const seen = `no answer (${messageOf(error)})`;
  return { kind: 'silent', seen, ...(error instanceof HttpError ? { trouble: error.trouble } : {}) };
};
