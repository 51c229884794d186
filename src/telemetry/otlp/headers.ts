/* Headers and logins for a collector, as the environment gives them. They are secrets: most are API keys. */

type Env = Readonly<Record<string, string | undefined>>;

const headerName = /^[\w!#$%&'*+.^`|~-]+$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * `key1=value1,key2=value2`, with percent-encoded values, as W3C Baggage has it. What is none of a header is left out, because a
 * request could not be sent with it.
 */
export function headerPairs(text = ''): readonly (readonly [string, string])[] {
  return text.split(',').flatMap((pair) => {
    const equals = pair.indexOf('=');
    const [name, value] = [pair.slice(0, equals).trim().toLowerCase(), decoded(pair.slice(equals + 1).trim())];
    return equals > 0 && headerName.test(name) && headerValue.test(value) ? [[name, value] as const] : [];
  });
}

/** Percent-encoded text; a text that is not is itself. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A login in an address as the header that Node's own client and curl make of it. */
export function loginHeader({ username, password }: Pick<URL, 'username' | 'password'>): string | undefined {
  if (username === '' && password === '') return undefined;
  return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`;
}

/** Less is rather a word, such as the name of a tenant. */
const shortestSecret = 8;

/** What must be hidden in all that is printed. The environment of a run is that of its tests as well, which may print it. */
export function collectorSecrets(env: Env): readonly string[] {
  const values = Object.entries(env).filter(([name]) => name.startsWith('OTEL_EXPORTER_OTLP')).flatMap(([name, value = '']) =>
    (name.endsWith('HEADERS') ? headerPairs(value).flatMap((pair) => spellingsOf(pair[1])) : name.endsWith('ENDPOINT') ? secretsOfAddress(value) : []));
  return [...new Set(values)].filter((value) => value.length >= shortestSecret);
}

/** `Bearer TOKEN`, and the token alone. */
const spellingsOf = (value: string): readonly string[] => [value, value.slice(value.lastIndexOf(' ') + 1)];

function secretsOfAddress(address: string): readonly string[] {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const login = url && loginHeader(url);
  // A user name alone may be a token; beside a password it is a name.
  return url && login !== undefined ? [...spellingsOf(login), ...[url.password || url.username].flatMap((secret) => [secret, decoded(secret)])] : [];
}
