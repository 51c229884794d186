/**
 * How secrets are recognised in a file that does not mark them: by their name and look. A setting such as `AWS_PROFILE: deploy`
 * is not secret, and hiding it would hide the word everywhere.
 */

const secretName = new RegExp([
  'token', 'passw(?:or)?d', 'passphrase', 'secret', 'private', 'credential', 'bearer', 'authorization', 'key[-_]?data',
  '(?:api|access|account|client|auth|signing|encryption|ssh)[-_]?key', '(?:^|[-_])(?:pat|pwd|pass|key|auth)$',
].join('|'), 'i');

/** Names that speak of a secret and hold something about it: `AWS_WEB_IDENTITY_TOKEN_FILE`, `AUTH_MODE`. */
const aboutSecret = new RegExp(`(?:${[
  'file', 'path', 'dir', 'folder', 'url', 'uri', 'endpoint', 'host', 'name', 'type', 'mode', 'method', 'profile', 'region', 'enabled', 'expiry', 'ttl', 'duration',
  'lifetime', 'timeout', 'issuer', 'audience', 'provider', 'source', 'kind', 'version', 'cache', 'store', 'helper', 'scope', 'format', 'header',
].join('|')})s?$`, 'i');

export const isSecretName = (name: string): boolean => secretName.test(name) && !aboutSecret.test(name);

/** Names that say that the value is the secret itself, not the place of it: a value that begins as a path does is one too. */
const ownSecretName = /token|passw(?:or)?d|passphrase|secret|bearer|key[-_]?data|(?:api|access|account)[-_]?key|(?:^|[-_])(?:pat|pwd|pass)$/i;

/** A path, an address without a login in it, a switch or a number: no secret, whatever its name. */
const plainValue = /^(?:[~.]{0,2}\/.*|[a-z][a-z0-9+.-]*:\/\/[^@]*|true|false|yes|no|on|off|none|\d{0,7})$/i;

/** Prefixes of tokens of GitHub, GitLab, Slack, AWS, Google, Docker Hub and Vault, and of JWTs. */
const knownToken = /^(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AKIA|ASIA|ya29\.|dckr_pat_|hv[sb]\.|eyJ[\w-]{8,}\.|-----BEGIN )/;

/** Whether a text is a token by its beginning, whatever its name. */
export const isKnownToken = (value: string): boolean => knownToken.test(value) && value.length >= 16;

/** Names of what identifies a version or a client: a commit looks as random as a token. */
export const identifies = (name: string): boolean => /(?:commit|revision|release|sha|digest|hash|checksum|uid|version|(?:^|[-_])id)$/i.test(name);

/** Whether a text looks random: one run of letters and digits that no name has. UUIDs are no secrets: tenants and clients have them. */
export function looksSecret(value: string): boolean {
  if (knownToken.test(value)) return isKnownToken(value);
  if (value.length < 20 || plainValue.test(value) || !/^[\w+/=.~-]+$/.test(value)) return false;
  return value.split(/[-_./~=]+/).some((run) => /\d/.test(run) && /[A-Za-z]/.test(run) && run.length >= (/[a-z]/.test(run) && /[A-Z]/.test(run) ? 16 : 32));
}

const beginsAsPath = /^[~.]{0,2}\/./;

/** Whether a named value is a secret, by its name or by its look. */
export const isSecret = (name: string, value: string): boolean =>
  (isSecretName(name) && (!plainValue.test(value) || (ownSecretName.test(name) && beginsAsPath.test(value)))) || looksSecret(value);
