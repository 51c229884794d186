import { anyOf, convert } from '../kit/kind.js';
import { bad, good, type Checked } from '../kit/checked.js';
import { line } from '../kit/text.js';
import type { MailServer } from '../../ports/mail.js';
import { isNear } from './near-host.js';
import { variableOf, variablePattern, type SecretReference } from './secret-reference.js';

/** A mail server, or the variable that holds its address because a password is in it. */
export type MailServerSetting = { readonly server: MailServer } | SecretReference;

const form = 'Write smtp://HOST:PORT, or smtps://HOST:PORT for TLS from the start.';

/**
 * The address of a mail server, `smtp://[USER:PASSWORD@]HOST[:PORT]`; smtps: TLS from the start. Over smtp, STARTTLS is required,
 * within a private network it is used if the server offers it. No message repeats the address.
 */
export function parseMailServer(text: string): Checked<MailServer> {
  if (/\s/.test(text) || !/^smtps?:\/\/[^/]/i.test(text) || !URL.canParse(text)) return bad('is not the address of a mail server', form);
  // The host of a scheme that it does not know is taken by `URL` as it is written.
  const url = new URL(text);
  const host = url.hostname.toLowerCase();
  if (!/^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])$/.test(host)) return bad('has an invalid host', form);
  if (url.port === '0') return bad('has the port 0', form);
  if (url.pathname.replace('/', '') !== '' || url.search !== '' || url.hash !== '') return bad('has something after the host and the port', form);
  const [user, password] = [decoded(url.username), decoded(url.password)];
  if (user === undefined || password === undefined) return bad('has a user name or password with an invalid "%"', 'Write "%" as %25, "@" as %40, ":" as %3A and "/" as %2F.');
  const isSecure = url.protocol === 'smtps:';
  return good({
    host, port: Number(url.port || (isSecure ? 465 : 587)), tls: isSecure ? 'implicit' : isNear(host) ? 'if-offered' : 'required',
    ...(user !== '' && { login: { user, password } }),
  });
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** A server that is written in the settings file, where no password is allowed. */
function parseOpenServer(text: string): Checked<{ readonly server: MailServer } | { readonly variable: string }> {
  const variable = variableOf(text);
  if (variable !== undefined) return good({ variable });
  const server = parseMailServer(text);
  if (!server.ok) return server;
  if (server.value.login) {
    return bad('has a user name or password in it, which does not belong in a file', 'Set `username`, and `password: env:NAME`. If this was a real password, replace it: it is in the history of the repository.');
  }
  return good({ server: server.value });
}

const server = line(parseOpenServer, { expects: 'an address such as smtp://HOST:PORT, or "env:NAME"' });
/** `smtp://HOST:PORT`, or `env:NAME` where a password is in it. */
export const mailServer = {
  ...convert(server, (value, at) => good<MailServerSetting>('server' in value ? value : { ...value, at })),
  schema: () => anyOf({ type: 'string', pattern: variablePattern }, { type: 'string', pattern: '^smtps?://' }),
};
