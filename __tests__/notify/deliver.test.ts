import { describe, expect, it } from '@jest/globals';
import { deliver, DeliveryError, deliverMail } from '../../src/notify/deliver.js';
import type { HttpMessage } from '../../src/notify/http-message.js';
import { HttpError, type Http, type HttpRequest, type HttpResponse } from '../../src/ports/http.js';
import { MailError, type Mail, type MailMessage, type MailServer } from '../../src/ports/mail.js';
import { idleClock } from '../ports/idle-clock.js';

interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
  /** Instead of an answer. */
  readonly error?: Error;
  /** Before the answer, ms. */
  readonly afterMs?: number;
  /** The headers come, the rest does not. */
  readonly isCut?: boolean;
}

const message: HttpMessage = {
  url: 'https://hooks.example/services/s3cret?token=x', headers: { 'content-type': 'application/json' }, body: '{}', hint: (status) => `Hint for ${status}.`,
  refusal: ({ text }) => (text === 'ok' ? undefined : text),
};

/** Delivers to a server that gives these replies one after the other, the last one again and again. */
async function delivered(
  replies: readonly Reply[],
  { withinMs = 9000, signal = new AbortController().signal, to = message }: { withinMs?: number; signal?: AbortSignal; to?: HttpMessage } = {},
) {
  const clock = idleClock();
  const startedAt = clock.monotonic();
  const requests: (HttpRequest & { readonly atMs: number })[] = [];
  const request: Http['request'] = async (each): Promise<HttpResponse> => {
    const { status = 200, headers = {}, text = 'ok', error, afterMs = 0, isCut = false } = replies[Math.min(requests.length, replies.length - 1)] ?? {};
    requests.push({ ...each, atMs: clock.monotonic() - startedAt });
    await clock.sleep(afterMs, each.signal);
    if (error) throw error;
    const pieces = async function* () {
      if (isCut) throw new HttpError('other', 'the connection was closed early');
      yield Buffer.from(text);
    };
    return { status, headers, body: pieces() };
  };
  const fault = await deliver({ http: { request } as Http, clock, log: { redact: (text: string) => text.replaceAll('hunter2hunter2', '***') } }, to, { withinMs, signal }).then(() => undefined, (error: unknown) => error);
  return { fault: fault instanceof DeliveryError ? `${fault.message}. ${fault.hint}` : fault, requests, tookMs: clock.monotonic() - startedAt };
}

const temporary = 'If this happens again, check the address, and the status of the service.';

