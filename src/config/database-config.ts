import { bad, good, type Checked } from './kit/checked.js';
import { password, secretAddress, type ReferencedSecrets } from './referenced-secrets.js';
import type { GivenDatabases } from './sections/databases.js';

/** One database of the settings, with the secrets that are in the environment. */
export interface DatabaseConfig {
  /** Its name in the settings. */
  readonly name: string;
  readonly engine: 'postgres' | 'redis';
  readonly reach: ReachConfig;
  /** On its server. */
  readonly database: string;
  readonly user?: string;
  /** Itself, or the key of a Secret in the namespace. */
  readonly password?: { readonly text: string } | { readonly secret: string; readonly key: string };
  /** It only has copies of data that is elsewhere. */
  readonly isCache: boolean;
}

type ReachConfig =
  | { readonly kind: 'pod'; readonly selector: string; readonly container?: string }
  | { readonly kind: 'service'; readonly service: string; readonly files: readonly string[] }
  | { readonly kind: 'address'; readonly host: string; readonly port: number; /** `sslmode`, `sslrootcert`; `tls: true` for `rediss`. */ readonly options: Readonly<Record<string, string>> };

type Given = GivenDatabases[string];
/** What an address says. */
type Address = Pick<Extract<ReachConfig, { kind: 'address' }>, 'host' | 'port' | 'options'> & { readonly database?: string; readonly user?: string; readonly password?: string };

/** The databases whose secrets are set; the others are among the problems of `secrets`. */
export const databasesOf = (given: GivenDatabases = {}, secrets: ReferencedSecrets): readonly DatabaseConfig[] =>
  Object.entries(given).flatMap(([name, one]) => databaseOf(name, one, secrets) ?? []);

/** Databases that are not opened: nothing of how they are reached is read, as it may be secret. */
export const unopenedDatabases = (given: GivenDatabases = {}): readonly DatabaseConfig[] => Object.entries(given).map(([name, { engine, cache, database }]) =>
  ({ name, engine, reach: { kind: 'address', host: '', port: 0, options: {} }, database: database ?? '', isCache: cache }));

function databaseOf(name: string, given: Given, secrets: ReferencedSecrets): DatabaseConfig | undefined {
  const { engine, pod, container, url, service, cache } = given;
  const address = url && secrets.needed(url, secretAddress((text) => parseAddress(text, engine), secretsOfAddress));
  if (url && address === undefined) return undefined;
  const secret = passwordOf(given, address, secrets);
  if (secret === 'absent') return undefined;
  const reach: ReachConfig = address
    ? { kind: 'address', host: address.host, port: address.port, options: address.options }
    : service !== undefined ? { kind: 'service', service, files: given['compose-files'] ?? [] }
      : { kind: 'pod', selector: pod ?? '', ...(container !== undefined && { container }) };
  const user = given.user ?? address?.user ?? (engine === 'postgres' ? 'postgres' : undefined);
  const database = given.database ?? address?.database ?? (engine === 'redis' ? '0' : user ?? 'postgres');
  return { name, engine, reach, database, isCache: cache, ...(user !== undefined && { user }), ...(secret && { password: secret }) };
}

function passwordOf({ password: given }: Given, address: Address | undefined, secrets: ReferencedSecrets): DatabaseConfig['password'] | 'absent' {
  if (given?.from === 'secret') return { secret: given.secret, key: given.key };
  if (given) {
    const text = secrets.needed(given, password);
    return text === undefined ? 'absent' : { text };
  }
  return address?.password === undefined ? undefined : { text: address.password };
}

const schemes = { postgres: ['postgres:', 'postgresql:'], redis: ['redis:', 'rediss:'] } as const;
const ports = { postgres: 5432, redis: 6379 } as const;

/** `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full`, `rediss://:PASSWORD@HOST:PORT/0`. No message repeats it. */
export function parseAddress(text: string, engine: keyof typeof schemes): Checked<Address> {
  const form = engine === 'postgres' ? 'Write postgres://USER:PASSWORD@HOST:PORT/DATABASE.' : 'Write redis://HOST:PORT/NUMBER, or rediss:// for TLS.';
  if (/\s/.test(text) || !URL.canParse(text)) return bad('is not the address of a database', form);
  const url = new URL(text);
  if (!(schemes[engine] as readonly string[]).includes(url.protocol)) return bad(`is not the address of a database with \`engine: ${engine}\``, form);
  if (url.hostname === '') return bad('has no host', form);
  const [user, secret, database] = [url.username, url.password, url.pathname.slice(1)].map(decoded);
  if (user === undefined || secret === undefined || database === undefined) return bad('has a "%" that is not followed by two digits', 'Write a "%" as %25.');
  if (/[\r\n\0]/.test(user + secret + database)) return bad('has a line break in it', 'Remove it.');
  return good({
    host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || ports[engine],
    options: { ...Object.fromEntries(url.searchParams), ...(url.protocol === 'rediss:' && { tls: 'true' }) },
    ...(user !== '' && { user }), ...(secret !== '' && { password: secret }), ...(database !== '' && { database }),
  });
}

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

const secretsOfAddress = (text: string, { password: secret }: Address): readonly string[] => [text, ...secret === undefined ? [] : [secret]];
