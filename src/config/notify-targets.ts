import type { Problem } from '../outcome/errors.js';
import { placeWords } from '../outcome/place-words.js';
import type { MailAddress, MailServer } from '../ports/mail.js';
import type { Checked } from './kit/checked.js';
import { good } from './kit/checked.js';
import { problemAt } from './kit/report.js';
import { looksSecret } from './secret-shape.js';
import { valuesOf, withoutLineEnd, type Secret } from './secrets.js';
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
type Env = Readonly<Record<string, string | undefined>>;
type Given<Service extends keyof GivenNotify> = NonNullable<GivenNotify[Service]>[number];
/** A target without its name. */
type Ready = NotifyTarget extends infer T ? T extends unknown ? Omit<T, 'name' | 'on'> : never : never;

interface Read {
  readonly targets: readonly NotifyTarget[];
  /** To be hidden before anything is printed. */
  readonly secrets: readonly Secret[];
  /** Variables that are not set, or have no valid value. Nobody is notified with them, and the run goes on. */
  readonly warnings: readonly Problem[];
}

const titles: Readonly<Record<NotifyTarget['service'], string>> = {
  slack: 'Slack', teams: 'Teams', pagerduty: 'PagerDuty', email: 'E-mail', webhook: 'Webhook', grafana: 'Grafana',
};

/** The targets whose variables are set. A notification is never the reason that a run fails, so the others are left out. */
export function notifyTargets(given: GivenNotify | undefined, env: Env): Read {
  const variables = new Variables(env);
  const all = <Service extends keyof GivenNotify & NotifyTarget['service']>(service: Service, read: (each: Given<Service>, of: Variables) => Ready | undefined): NotifyTarget[] => {
    const items = given?.[service] ?? [];
    return items.flatMap((each, index) => {
      const name = items.length === 1 ? titles[service] : `${titles[service]} (notify.${service}[${index}])`;
      variables.name = name;
      const ready = read(each as Given<Service>, variables);
      return ready ? [{ ...ready, name, on: each.on } as NotifyTarget] : [];
    });
  };
  const targets = [
    ...all('slack', ({ webhook }, of) => withUrl('slack', of.address(webhook))),
    ...all('teams', ({ webhook }, of) => withUrl('teams', of.address(webhook))),
    ...all('pagerduty', ({ key, url }, of) => {
      const value = of.secret(key);
      return value === undefined ? undefined : { service: 'pagerduty', url, key: value };
    }),
    ...all('email', email),
    ...all('webhook', webhook),
    ...all('grafana', ({ url, token }, of) => {
      const [address, value] = [of.address(url), of.secret(token)];
      return address === undefined || value === undefined ? undefined : { service: 'grafana', url: address, token: value };
    }),
  ];
  return { targets, secrets: variables.secrets, warnings: variables.warnings };
}

/** `Slack: failure, recovery`: for the plan. */
export const describeTarget = ({ name, on }: Pick<NotifyTarget, 'name' | 'on'>): string => `${name}: ${on.join(', ')}`;

const withUrl = (service: 'slack' | 'teams', url: string | undefined): Ready | undefined => (url === undefined ? undefined : { service, url });

function email({ server, username, password, from, to }: Given<'email'>, of: Variables): Ready | undefined {
  const [address, secret] = [of.mailServer(server), password && of.secret(password)];
  if (address === undefined || (password && secret === undefined)) return undefined;
  const login = username === undefined || secret === undefined ? address.login : { user: username, password: secret };
  return { service: 'email', server: login ? withLogin(address, login) : address, from, to };
}

/** Also within a private network, a password is sent over TLS only: whoever hides the offer of STARTTLS on the way would read it. */
function withLogin(server: MailServer, login: NonNullable<MailServer['login']>): MailServer {
  return { ...server, login, ...(server.tls === 'if-offered' && !isLoopback(server.host) && { tls: 'required' }) };
}

function webhook({ url, secret, token }: Given<'webhook'>, of: Variables): Ready | undefined {
  const [address, key, bearer] = [of.address(url), secret && of.secret(secret), token && of.secret(token)];
  if (address === undefined || (secret && key === undefined) || (token && bearer === undefined)) return undefined;
  return { service: 'webhook', url: address, ...(key !== undefined && { secret: key }), ...(bearer !== undefined && { token: bearer }) };
}

/** Values of variables. Messages name the variable, never its value. */
class Variables {
  readonly warnings: Problem[] = [];
  readonly secrets: Secret[] = [];
  /** Of the target that is read. */
  name = '';

  constructor(private readonly env: Env) {}

  /** Undefined where the variable has no value: that is a warning. */
  secret(reference: SecretReference): string | undefined {
    return this.parsed(reference, good, (value) => [value]);
  }

  address(given: ServiceAddress): string | undefined {
    return 'url' in given ? given.url : this.parsed(given, parseServiceAddress, secretsOfAddress);
  }

  mailServer(given: MailServerSetting): MailServer | undefined {
    return 'server' in given ? given.server : this.parsed(given, parseMailServer, (text, value) => (value.login ? [text, value.login.password] : []));
  }

  private parsed<T>(
    { variable, at }: SecretReference, parse: (text: string) => Checked<T>, secretsIn: (text: string, value: T) => readonly string[],
  ): T | undefined {
    const text = withoutLineEnd(this.env[variable] ?? '').trim();
    if (text === '') return this.warn(at, `the environment variable ${variable} is not set or empty`, placeWords().setVariable);
    const parsed = parse(text);
    // A text that was not understood may be a secret all the same.
    this.secrets.push(...valuesOf(at.where, parsed.ok ? secretsIn(text, parsed.value) : [text]));
    if (parsed.ok) return parsed.value;
    const [fault] = parsed.faults;
    return this.warn(at, `the environment variable ${variable} ${fault?.message}`, fault?.hint);
  }

  private warn(at: SecretReference['at'], problem: string, hint: string | undefined): undefined {
    this.warnings.push(problemAt(at, { message: `${problem}, so ${this.name} is not notified`, ...(hint !== undefined && { hint }) }));
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