describe('a delivery', () => {
  it('posts the message, follows no redirect, and ends with the first acceptance', async () => {
    const { fault, requests } = await delivered([{}]);
    expect([fault, requests.length]).toEqual([undefined, 1]);
    expect(requests[0]).toMatchObject({ url: message.url, method: 'POST', headers: message.headers, body: '{}' });
    expect(requests[0]?.maxRedirects).toBeUndefined();
  });

  it.each<[string, readonly Reply[], number[]]>([
    ['500, then 200', [{ status: 500 }, {}], [0, 1000]], ['500 and 503, then 200', [{ status: 500 }, { status: 503, text: '<html>' }, {}], [0, 1000, 3000]],
    ['429 with Retry-After in seconds', [{ status: 429, headers: { 'retry-after': '3' } }, {}], [0, 3000]],
    ['429 with Retry-After as a date', [{ status: 429, headers: { 'retry-after': 'Thu, 01 Jan 2026 00:00:05 GMT' } }, {}], [0, 4000]],
    ['429 with a Retry-After that says nothing', [{ status: 429, headers: { 'retry-after': 'soon' } }, {}], [0, 1000]],
    ['503 with Retry-After', [{ status: 503, headers: { 'retry-after': '2' } }, {}], [0, 2000]],
    ['a lost connection', [{ error: new HttpError('other', 'hooks.example closed the connection before it answered') }, {}], [0, 1000]],
    ['a name server that does not answer', [{ error: new HttpError('look-up', 'no name') }, {}], [0, 1000]],
  ])('is repeated after %s', async (_, replies, at) => {
    const { fault, requests } = await delivered(replies);
    expect([fault, requests.map(({ atMs }) => atMs)]).toEqual([undefined, at]);
  });

  it.each<[string, Reply]>([
    ['an error', { status: 400, text: `${'a'.repeat(195)} hunter2hunter2` }], ['an answer that is none of success', { text: `${'a'.repeat(195)} hunter2hunter2` }],
    ['a redirect', { status: 302, headers: { location: `https://b.example/${'a'.repeat(175)}/hunter2hunter2` } }],
  ])('shows no part of a secret that the server repeats, where the words are cut: %s', async (_, reply) => {
    const { fault } = await delivered([reply]);
    expect(fault).toMatch(/aaaa/);
    expect(fault).not.toMatch(/hun/);
  });

  it.each<[string, Reply, string]>([
    ['404', { status: 404, text: 'no_service' }, 'hooks.example returned 404: no_service. Hint for 404.'],
    ['403', { status: 403, text: '' }, 'hooks.example returned 403. Hint for 403.'],
    ['400 with a page', { status: 400, text: '<!DOCTYPE html><title>x', headers: { 'content-type': 'text/html' } }, 'hooks.example returned 400. Hint for 400.'],
    ['408', { status: 408, text: 'late' }, 'hooks.example returned 408: late. Hint for 408.'],
    ['200 with the name of an error', { text: 'no_service' }, 'hooks.example returned 200, but it says: no_service. Hint for 200.'],
    ['200 with a page', { text: ' <html><body>Log in</body></html>' }, 'hooks.example returned 200 with a web page, so the message has probably not arrived. Check the address. A proxy or a login page may answer in its place.'],
    ['200 as a page', { text: 'ok', headers: { 'content-type': 'text/html; charset=utf-8' } }, 'hooks.example returned 200 with a web page, so the message has probably not arrived. Check the address. A proxy or a login page may answer in its place.'],
    ['a redirect', { status: 302, headers: { location: 'http://169.254.169.254/latest/meta-data?token=s3cret#x' } }, 'hooks.example returned 302 to http://169.254.169.254/latest/meta-data, and redirects are not followed. Set the address that the service has now.'],
    ['a relative redirect', { status: 308, headers: { location: '/new?x=1' } }, 'hooks.example returned 308 to https://hooks.example/new, and redirects are not followed. Set the address that the service has now.'],
    ['a redirect to nowhere', { status: 301 }, 'hooks.example returned 301, and redirects are not followed. Set the address that the service has now.'],
    ['a certificate', { error: new HttpError('certificate', 'the certificate of hooks.example is not trusted: expired') }, 'the certificate of hooks.example is not trusted: expired. Set NODE_EXTRA_CA_CERTS in the `env` of the step to a file with the certificate of its CA.'],
    ['a name', { error: new HttpError('name', 'the name hooks.example does not exist') }, 'the name hooks.example does not exist. Check the address.'],
    ['a long wait', { status: 429, headers: { 'retry-after': '3600' } }, `hooks.example returned 429, too many requests: ok. ${temporary}`],
    ['silence', { afterMs: 60_000 }, `hooks.example did not answer within 5 s. ${temporary}`],
    ['lines and signs', { status: 400, text: `\u001b[31ma\nb${'x'.repeat(500)}` }, `hooks.example returned 400: ab${'x'.repeat(197)}…. Hint for 400.`],
  ])('is not repeated after %s', async (_, reply, words) => {
    const { fault, requests } = await delivered([reply, {}]);
    expect([fault, requests.length]).toEqual([words, 1]);
  });

  it.each<[string, Reply, string]>([
    ['5xx', { status: 502, text: 'bad gateway' }, `hooks.example returned 502: bad gateway. ${temporary}`],
    ['lost connections', { error: new HttpError('other', 'reset') }, `reset. ${temporary}`],
  ])('gives up after three attempts: %s', async (_, reply, words) => {
    const { fault, requests } = await delivered([reply]);
    expect([fault, requests.map(({ atMs }) => atMs)]).toEqual([words, [0, 1000, 3000]]);
  });

  it('gives up when its time is over, however the server delays', async () => {
    const { fault, requests, tookMs } = await delivered([{ status: 500, afterMs: 4500, text: '' }]);
    expect([fault, requests.map(({ atMs }) => atMs)]).toEqual(['hooks.example did not answer within 3.5 s. If this happens again, check the address, and the status of the service.', [0, 5500]]);
    expect(tookMs).toBeLessThanOrEqual(9000);
  });
  it('of a cancelled run has less than a second', async () => {
    const { fault, tookMs } = await delivered([{ afterMs: 60_000 }], { withinMs: 900 });
    expect([fault, tookMs <= 900]).toEqual([`hooks.example did not answer within 0.9 s. ${temporary}`, true]);
  });
  it('takes what was accepted as accepted, though the rest of the answer does not come', async () => {
    expect((await delivered([{ status: 202, isCut: true }], { to: { ...message, refusal: undefined } })).fault).toBeUndefined();
  });
  it('ends with its signal', async () => {
    const stop = new AbortController();
    const delivery = delivered([{ afterMs: 60_000 }], { signal: stop.signal });
    setImmediate(() => stop.abort(new Error('the run is over')));
    expect((await delivery).fault).toEqual(new Error('the run is over'));
  });
});

