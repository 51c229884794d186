/** The kind of an error of a registry. Only `temporary` errors are worth another attempt. */
export type RegistryError = 'denied' | 'temporary' | 'unreachable' | 'absent' | 'other';

/** The order matters: a registry that hides private repositories answers "does not exist or may require authorization". */
const patterns: readonly (readonly [RegistryError, RegExp])[] = [
  // push access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials
  // unexpected status from HEAD request to http://…/blobs/sha256:…: 401 Unauthorized
  // login attempt to http://…/v2/ failed with status: 401 Unauthorized
  // denied: requested access to the resource is denied
  // server message: insufficient_scope: authorization failed
  // Not "permission denied": that is a file that cannot be read.
  ['denied', /\b40[13] (?:Unauthorized|Forbidden)|(?<!permission )\bdenied\b|\bunauthorized\b/i],
  ['denied', /no basic auth credentials|insufficient_scope|incorrect username or password/i],
  // unexpected status from PUT request to https://…/manifests/x: 429 Too Many Requests
  // received unexpected HTTP status: 503 Service Unavailable
  ['temporary', /\b429\b.+Too Many Requests|\btoomanyrequests\b|\b5\d\d (?:Internal|Bad Gateway|Service Unavailable|Gateway Time)/i],
  // read tcp 10.0.0.1:41000->10.0.0.2:443: read: connection reset by peer
  // net/http: TLS handshake timeout; dial tcp …: i/o timeout; context deadline exceeded; Client.Timeout exceeded
  ['temporary', /connection reset by peer|broken pipe|unexpected EOF|: EOF$|stream error/im],
  ['temporary', /handshake timeout|i\/o timeout|deadline exceeded|Client\.Timeout|failure in name resolution|server misbehaving/i],
  // dial tcp 127.0.0.1:1: connect: connection refused; dial tcp: lookup nosuch.invalid on …: no such host
  // tls: failed to verify certificate: x509: certificate signed by unknown authority
  ['unreachable', /connection refused|no such host|no route to host|network is unreachable|x509:|HTTP response to HTTPS client/i],
  // 127.0.0.1:5000/api:v9: not found; manifest unknown; 404 Not Found
  ['absent', /: not found\b|\b404 Not Found|manifest unknown|name unknown|MANIFEST_UNKNOWN|NAME_UNKNOWN/i],
];

/** The first line of an error message, without its final period, for use in a sentence. */
export const firstLine = (text: string): string => (text.trim().split('\n')[0] ?? '').replace(/(?<![.\s])[.\s]+$/, '');

/** Classifies an error message of docker, buildx or BuildKit about a request to a registry. */
export function classifyRegistryError(text: string): RegistryError {
  return patterns.find(([, pattern]) => pattern.test(text))?.[0] ?? 'other';
}
