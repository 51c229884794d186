import { identifies, isKnownToken, isSecret, isSecretName, looksSecret } from './secret-shape.js';
import { secretsInWords } from './secret-words.js';

/*
 * Whether a value that everybody can read is a secret. What is only hidden may be hidden too often; a finding must be right, so
 * names and texts that normal apps have are left out here.
 */

/** Texts that only refer to a secret, or are one that is encrypted. */
const reference = /\$[({]|\{\{|^<[^>]*>$|^(?:vault|ref\+[a-z]+|op|aws-?sm|gcp-?sm|azurekeyvault|doppler|secretref|secretsmanager|ssm):|^arn:aws[\w-]*:(?:secretsmanager|ssm):|^projects\/[^/]+\/secrets\/|^ENC\[/i;
export const isReference = (text: string): boolean => reference.test(text);

/** A URL with a password in it. */
const loginInUrl = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s:@]*:([^/?#\s@]+)@/i;
export const hasLogin = (text: string): boolean => loginInUrl.test(text);

/** Parts of names that are no word for a secret: the key of a table or a cache, a part of a language model. */
const harmlessPart = /tokeni[sz](?:e|ers?|ation)(?![a-z])|(?:sort|range|cache|partition|primary|foreign|routing|shard|object|idempotency|public|publishable)[-_]?key(?![a-z])/gi;
/** Names of what is set about secrets: `PASSWORD_POLICY`, `SECRET_MANAGER`, `PRIVATE_REGISTRY`. */
const setting = /(?:policy|manager|registry|rotation|strength|algorithm|alg|length|rules?|backend|engine|prefix|limit|count|network|subnet|cidr|zone|dns)$/i;
const saysSecret = (name: string): boolean => isSecretName(name.replace(harmlessPart, '')) && !setting.test(name);

/** What every visitor of a page gets: `NEXT_PUBLIC_STRIPE_KEY`, `pk_live_…`. */
const isPublic = (name: string, value: string): boolean =>
  /^pk_(?:live|test)_/.test(value) || (/(?:^|[-_])(?:public|publishable)(?:[-_]|$)/i.test(name) && !/secret|passw|private/i.test(name));

/** Commits and digests, which are on every page of a release. */
const commitOrDigest = /(?<![0-9a-z])(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9a-z])/gi;

/** Whether a named value is a secret in plain text. */
export function isPlainSecret(name: string, value: string): boolean {
  const text = value.trim();
  if (text === '' || isReference(text)) return false;
  if (hasLogin(text) || isKnownToken(text)) return true;
  if (isPublic(name, text)) return false;
  return saysSecret(name) ? isSecret(name, text) : !identifies(name) && looksSecret(text.replace(commitOrDigest, ''));
}

/** Whether a named value is better not shown: it is secret by its name or look, or has a secret somewhere in it. */
export const mayHoldSecret = (name: string, value: string): boolean =>
  isSecret(name, value) || /:\/\/\S*@/.test(value) || secretsInWords([value]).length > 0 || hasAssignment(value);

/** `Server=db;Password=…`, `-Dstore.password=…`, `?token=…`. */
const hasAssignment = (text: string): boolean =>
  [...text.matchAll(/(?<![\w.-])([\w.-]+)["']?\s*[:=]\s*["']?(?=([^\s;&,"'{}]+))/g)].some(([, name = '', value = '']) => isSecret(name, value));
