import { createTransport } from 'nodemailer';
import { MailError, type MailMessage, type MailServer, type MailTrouble } from '../ports/mail.js';
import { reasonOf } from './http-errors.js';

/** How long a connection may take to close after the message was accepted. */
const closingMs = 500;

/** See `Mail.send`. Trusts what NODE_EXTRA_CA_CERTS names, and connects directly: proxies of HTTP are not for mail. */
export async function sendMail(server: MailServer, message: MailMessage, signal: AbortSignal): Promise<readonly string[]> {
  const { host, port, tls, login } = server;
  const transport = createTransport({
    host: host.replace(/^\[(.*)\]$/, '$1'), port, secure: tls === 'implicit', requireTLS: tls === 'required',
    ...(login && { auth: { user: login.user, pass: login.password } }), socketCloseTimeout: closingMs,
  });
  try {
    signal.throwIfAborted();
    const { from, to, subject, text, html, headers } = message;
    const address = ({ name, address: plain }: MailMessage['from']) => ({ name: name ?? '', address: plain });
    // Nothing in the message may name a file or an address to take content from.
    const { rejected } = await transport.sendMail({
      from: address(from), to: to.map(address), subject, text, html, headers: { ...headers }, signal, disableFileAccess: true, disableUrlAccess: true,
    });
    return rejected;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw explained(error as Failure, server);
  } finally {
    transport.close();
  }
}

/** An error of nodemailer, which puts a code of its own over that of the system. */
interface Failure extends Error {
  readonly code?: string;
  readonly originalCode?: string;
  readonly command?: string;
  readonly response?: string;
  readonly responseCode?: number;
}

/** No connection was made, so nothing was sent. Once it was made, it is not certain, and a second attempt could send it twice. */
const notConnected: readonly string[] = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'];

function explained(error: Failure, { host, port, login }: MailServer): MailError {
  const at = `${host}:${port}`;
  const { code = '', originalCode = code, responseCode, response = '' } = error;
  const failed = (trouble: MailTrouble, sentence: string): MailError => new MailError(trouble, sentence, { cause: error });
  const reply = (response.split('\n')[0] ?? '').trim();
  if (responseCode !== undefined && responseCode >= 400 && responseCode < 500) return failed('temporary', `${at} did not accept the message now: ${reply}`);
  if (code === 'EAUTH') return failed('login', `${at} rejected the login: ${reply || error.message}`);
  if (responseCode === 530) return failed(login ? 'tls' : 'login', `${at} rejected the message: ${reply}`);
  if (code === 'ETLS') return failed('tls', `${at} does not offer STARTTLS, or cannot speak it`);
  if (responseCode !== undefined) return failed('rejected', `${at} rejected the message: ${reply}`);
  const [trouble, sentence] = reasonOf(Object.assign(new Error(error.message), { code: originalCode }), at, host);
  if (trouble === 'certificate') return failed('certificate', sentence);
  if (/wrong version number|packet length too long|unknown protocol/.test(error.message)) return failed('tls', `${at} does not speak TLS from the start`);
  return failed(notConnected.includes(originalCode) ? 'temporary' : 'other', sentence);
}
