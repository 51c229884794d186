import { placeWords } from '../outcome/place-words.js';
import { plainLine } from '../outcome/plain.js';
import { isRedirect, redirectPlace } from '../outcome/redirect.js';
import { HttpError, textOf, type HttpResponse } from '../ports/http.js';
import { MailError, type MailMessage, type MailServer, type MailTrouble } from '../ports/mail.js';
import type { Ports } from '../ports/ports.js';
import { retry } from '../ports/retry.js';
import { within } from '../ports/within.js';
import type { HttpMessage } from './http-message.js';
import { cut, oneLine } from './text.js';

/** How long one request may take, ms, and the shortest time in which another one makes sense. */
const [requestMs, leastMs] = [5000, 500];
/** Before the second attempt and the third, ms. */
const delaysMs: readonly number[] = [1000, 2000];
/** Of an answer that is read, and of its words in a warning. */
const [answerBytes, wordsLimit] = [4096, 200];

type Delivering = Pick<Ports, 'http' | 'clock'> & { readonly log: Pick<Ports['log'], 'redact'> };

/** Someone was not notified. `message` is a sentence without its end. */
export class DeliveryError extends Error {
  /** How long the other side wants not to get another request, ms; undefined when another attempt cannot succeed. */
  readonly retryAfterMs?: number;

  constructor(message: string, readonly hint: string, { retryAfterMs, cause }: { readonly retryAfterMs?: number; readonly cause?: unknown } = {}) {
    super(message, { cause });
    this.name = 'DeliveryError';
    this.retryAfterMs = retryAfterMs;
  }
}

