import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A message as a mail server has got it. */
export interface Received {
  readonly from: string;
  readonly to: readonly string[];
  /** Whether it came encrypted. */
  readonly isSecure: boolean;
  /** Who has logged in. */
  readonly user: string | undefined;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly html: string;
}

export interface MailServerForTests {
  readonly port: number;
  readonly received: readonly Received[];
  /** How many connections were made. */
  readonly connections: () => number;
  close(): Promise<void>;
}

/** A real mail server on loopback, without a login and without TLS unless the options say otherwise. */
export async function serveMail(options: SMTPServerOptions = {}): Promise<MailServerForTests> {
  const received: Received[] = [];
  let connections = 0;
  const server = new SMTPServer({
    authOptional: true, ...options.secure === true || options.key ? {} : { disabledCommands: ['STARTTLS'] },
    onConnect: (_session, done) => {
      connections += 1;
      done();
    },
    onData: (stream, session, done) => {
      text(stream).then((raw) => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false ? '' : mailFrom.address, to: rcptTo.map(({ address }) => address), isSecure: session.secure,
          user: typeof session.user === 'string' ? session.user : undefined, ...parsed(raw),
        });
        done();
      }, done);
    },
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    port: (server.server.address() as AddressInfo).port, received, connections: () => connections,
    close: () => new Promise((resolve) => { server.close(() => { resolve(); }); }),
  };
}

function parsed(raw: string): Pick<Received, 'headers' | 'text' | 'html'> {
  const { headers, body } = split(raw);
  const boundary = /boundary="([^"]+)"/.exec(headers['content-type'] ?? '')?.[1] ?? '';
  const parts = body.split(`--${boundary}`).slice(1, -1).map((part) => split(part.replace(/^\r\n/, '')));
  const of = (type: string): string => parts.filter((part) => part.headers['content-type']?.startsWith(type)).map(decoded).join('');
  return { headers, text: of('text/plain'), html: of('text/html') };
}

function split(raw: string): { readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  const end = raw.indexOf('\r\n\r\n');
  const lines = raw.slice(0, end).replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  return { headers: Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()])), body: raw.slice(end + 4) };
}

function decoded({ headers, body }: ReturnType<typeof split>): string {
  switch (headers['content-transfer-encoding']) {
    case 'base64': return Buffer.from(body, 'base64').toString('utf8');
    case 'quoted-printable': {
      const bytes = body.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
      return Buffer.from(bytes, 'latin1').toString('utf8');
    }
    default: return body;
  }
}
