import type { Listener } from '../../outcome/events.js';
import type { Outcome } from '../../outcome/outcome.js';
import { isRedirect, redirectPlace } from '../../outcome/redirect.js';
import { HttpError, textOf, type HttpResponse } from '../../ports/http.js';
import type { Ports } from '../../ports/ports.js';
import { retry } from '../../ports/retry.js';
import { said } from '../said.js';
import { exposition, groupPath } from './exposition.js';
import { groupOf, runMetrics, type MeasuredRun } from './run-metrics.js';

/** A Pushgateway of Prometheus. */
export interface Pushgateway {
  /** Without a path, or with the prefix that it is served under. */
  readonly url: string;
  readonly login?: { readonly username: string; readonly password: string };
}

type Pushing = Pick<Ports, 'http' | 'clock'> & { readonly log: Pick<Ports['log'], 'redact'> };

/** Bounds a push, ms: the end of the run waits for it. */
const withinMs = 5000;
const delaysMs = [500];
const answerLimit = 4096;

/** Pushes the figures of a run at its end. */
export const pushListener = (ports: Pushing, gateway: Pushgateway, run: MeasuredRun): Listener => ({
  name: 'The push of metrics',
  hear: (event, signal) => (event.kind === 'ended' ? push(ports, gateway, { outcome: event.outcome, run }, signal) : undefined),
});

interface Measured {
  readonly outcome: Outcome;
  readonly run: MeasuredRun;
}

/** The Pushgateway did not take them. `message` is a sentence without its end. */
class PushError extends Error {
  constructor(message: string, readonly isPassing: boolean) {
    super(message);
  }
}

/**
 * POST, not PUT: a PUT would remove the time of the last success together with everything else that this run does not push.
 * @throws Error with a sentence without its end
 */
async function push({ http, clock, log }: Pushing, { url, login }: Pushgateway, { outcome, run }: Measured, signal: AbortSignal): Promise<void> {
  const { job, labels } = groupOf(outcome, run);
  const headers = {
    'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    ...(login && { authorization: `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}` }),
  };
  const untilMs = clock.monotonic() + withinMs;
  const retryable = (error: unknown): boolean => error instanceof HttpError || (error instanceof PushError && error.isPassing);
  await retry(clock, { delaysMs, untilMs, signal, retryable }, async () => {
    const timeoutMs = Math.max(1, Math.ceil(untilMs - clock.monotonic()));
    const address = `${url.replace(/\/$/, '')}${groupPath(job, labels)}`;
    await accepted(await http.request({ url: address, method: 'POST', headers, body: exposition(runMetrics(outcome, run)), timeoutMs, signal }), address, (text) => log.redact(text));
  });
}

const hints: Readonly<Record<number, string>> = {
  401: '. Check `username` and `password` of `metrics.pushgateway`', 403: '. Check `username` and `password` of `metrics.pushgateway`',
  404: '. Check `url` of `metrics.pushgateway`: it is the address of the Pushgateway itself, without /metrics',
};

/** 200; 202 where the Pushgateway does not check what is pushed. Anything else is no Pushgateway, or a push that it refuses. */
async function accepted(response: HttpResponse, address: string, redact: (text: string) => string): Promise<void> {
  const { status, headers } = response;
  const { host } = new URL(address);
  const body = await textOf(response, answerLimit).catch(() => '');
  const isPage = /^text\/html\b/i.test(headers['content-type'] ?? '');
  if ((status === 200 || status === 202) && !isPage) return;
  if (isRedirect(status)) throw new PushError(`${host} returned ${status}${redirectPlace(headers['location'], address, redact)}, and redirects are not followed. Set \`url\` of \`metrics.pushgateway\` to the address that it has now`, false);
  const what = isPage && status < 300 ? 'a web page, so it is no Pushgateway' : String(status);
  throw new PushError(`${host} returned ${what}${said(isPage ? '' : body, redact)}${hints[status] ?? ''}`, status === 429 || status >= 502);
}
