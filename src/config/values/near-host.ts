const privateAddress = /^(?:127|10)(?:\.\d+){3}$|^192\.168(?:\.\d+){2}$|^172\.(?:1[6-9]|2\d|3[01])(?:\.\d+){2}$/;
/** Loopback and unique local addresses. */
const privateSixth = /^\[(?:::1|f[cd][0-9a-f]{2}:.*)\]$/;

/** Whether a host is this machine. @param host as for `isNear` */
export const isLoopback = (host: string): boolean => /^(?:127(?:\.\d+){3}|\[::1\]|(?:[^.]+\.)*localhost)$/.test(host);

/**
 * Whether a host is inside a machine, a cluster or a private network, where plain HTTP is normal. Decided by its name: nothing
 * is looked up.
 * @param host as `URL` has it: in lower case, an IPv6 address in brackets
 */
export function isNear(host: string): boolean {
  if (host.startsWith('[')) return privateSixth.test(host);
  return !host.includes('.') || privateAddress.test(host) || /\.(?:local|internal|svc|test|localhost)$/.test(host);
}