const server: MailServer = { host: 'mail.acme.example', port: 587, tls: 'required' };
const mail: MailMessage = { from: { address: 'a@acme.example' }, to: [{ address: 'b@acme.example' }], subject: 's', text: 't', html: 'h', headers: {} };

describe('the delivery of an e-mail', () => {
  const sent = async (...ends: readonly (readonly string[] | Error | 'silence')[]) => {
    const clock = idleClock();
    let count = 0;
    const send: Mail['send'] = async (_server, _message, signal) => {
      const end = ends[Math.min(count, ends.length - 1)] ?? [];
      count += 1;
      if (end === 'silence') await clock.sleep(60_000, signal);
      if (end instanceof Error) throw end;
      return end === 'silence' ? [] : end;
    };
    const fault = await deliverMail({ mail: { send }, clock }, server, mail, { withinMs: 9000, signal: new AbortController().signal })
      .then(() => undefined, (error: unknown) => error);
    return [fault instanceof DeliveryError ? `${fault.message}. ${fault.hint}` : fault, count];
  };
  it('ends when it is accepted', async () => expect(await sent([])).toEqual([undefined, 1]));
  it('is repeated when nothing was accepted for now', async () => expect(await sent(new MailError('temporary', 'busy'), [])).toEqual([undefined, 2]));
  it('reports recipients that were rejected, without a second message to the others', async () => {
    expect(await sent(['b@acme.example'])).toEqual(['mail.acme.example:587 rejected the recipient b@acme.example. Check the addresses in `notify.email.to`.', 1]);
  });
  it('is given up when the server does not answer', async () => {
    expect(await sent('silence')).toEqual([`mail.acme.example:587 did not accept the message within 9 s. If this happens again, check \`notify.email.server\`, and the status of the server.`, 1]);
  });
  it.each([
    ['login', 'Check `notify.email.username` and `notify.email.password`, and whether the server wants an application password.'],
    ['certificate', 'Set NODE_EXTRA_CA_CERTS in the `env` of the step to a file with the certificate of its CA.'],
    ['tls', 'Use smtps:// for a port with TLS from the start (465), and smtp:// for one with STARTTLS (587).'],
    ['rejected', 'Check `notify.email.from` and `notify.email.to`, and whether the server accepts messages from this sender.'],
    ['other', 'Check `notify.email.server`, and whether this machine can connect to it.'],
  ] as const)('is not repeated after %s', async (trouble, hint) => expect(await sent(new MailError(trouble, 'it failed'))).toEqual([`it failed. ${hint}`, 1]));
});
