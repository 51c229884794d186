import { parseDocument } from 'yaml';
import { bad, good, quote, type Checked, type Fault } from '../kit/checked.js';
import { suggestion } from '../kit/did-you-mean.js';
import { isSecret, isSecretName } from '../secret-shape.js';
import { controlCharacter } from '../kit/limits.js';
import { bySource } from '../kit/kind.js';
import { block } from '../kit/text.js';

/** Where a kubeconfig is, or what it says. */
export type KubeconfigSource = { readonly path: string } | { readonly content: string };

/** A kubeconfig as it was given. */
export type Kubeconfig =
  | { readonly path: string }
  | {
    readonly content: string;
    /** Names of its contexts. */
    readonly contexts: readonly string[];
    readonly currentContext?: string;
    /** Tokens, passwords and private keys in it. Certificates are public. */
    readonly secrets: readonly string[];
    /** Of clusters, contexts, namespaces and users: no secrets. */
    readonly names: readonly string[];
  };

const wanted = 'Give the content of a kubeconfig, its base64 form, or the path of a file.';

/**
 * Decides what a text is: the content of a kubeconfig, base64 of it (line breaks allowed), or a path. A path is not
 * looked at. No message repeats anything of the text, as it may be full of secrets.
 */
export function parseKubeconfig(text: string): Checked<Kubeconfig> {
  const trimmed = text.trim();
  const decoded = fromBase64(trimmed);
  if (decoded !== undefined) return parseContent(decoded);
  if (looksLikePath(trimmed)) return good({ path: trimmed });
  return parseContent(trimmed);
}

/** Whether a text can only be the path of a file, so that it may be shown in messages. */
export const isKubeconfigPath = (text: string): boolean => fromBase64(text.trim()) === undefined && looksLikePath(text.trim());

/**
 * Whether the variable KUBECONFIG, a list of paths, was given the content of a kubeconfig or its base64 form. kubectl would take it
 * for paths, and whoever names these paths would print its secrets in pieces.
 */
export const isContentForPaths = (variable: string | undefined): boolean =>
  (variable ?? '').split(':').some((path) => path.trim() !== '' && !isKubeconfigPath(path));

/** One line without what content must have (`: `, braces), and with what a path has, or too short to be a secret. */
function looksLikePath(text: string): boolean {
  if (text === '' || text.length > 1024 || controlCharacter(text) || text.startsWith('-') || /[{}]|:\s|:$/.test(text)) return false;
  return /[/\\.~]/.test(text) ? !/^[A-Za-z0-9+/=_-]{200,}$/.test(text) : text.length <= 32;
}

/** The text behind base64, if it is that and the text could be a kubeconfig; both alphabets, with or without padding. */
function fromBase64(text: string): string | undefined {
  const packed = text.replace(/\s+/g, '');
  if (packed.length < 40 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(packed)) return undefined;
  const decoded = Buffer.from(packed, 'base64').toString('utf8');
  return /[\ufffd\0]/.test(decoded) || !/[:{]/.test(decoded) ? undefined : decoded;
}

function parseContent(text: string): Checked<Kubeconfig> {
  const root = toObject(text);
  if (root === undefined) return bad('is not a kubeconfig: it cannot be read as YAML or JSON', wanted);
  if (!isRecord(root)) return bad('is not a kubeconfig: it has no `clusters`', wanted);
  const kind = root['kind'];
  if (kind !== undefined && kind !== 'Config') {
    return bad(`is not a kubeconfig: it is an object of another kind${typeof kind === 'string' && /^[A-Za-z]{1,40}$/.test(kind) ? `, ${kind}` : ''}`, wanted);
  }
  if (!Array.isArray(root['clusters']) || root['clusters'].length === 0) return bad('is not a kubeconfig: it has no `clusters`', wanted);
  const current = root['current-context'];
  return good({
    content: text.endsWith('\n') ? text : `${text}\n`,
    contexts: records(root['contexts']).flatMap(({ name }) => (typeof name === 'string' ? [name] : [])),
    ...(typeof current === 'string' && current !== '' ? { currentContext: current } : {}),
    secrets: [
      ...records(root['users']).flatMap(({ user }) => (isRecord(user) ? secretsOfUser(user) : [])),
      ...records(root['clusters']).flatMap(({ cluster }) => (isRecord(cluster) ? texts([cluster['server'], cluster['proxy-url']]).flatMap(loginIn) : [])),
    ],
    names: texts([
      ...['clusters', 'contexts', 'users'].flatMap((list) => records(root[list]).map(({ name }) => name)),
      ...records(root['contexts']).map(({ context }) => (isRecord(context) ? context['namespace'] : undefined)),
    ]),
  });
}

function toObject(text: string): unknown {
  try {
    const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, logLevel: 'silent' });
    return document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 20 });
  } catch {
    return undefined;
  }
}

