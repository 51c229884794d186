import { X509Certificate } from 'node:crypto';
import type { KubeconfigUser } from './kubeconfig.js';

/** Until when the credentials of a kubeconfig hold, as far as they say it themselves. */
export interface Expiry {
  readonly what: 'token' | 'client certificate';
  /** ms since 1970. */
  readonly at: number;
  /** Since when they hold, ms since 1970; undefined where they do not say. */
  readonly since?: number;
}

export function expiryOf(user: KubeconfigUser | undefined): Expiry | undefined {
  const token = user?.token ? validityOfToken(user.token) : undefined;
  if (token) return { what: 'token', ...token };
  const certificate = user?.['client-certificate-data'] ? validityOfCertificate(user['client-certificate-data']) : undefined;
  return certificate && { what: 'client certificate', ...certificate };
}

type Validity = Pick<Expiry, 'at' | 'since'>;

/** The claims `exp` and `iat` of a JWT, which are only read: whether the token is good is for the API server to say. RFC 7519, 4.1. */
function validityOfToken(token: unknown): Validity | undefined {
  try {
    const [, payload = '', signature] = String(token).split('.');
    const claims = signature === undefined ? undefined : JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { readonly exp?: unknown; readonly iat?: unknown } | null;
    return typeof claims?.exp === 'number' ? validity(claims.exp * 1000, typeof claims.iat === 'number' ? claims.iat * 1000 : undefined) : undefined;
  } catch {
    return undefined;
  }
}

function validityOfCertificate(data: unknown): Validity | undefined {
  try {
    const { validFrom, validTo } = new X509Certificate(Buffer.from(String(data), 'base64'));
    return validity(Date.parse(validTo), Date.parse(validFrom));
  } catch {
    return undefined;
  }
}

function validity(at: number, since: number | undefined): Validity | undefined {
  if (!isDate(at)) return undefined;
  return since !== undefined && isDate(since) ? { at, since } : { at };
}

const isDate = (ms: number): boolean => !Number.isNaN(new Date(ms).getTime());
