import { X509Certificate } from 'node:crypto';
import type { KubeconfigUser } from './kubeconfig.js';

/** Until when the credentials of a kubeconfig hold, as far as they say it themselves. */
export interface Expiry {
  readonly what: 'token' | 'client certificate';
  /** ms since 1970. */
  readonly at: number;
}

export function expiryOf(user: KubeconfigUser | undefined): Expiry | undefined {
  const token = user?.token ? tokenExpiresAt(user.token) : undefined;
  if (token !== undefined) return { what: 'token', at: token };
  const certificate = user?.['client-certificate-data'] ? certificateExpiresAt(user['client-certificate-data']) : undefined;
  return certificate === undefined ? undefined : { what: 'client certificate', at: certificate };
}

/** The claim `exp` of a JWT, which is only read: whether the token is good is for the API server to say. RFC 7519, 4.1.4. */
function tokenExpiresAt(token: unknown): number | undefined {
  try {
    const [, payload = '', signature] = String(token).split('.');
    const claims = signature === undefined ? undefined : JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { readonly exp?: unknown } | null;
    return typeof claims?.exp === 'number' ? inTime(claims.exp * 1000) : undefined;
  } catch {
    return undefined;
  }
}

function certificateExpiresAt(data: unknown): number | undefined {
  try {
    return inTime(Date.parse(new X509Certificate(Buffer.from(String(data), 'base64')).validTo));
  } catch {
    return undefined;
  }
}

/** Undefined for what is no date. */
const inTime = (ms: number): number | undefined => (Number.isNaN(new Date(ms).getTime()) ? undefined : ms);
