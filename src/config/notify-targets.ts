import type { MailAddress, MailServer } from '../ports/mail.js';
import { headerToken, password, secretAddress, token, type ReferencedSecrets } from './referenced-secrets.js';
import { looksSecret } from './secret-shape.js';
import type { GivenNotify } from './sections/notify.js';
import { parseMailServer, type MailServerSetting } from './values/mail-server.js';
import { isLoopback } from './values/near-host.js';
import type { Occasion } from './values/occasions.js';
import type { SecretReference } from './values/secret-reference.js';
import { parseServiceAddress, type ServiceAddress } from './values/service-address.js';

/** Who is notified of the end of a run, with the secrets that this takes. */
export type NotifyTarget = { readonly name: string; readonly on: readonly Occasion[] } & (
  | { readonly service: 'slack'; readonly url: string }
  | { readonly service: 'teams'; readonly url: string }
  | { readonly service: 'pagerduty'; readonly url: string; readonly key: string }
  | { readonly service: 'email'; readonly server: MailServer; readonly from: MailAddress; readonly to: readonly MailAddress[] }
  | { readonly service: 'webhook'; readonly url: string; readonly secret?: string; readonly token?: string }
  | { readonly service: 'grafana'; readonly url: string; readonly token: string }
);

/** One kind of target. */
export type TargetOf<Service extends NotifyTarget['service']> = Extract<NotifyTarget, { readonly service: Service }>;
type Given<Service extends keyof GivenNotify> = NonNullable<GivenNotify[Service]>[number];
/** A target without its name. */
type Ready = NotifyTarget extends infer T ? T extends unknown ? Omit<T, 'name' | 'on'> : never : never;

const titles: Readonly<Record<NotifyTarget['service'], string>> = {
  slack: 'Slack', teams: 'Teams', pagerduty: 'PagerDuty', email: 'E-mail', webhook: 'Webhook', grafana: 'Grafana',
};

/** The targets whose variables are set. A notification is never the reason that a run fails, so the others are left out. */
export function notifyTargets(given: GivenNotify | undefined, secrets: ReferencedSecrets): readonly NotifyTarget[] {
  const all = <Service extends keyof GivenNotify & NotifyTarget['service']>(service: Service, read: (each: Given<Service>, of: Variables) => Ready | undefined): NotifyTarget[] => {
    const items = given?.[service] ?? [];
    return items.flatMap((each, index) => {
      const name = items.length === 1 ? titles[service] : `${titles[service]} (notify.${service}[${index}])`;
      const ready = read(each as Given<Service>, new Variables(secrets, name));
      return ready ? [{ ...ready, name, on: each.on } as NotifyTarget] : [];
    });
  };
  return [
    ...all('slack', ({ webhook }, of) => withUrl('slack', of.address(webhook))),
    ...all('teams', ({ webhook }, of) => withUrl('teams', of.address(webhook))),
    ...all('pagerduty', ({ key, url }, of) => {
      const value = of.token(key);
      return value === undefined ? undefined : { service: 'pagerduty', url, key: value };
    }),
    ...all('email', email),
    ...all('webhook', webhook),
    ...all('grafana', ({ url, token }, of) => {
      const [address, value] = [of.address(url), of.headerToken(token)];
      return address === undefined || value === undefined ? undefined : { service: 'grafana', url: address, token: value };
    }),
  ];
}

/** `Slack: failure, recovery`: for the plan. */
export const describeTarget = ({ name, on }: Pick<NotifyTarget, 'name' | 'on'>): string => `${name}: ${on.join(', ')}`;

const withUrl = (service: 'slack' | 'teams', url: string | undefined): Ready | undefined => (url === undefined ? undefined : { service, url });

function email({ server, username, password, from, to }: Given<'email'>, of: Variables): Ready | undefined {
  const [address, secret] = [of.mailServer(server), password && of.password(password)];
  if (address === undefined || (password && secret === undefined)) return undefined;
  const login = username === undefined || secret === undefined ? address.login : { user: username, password: secret };
  return { service: 'email', server: login ? withLogin(address, login) : address, from, to };
}

/** Also within a private network, a password is sent over TLS only: whoever hides the offer of STARTTLS on the way would read it. */
function withLogin(server: MailServer, login: NonNullable<MailServer['login']>): MailServer {
  return { ...server, login, ...(server.tls === 'if-offered' && !isLoopback(server.host) && { tls: 'required' }) };
}

function webhook({ url, secret, token }: Given<'webhook'>, of: Variables): Ready | undefined {
  const [address, key, bearer] = [of.address(url), secret && of.token(secret), token && of.headerToken(token)];
  if (address === undefined || (secret && key === undefined) || (token && bearer === undefined)) return undefined;
  return { service: 'webhook', url: address, ...(key !== undefined && { secret: key }), ...(bearer !== undefined && { token: bearer }) };
}

/** The secrets of one target. */
class Variables {
  private readonly consequence: string;

  /** @param name of the target */
  constructor(private readonly secrets: ReferencedSecrets, name: string) {
    this.consequence = `${name} is not notified`;
  }

  token(reference: SecretReference): string | undefined {
    return this.secrets.optional(reference, token, this.consequence);
  }

  headerToken(reference: SecretReference): string | undefined {
    return this.secrets.optional(reference, headerToken, this.consequence);
  }

  password(reference: SecretReference): string | undefined {
    return this.secrets.optional(reference, password, this.consequence);
  }

  address(given: ServiceAddress): string | undefined {
    return 'url' in given ? given.url : this.secrets.optional(given, addressForm, this.consequence);
  }

  mailServer(given: MailServerSetting): MailServer | undefined {
    return 'server' in given ? given.server : this.secrets.optional(given, mailServerForm, this.consequence);
  }
}

/** The whole address, and what is secret in it: servers repeat a part of it in their answers. */
function secretsOfAddress(text: string): readonly string[] {
  const { href, pathname, search, searchParams } = new URL(text);
  const [place, parts] = [`${pathname}${search}`, [...pathname.split('/'), ...searchParams.values()]];
  return [text, href, ...(place.length >= shortestPlace ? [place] : []), ...parts.filter(looksSecret)];
}

/** A shorter path, such as `/hook`, is a word that occurs elsewhere too. */
const shortestPlace = 16;

const addressForm = secretAddress(parseServiceAddress, secretsOfAddress);
const mailServerForm = secretAddress(parseMailServer, (text, { login }) => (login ? [text, login.password] : []));
