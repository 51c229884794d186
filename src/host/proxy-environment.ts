import { BlockList, isIP } from 'node:net';

type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy that a URL is requested through. */
export interface Proxy {
  readonly url: URL;
  /** `HTTPS_PROXY`: the variable that names it, for messages. */
  readonly variable: string;
}

export type Way =
  | { readonly kind: 'direct'; /** A proxy that is named and was not used: for messages. */ readonly unused?: string }
  | { readonly kind: 'proxy'; readonly proxy: Proxy }
  /** The variable is invalid. Its value is not quoted, because it may contain a password. */
  | { readonly kind: 'unusable'; readonly why: string };

/**
 * How a URL is reached, by the variables that curl, git and Go programs (kubectl, docker) share. Upper case comes first,
 * as in Go; an empty variable counts as none. Loopback addresses are never given to a proxy, as in Go.
 * https://pkg.go.dev/golang.org/x/net/http/httpproxy#FromEnvironment
 */
export function wayTo(url: URL, env: Environment): Way {
  const named = read(env, url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY') ?? read(env, 'ALL_PROXY');
  if (!named || isLoopback(plainHost(url.hostname)) || bypasses(read(env, 'NO_PROXY')?.value ?? '', url)) return { kind: 'direct' };
  const proxy = parse(named.value);
  if (!proxy) return { kind: 'unusable', why: `${named.variable} is not the URL of a proxy` };
  if (proxy.protocol === 'http:' || proxy.protocol === 'https:') return { kind: 'proxy', proxy: { url: proxy, variable: named.variable } };
  return { kind: 'direct', unused: `${named.variable} names a proxy of type ${proxy.protocol.replace(/:$/, '')}, which is not supported` };
}

function read(env: Environment, name: string): { readonly variable: string; readonly value: string } | undefined {
  for (const variable of [name, name.toLowerCase()]) {
    const value = env[variable]?.trim();
    if (value) return { variable, value };
  }
  return undefined;
}

/** `proxy.corp:3128` without a scheme is one of HTTP, as for curl and Go. */
function parse(text: string): URL | undefined {
  const whole = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  return url && url.hostname !== '' ? url : undefined;
}

/** Passwords and tokens in the URLs of proxies, in each form in which they could be printed. */
export function proxySecrets(env: Environment): string[] {
  return ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()]).flatMap((variable) => {
    const text = env[variable]?.trim() ?? '';
    const url = parse(text);
    // A text that is not a URL may still contain a password.
    if (!url) return text.includes('@') ? [text] : [];
    // A user name alone may be a token; beside a password it is a name.
    const secret = url.password || url.username;
    return secret === '' ? [] : [secret, decoded(secret), credentialsOf(url)];
  });
}

/** What comes after `Basic`; empty without credentials. */
const credentialsOf = ({ username, password }: URL): string =>
  (username === '' && password === '' ? '' : Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64'));

/** The header with the credentials for a proxy; none without credentials. */
export function loginTo({ url }: Proxy): Record<string, string> {
  const credentials = credentialsOf(url);
  return credentials === '' ? {} : { 'proxy-authorization': `Basic ${credentials}` };
}

/** Where a URL is connected to. */
export const endOf = (url: URL): { host: string; port: string } =>
  ({ host: plainHost(url.hostname), port: url.port || (url.protocol === 'https:' ? '443' : '80') });

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Whether NO_PROXY leaves a URL out: entries are separated by commas or spaces; `*` is everything; `example.com` is the
 * host and all below it, `.example.com` and `*.example.com` only those below it; an address and a network (`10.0.0.0/8`)
 * count for addresses; a port narrows any of them but a network.
 */
export function bypasses(noProxy: string, url: URL): boolean {
  const { host, port } = endOf(url);
  return noProxy.toLowerCase().split(/[\s,]+/).filter((entry) => entry !== '').some((entry) => matches(entry, host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const network = /^\[?([^\]/]+)\]?\/(\d{1,3})$/.exec(entry);
  if (network) return inNetwork(host, network[1] ?? '', Number(network[2]));
  // An IPv6 address has colons of its own: only in brackets it can have a port.
  const [, bracketed, bare = '', wanted] = isIP(entry) === 6 ? [entry, entry] : /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [];
  if (wanted !== undefined && Number(wanted) !== Number(port)) return false;
  const name = (bracketed ?? bare).replace(/\.$/, '');
  if (isIP(name) > 0 || isIP(host) > 0) return isIP(name) > 0 && inNetwork(host, name, isIP(name) === 6 ? 128 : 32);
  const suffix = name.replace(/^\*?\./, '');
  if (suffix === '') return false;
  return host.endsWith(`.${suffix}`) || (suffix === name && host === name);
}

function inNetwork(host: string, address: string, bits: number): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(host) === 0 || isIP(address) === 0 || bits > (family === 'ipv6' ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(address, bits, family);
  return list.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}

const isLoopback = (host: string): boolean => host === 'localhost' || inNetwork(host, '127.0.0.0', 8) || inNetwork(host, '::1', 128);

/** `[::1]` as `::1`, and a name without the dot that ends it. */
const plainHost = (hostname: string): string => hostname.toLowerCase().replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
