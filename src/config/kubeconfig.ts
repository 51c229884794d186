import { bad, good, type Checked } from './kit/checked.js';
import { readKubeconfigDocuments } from './kubeconfig-documents.js';
import { secretsInWords } from './secret-words.js';
import { isSecret, isSecretName, looksSecret } from './secret-shape.js';
import { distinct, valuesOf, type Secret } from './secrets.js';
import { kubeconfigOf, type Kubeconfig } from './values/kubeconfig.js';

const wanted = 'Give the content of a kubeconfig, its base64 form, or the path of a file.';

/** Reads the content of a kubeconfig, or base64 of it. No message repeats anything of the text, as it may be full of secrets. */
export function readKubeconfig(text: string): Checked<Kubeconfig> {
  const source = kubeconfigOf(text);
  const documents = 'path' in source ? undefined : readKubeconfigDocuments(source.content);
  const root = documents?.value;
  if (documents === undefined || root === undefined) return unreadable(documents?.line);
  if (!isRecord(root)) return bad('is not a kubeconfig: it has no `clusters`', wanted);
  const kind = root['kind'];
  if (kind !== undefined && kind !== 'Config') {
    return bad(`is not a kubeconfig: it is an object of another kind${typeof kind === 'string' && /^[A-Za-z]{1,40}$/.test(kind) ? `, ${kind}` : ''}`, wanted);
  }
  if (!Array.isArray(root['clusters']) || root['clusters'].length === 0) return bad('is not a kubeconfig: it has no `clusters`', wanted);
  const current = root['current-context'];
  return good({
    contexts: records(root['contexts']).flatMap(({ name }) => (typeof name === 'string' ? [name] : [])),
    ...(typeof current === 'string' && current !== '' ? { currentContext: current } : {}),
    secrets: documents.all.flatMap(secretsOfDocument),
    names: texts([
      ...['clusters', 'contexts', 'users'].flatMap((list) => records(root[list]).map(({ name }) => name)),
      ...records(root['contexts']).map(({ context }) => (isRecord(context) ? context['namespace'] : undefined)),
    ]),
  });
}

/** kubectl reads some text that is not valid YAML, such as flow maps that are indented with tabs. */
function unreadable(line: number | undefined): Checked<never> {
  const place = line === undefined ? '' : `, from line ${line} on`;
  return bad(`is not a kubeconfig: it cannot be read as YAML or JSON${place}`, `${wanted} If kubectl reads it, give what \`kubectl config view --raw --minify --flatten\` prints.`);
}

const secretsOfDocument = (root: unknown): readonly string[] => (isRecord(root) ? [
  ...records(root['users']).flatMap(({ user }) => (isRecord(user) ? secretsOfUser(user) : [])),
  ...records(root['clusters']).flatMap(({ cluster }) => (isRecord(cluster) ? texts([cluster['server'], cluster['proxy-url']]).flatMap(loginIn) : [])),
] : []);

/** https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/#AuthInfo */
function secretsOfUser({ exec, 'client-key': _path, ...user }: Record<string, unknown>): readonly string[] {
  return [...named(user, 0), ...(isRecord(exec) ? secretsOfPlugin(exec) : [])];
}

/** Every text under the name of a secret: `token`, `client-key-data`, `auth-provider.config.id-token`. */
function named(value: Record<string, unknown>, depth: number): readonly string[] {
  if (depth > 6) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    if (isRecord(inner)) return named(inner, depth + 1);
    return isSecretName(name) ? texts([inner]) : [];
  });
}

/** Of a plugin: values in its environment or options that are secret by their name or look. */
function secretsOfPlugin({ env, args }: Record<string, unknown>): readonly string[] {
  const variables = records(env).flatMap(({ name, value }) => texts([value]).filter((text) => isSecret(typeof name === 'string' ? name : '', text)));
  return [...variables, ...secretsInWords(Array.isArray(args) ? texts(args) : [])];
}

/** The password in `https://user:password@host`, as it is written there and decoded. A user name alone may be a token. */
function loginIn(url: string): readonly string[] {
  const whole = url.includes('://') ? url : `http://${url}`;
  // A text that is not a URL may still contain a password.
  if (!URL.canParse(whole)) return url.includes('@') ? [url] : [];
  const [, user = '', password = ''] = /^[^:]*:\/\/([^/?#:]*)(?::([^/?#]*))?@/.exec(whole) ?? [];
  const secret = password || user;
  return texts([...new Set([secret, decoded(secret)])]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Texts that are not blank, and numbers, because YAML reads a token of digits as one. */
const texts = (values: readonly unknown[]): readonly string[] =>
  values.flatMap((value) => (typeof value === 'number' ? [String(value)] : typeof value === 'string' && value.trim() !== '' ? [value] : []));

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const records = (value: unknown): readonly Record<string, unknown>[] => (Array.isArray(value) ? value.filter(isRecord) : []);

/** The text as it was given, the content behind it, and every secret in that. */
export function kubeconfigSecrets(text: string): readonly Secret[] {
  const of = 'kubeconfig';
  const [read, source] = [readKubeconfig(text), kubeconfigOf(text)];
  const { all, hasMore } = 'path' in source ? { all: [], hasMore: true } : readKubeconfigDocuments(source.content);
  const found = [...all.flatMap(secretsOfDocument), ...(read.ok && !hasMore ? [] : guessed('path' in source ? text : source.content))];
  if (!read.ok || 'path' in source) return distinct([{ text: text.trim(), kind: /\s/.test(text.trim()) ? 'document' : 'value', of }, ...valuesOf(of, found)]);
  const isEncoded = source.content.trim() !== text.trim();
  return distinct([
    { text: text.trim(), kind: isEncoded ? 'value' : 'document', of },
    { text: source.content.trim(), kind: 'document', of },
    ...valuesOf(of, found),
  ]);
}

/** What may be secret in a text that cannot be parsed: what has the name of a secret, and what looks like one. */
function guessed(text: string): readonly string[] {
  const named = [...text.matchAll(/(?<![\w-])([\w-]+)["']?\s*[:=]\s*["']?([^\s"',{}[\]]+)/g)].flatMap(([, name = '', value = '']) => (isSecret(name, value) ? [value] : []));
  return [...named, ...text.split(/[\s"',{}[\]]+/).filter(looksSecret)];
}
