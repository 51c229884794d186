import { X509Certificate } from 'node:crypto';
import * as v from 'valibot';
import { tryJson } from '../../ports/json.js';
import type { KubeconfigUser } from './kubeconfig.js';

/** When the credentials of a kubeconfig expire, if they contain it. */
export interface Expiry {
  readonly what: 'token' | 'client certificate';
  /** ms since 1970. */
  readonly at: number;
  /** When they became valid, ms since 1970; undefined if they do not contain it. */
  readonly since?: number;
}

export function expiryOf(user: KubeconfigUser | undefined): Expiry | undefined {
  const token = user?.token ? validityOfToken(user.token) : undefined;
  if (token) return { what: 'token', ...token };
  const certificate = user?.['client-certificate-data'] ? validityOfCertificate(user['client-certificate-data']) : undefined;
  return certificate && { what: 'client certificate', ...certificate };
}

type Validity = Pick<Expiry, 'at' | 'since'>;

/** The claims of a JWT. The token is only read: the API server verifies it. RFC 7519, 4.1. */
const claims = v.object({ exp: v.number(), iat: v.fallback(v.optional(v.number()), undefined) });

function validityOfToken(token: unknown): Validity | undefined {
  const [, payload = '', signature] = String(token).split('.');
  const said = signature === undefined ? undefined : tryJson(Buffer.from(payload, 'base64url').toString('utf8'), claims);
  return said && validity(said.exp * 1000, said.iat === undefined ? undefined : said.iat * 1000);
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
