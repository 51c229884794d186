import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SMTPServerOptions } from 'smtp-server';
import { createMail } from '../../src/host/mail.js';
import { MailError, type MailMessage, type MailServer } from '../../src/ports/mail.js';
import { serveMail } from '../notify/mail-server.js';

const message: MailMessage = {
  from: { name: 'Deployments', address: 'deploy@acme.example' }, to: [{ address: 'ops@acme.example' }, { name: 'Ops, Team', address: 'team@acme.example' }],
  subject: 'deployed: api\r\nBcc: evil@example.com', text: 'It works ✓\n.\nend', html: '<p>It works ✓</p>', headers: { 'Auto-Submitted': 'auto-generated' },
};
const never = new AbortController().signal;
const send = (server: Partial<MailServer> & { readonly port: number }, signal = never) =>
  createMail().send({ host: '127.0.0.1', tls: 'if-offered', ...server }, message, signal);
const trouble = (sending: Promise<unknown>) =>
  sending.then(() => undefined, (error: unknown) => (error instanceof MailError ? [error.trouble, error.message] : error));

/** Runs a test with a server of its own. */
const withServer = (options: SMTPServerOptions, body: (server: Awaited<ReturnType<typeof serveMail>>) => Promise<void>) => async (): Promise<void> => {
  const server = await serveMail(options);
  try {
    await body(server);
  } finally {
    await server.close();
  }
};
const rejecting = (code: number, text: string): Error => Object.assign(new Error(text), { responseCode: code });
const logins: SMTPServerOptions = {
  authOptional: false, allowInsecureAuth: true,
  onAuth: ({ username, password }, _session, done) => { done(password === 'right' ? null : new Error('no'), { user: username }); },
};

describe('a mail server', () => {
  it('gets the message, in which no header is added by its subject', withServer({}, async ({ port, received }) => {
    expect(await send({ port })).toEqual([]);
    expect(received).toEqual([expect.objectContaining({
      from: 'deploy@acme.example', to: ['ops@acme.example', 'team@acme.example'], isSecure: false, text: expect.stringContaining('It works ✓'), html: expect.stringContaining('<p>It works ✓</p>'),
    })]);
    expect(received[0]?.headers).toMatchObject({ 'subject': 'deployed: api Bcc: evil@example.com', 'from': 'Deployments <deploy@acme.example>', 'auto-submitted': 'auto-generated' });
    expect(received[0]?.headers).not.toHaveProperty('bcc');
  }));
  it('gets the login', withServer(logins, async ({ port, received }) => {
    await send({ port, login: { user: 'deploy', password: 'right' } });
    expect(received.map(({ user }) => user)).toEqual(['deploy']);
  }));
  it('says which recipients it rejects, and has accepted the others', withServer({ onRcptTo: ({ address }, _session, done) => { done(address.startsWith('team') ? rejecting(550, 'no such user') : null); } }, async ({ port, received }) => {
    expect([await send({ port }), received.map(({ to }) => to)]).toEqual([['team@acme.example'], [['ops@acme.example']]]);
  }));

  it.each<[string, SMTPServerOptions, Partial<MailServer>, string, RegExp]>([
    ['a wrong password', logins, { login: { user: 'deploy', password: 'wr0ng' } }, 'login', /^127\.0\.0\.1:\d+ rejected the login: 535/],
    ['no login where it wants one', logins, {}, 'login', /^127\.0\.0\.1:\d+ rejected the message: 530/],
    ['all recipients', { onRcptTo: (_address, _session, done) => { done(rejecting(550, 'no such user')); } }, {}, 'rejected', /^127\.0\.0\.1:\d+ rejected the message: 550 no such user$/],
    ['the sender', { onMailFrom: (_address, _session, done) => { done(rejecting(553, 'not yours')); } }, {}, 'rejected', /^127\.0\.0\.1:\d+ rejected the message: 553 not yours$/],
    ['everything for now', { onMailFrom: (_address, _session, done) => { done(rejecting(451, 'come back later')); } }, {}, 'temporary', /^127\.0\.0\.1:\d+ did not accept the message now: 451 come back later$/],
    ['STARTTLS that is required', {}, { tls: 'required' }, 'tls', /^127\.0\.0\.1:\d+ does not offer STARTTLS, or cannot speak it$/],
    ['TLS from the start', {}, { tls: 'implicit' }, 'tls', /^127\.0\.0\.1:\d+ does not speak TLS from the start$/],
  ])('rejects %s', (_, options, given, kind, words) => withServer(options, async ({ port, received }) => {
    expect([await trouble(send({ port, ...given })), received]).toEqual([[kind, expect.stringMatching(words)], []]);
  })());

  it('that is not there is another attempt worth', async () => {
    const closed = createServer();
    const port = await new Promise<number>((resolve) => { closed.listen(0, '127.0.0.1', () => { resolve((closed.address() as AddressInfo).port); }); });
    await new Promise((resolve) => { closed.close(resolve); });
    expect(await trouble(send({ port }))).toEqual(['temporary', expect.stringMatching(/refused the connection: nothing is listening there$/)]);
    expect(await trouble(send({ host: 'nowhere.invalid', port }))).toEqual([expect.any(String), expect.stringMatching(/^the name nowhere\.invalid (?:does not exist|could not be looked up)/)]);
  });
  it('that says nothing is left alone when the signal aborts, with its reason', async () => {
    const silent = createServer(() => undefined);
    const port = await new Promise<number>((resolve) => { silent.listen(0, '127.0.0.1', () => { resolve((silent.address() as AddressInfo).port); }); });
    const stop = new AbortController();
    silent.once('connection', () => { stop.abort(new Error('too late')); });
    await expect(send({ port }, stop.signal)).rejects.toThrow('too late');
    await expect(send({ port }, stop.signal)).rejects.toThrow('too late');
    silent.close();
  });
});

describe('a mail server with TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mail-test-'));
  let keys: SMTPServerOptions = {};
  beforeAll(() => {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
      '-addext', 'subjectAltName=DNS:localhost', '-keyout', join(folder, 'key'), '-out', join(folder, 'cert')], { stdio: 'ignore' });
    keys = { key: readFileSync(join(folder, 'key')), cert: readFileSync(join(folder, 'cert')) };
  });
  afterAll(() => { rmSync(folder, { recursive: true }); });

  it.each<[MailServer['tls'], boolean]>([['implicit', true], ['required', false], ['if-offered', false]])('%s: gets nothing if its certificate is not trusted', async (tls, secure) => {
    await withServer({ ...keys, secure }, async ({ port, received }) => {
      expect([await trouble(send({ host: 'localhost', port, tls })), received]).toEqual([['certificate', expect.stringMatching(/^the certificate of localhost:\d+ is not trusted: self-signed/)], []]);
    })();
  });
});