export interface Bounds {
  /** Of all attempts together, ms. */
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

const temporary = 'If this happens again, check the address, and the status of the service.';
const certificate = (): string => `Set NODE_EXTRA_CA_CERTS in ${placeWords().environment} to a file with the certificate of its CA.`;

/**
 * Sends a message until it is accepted: again after 429, 5xx and a lost connection, never after another status, and not after
 * it has taken too long, as it may have arrived. Redirects are not followed: whoever controls the answer must not choose where
 * the secrets go.
 * @throws DeliveryError; what the signal aborts with
 */
export async function deliver(world: Delivering, message: HttpMessage, bounds: Bounds): Promise<void> {
  const { host } = new URL(message.url);
  await repeatedly(world.clock, bounds, (ms) => {
    const late = (): Error => new DeliveryError(`${host} did not answer within ${Math.round(ms / 100) / 10} s`, temporary);
    return within(world.clock, { ms, late, signal: bounds.signal }, async (signal) => {
      const response = await world.http.request({
        url: message.url, method: 'POST', headers: message.headers, body: message.body, timeoutMs: ms + 1000, signal,
      }).catch((error: unknown) => { throw error instanceof HttpError ? explained(error) : error; });
      const fault = await faultOf(response, host, message, world);
      if (fault) throw fault;
    });
  });
}

/** @param attempt may take so many ms */
async function repeatedly(clock: Ports['clock'], { withinMs, signal }: Bounds, attempt: (ms: number) => Promise<void>, longestMs = requestMs): Promise<void> {
  const until = clock.monotonic() + withinMs;
  const left = (): number => until - clock.monotonic();
  const afterMs = (error: unknown): number => (error instanceof DeliveryError ? error.retryAfterMs : undefined) ?? Infinity;
  let count = 0;
  const retryable = (error: unknown): boolean => Math.max(afterMs(error), delaysMs[count++] ?? Infinity) + leastMs < left();
  await retry(clock, { delaysMs, retryable, leastDelayMs: afterMs, signal }, () => attempt(Math.min(longestMs, left())));
}

function explained(error: HttpError): DeliveryError {
  const { trouble, message } = error;
  if (trouble === 'certificate') return new DeliveryError(message, certificate(), { cause: error });
  if (trouble === 'name') return new DeliveryError(message, 'Check the address.', { cause: error });
  return new DeliveryError(message, temporary, { retryAfterMs: 0, cause: error });
}

/** Why an answer is not that of a service that has accepted the message. */
async function faultOf(response: HttpResponse, host: string, message: HttpMessage, { clock, log }: Delivering): Promise<DeliveryError | undefined> {
  const { status, headers } = response;
  // What was accepted stays accepted, whatever becomes of the rest of the answer.
  const text = (await textOf(response, answerBytes).catch(() => '')).trim();
  const isPage = /^\s*text\/html/i.test(headers['content-type'] ?? '') || /^<(?:!doctype|html)\b/i.test(text);
  // Before they are cut: of half a secret nobody would know that it is one. Some servers repeat the token or the address.
  const shown = (words: string): string => cut(log.redact(oneLine(plainLine(words))), wordsLimit);
  const said = (words: string): string => (words === '' || isPage ? '' : `: ${shown(words)}`);
  if (status >= 200 && status < 300) {
    if (isPage) return new DeliveryError(`${host} returned ${status} with a web page, so the message has probably not arrived`, 'Check the address. A proxy or a login page may answer in its place.');
    const words = message.refusal?.({ status, text });
    return words === undefined ? undefined : new DeliveryError(`${host} returned ${status}, but it says: ${shown(words)}`, message.hint(status));
  }
  if (isRedirect(status)) {
    return new DeliveryError(`${host} returned ${status}${redirectPlace(headers['location'], message.url, (place) => log.redact(place))}, and redirects are not followed`, 'Set the address that the service has now.');
  }
  if (status === 429) return new DeliveryError(`${host} returned 429, too many requests${said(text)}`, temporary, { retryAfterMs: retryAfter(headers, clock) });
  if (status >= 500) return new DeliveryError(`${host} returned ${status}${said(text)}`, temporary, { retryAfterMs: retryAfter(headers, clock) });
  return new DeliveryError(`${host} returned ${status}${said(text)}`, message.hint(status));
}

/** `Retry-After` in ms: a number of seconds, or a date. */
function retryAfter(headers: HttpResponse['headers'], clock: Ports['clock']): number {
  const given = headers['retry-after']?.trim() ?? '';
  if (/^\d{1,9}$/.test(given)) return Number(given) * 1000;
  const date = Date.parse(given);
  return Number.isNaN(date) ? 0 : Math.max(0, date - clock.now());
}

/**
 * Sends an e-mail; again only where it is certain that the server has not taken it.
 * @throws DeliveryError, also when some of the recipients were rejected; what the signal aborts with
 */
export async function deliverMail(
  world: Pick<Ports, 'mail' | 'clock'>, server: MailServer, message: MailMessage, bounds: Bounds,
): Promise<void> {
  const at = `${server.host}:${server.port}`;
  await repeatedly(world.clock, bounds, (ms) => {
    const late = (): Error => new DeliveryError(`${at} did not accept the message within ${Math.round(ms / 100) / 10} s`, mailHints.temporary);
    return within(world.clock, { ms, late, signal: bounds.signal }, async (signal) => {
      const rejected = await world.mail.send(server, message, signal)
        .catch((error: unknown) => { throw error instanceof MailError ? explainedMail(error) : error; });
      if (rejected.length > 0) throw new DeliveryError(`${at} rejected the recipient ${rejected.map((each) => plainLine(each)).join(', ')}`, 'Check the addresses in `notify.email.to`.');
    });
  }, bounds.withinMs);
}

const mailHints: Readonly<Record<Exclude<MailTrouble, 'certificate'>, string>> = {
  login: 'Check `notify.email.username` and `notify.email.password`, and whether the server wants an application password.',
  tls: 'Use smtps:// for a port with TLS from the start (465), and smtp:// for one with STARTTLS (587).',
  rejected: 'Check `notify.email.from` and `notify.email.to`, and whether the server accepts messages from this sender.',
  temporary: 'If this happens again, check `notify.email.server`, and the status of the server.',
  other: 'Check `notify.email.server`, and whether this machine can connect to it.',
};

const explainedMail = (error: MailError): DeliveryError => new DeliveryError(
  plainLine(error.message), error.trouble === 'certificate' ? certificate() : mailHints[error.trouble],
  { cause: error, ...error.trouble === 'temporary' && { retryAfterMs: 0 } });