/** https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/#AuthInfo */
function secretsOfUser({ exec, 'client-key': _path, ...user }: Record<string, unknown>): readonly string[] {
  return [...named(user, 0), ...(isRecord(exec) ? secretsOfPlugin(exec) : [])];
}

/** Every text under a name that says that it is a secret: `token`, `client-key-data`, `auth-provider.config.id-token`. */
function named(value: Record<string, unknown>, depth: number): readonly string[] {
  if (depth > 6) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    if (isRecord(inner)) return named(inner, depth + 1);
    return isSecretName(name) ? texts([inner]) : [];
  });
}

/** Of a plugin: what it gets in its environment or as an option, where that is a secret by its name or its look. */
function secretsOfPlugin({ env, args }: Record<string, unknown>): readonly string[] {
  const variables = records(env).flatMap(({ name, value }) => texts([value]).filter((text) => isSecret(typeof name === 'string' ? name : '', text)));
  const words = Array.isArray(args) ? texts(args) : [];
  const options = words.flatMap((word, index) => {
    const [, name = '', value = words[index + 1] ?? ''] = /^--?([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    return isSecret(name, value) && !value.startsWith('-') ? [value] : [];
  });
  return [...variables, ...options];
}

/** The password in `https://user:password@host`, as it is written there. */
const loginIn = (url: string): readonly string[] => texts([/^[a-z+.-]+:\/\/[^/@]*?:([^/@]+)@/i.exec(url)?.[1]]);

/** What is a text with something in it; numbers too, as YAML makes one of a token of digits. */
const texts = (values: readonly unknown[]): readonly string[] =>
  values.flatMap((value) => (typeof value === 'number' ? [String(value)] : typeof value === 'string' && value.trim() !== '' ? [value] : []));

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const records = (value: unknown): readonly Record<string, unknown>[] => (Array.isArray(value) ? value.filter(isRecord) : []);

/** Why the context that would be used is not in this kubeconfig, or undefined. */
export function contextFault(kubeconfig: Kubeconfig | undefined, context: string | undefined): Fault | undefined {
  if (kubeconfig === undefined || 'path' in kubeconfig) return undefined;
  const { contexts, currentContext } = kubeconfig;
  const known = contexts.length === 0 ? 'It has no contexts at all.' : `It has ${contexts.slice(0, 10).map(quote).join(', ')}.`;
  if (context === undefined && currentContext === undefined) {
    return { message: 'has no `current-context`, so kubectl would not know where to go', hint: `Set \`kube-context\`. ${known}` };
  }
  const used = context ?? currentContext ?? '';
  if (contexts.includes(used)) return undefined;
  return { message: `has no context ${quote(used)}`, hint: suggestion(used, contexts, known) };
}

/** Only an input may hold the content of one. */
export const kubeconfig = bySource(
  block(parseKubeconfig, { expects: 'a kubeconfig', largeHint: 'Keep only the context that is used: `kubectl config view --raw --minify --flatten`.' }),
  block((given) => {
    const checked = parseKubeconfig(given);
    return checked.ok && 'path' in checked.value ? checked : bad(
      'can only be a path in this file',
      'Give the content as the input `kubeconfig` from a secret. If this was a real one, replace its credentials: they are in the history of the repository.',
    );
  }, { expects: 'the path of a kubeconfig', schema: { maxLength: 1024 } }),
);
