import { password, type ReferencedSecrets } from './referenced-secrets.js';
import type { GivenMetrics } from './sections/metrics.js';

/** A Pushgateway, with the secrets that it takes. */
export interface PushgatewayConfig {
  /** Without a path, or with the prefix that it is served under. */
  readonly url: string;
  readonly login?: { readonly username: string; readonly password: string };
}

/** Where metrics are sent. They are never the reason that a run fails, so nothing is sent where the login is not complete. */
export function metricsTarget(given: GivenMetrics | undefined, secrets: ReferencedSecrets): PushgatewayConfig | undefined {
  const { url, username = '', password: reference } = given?.pushgateway ?? {};
  if (url === undefined) return undefined;
  if (reference === undefined) return { url, ...(username !== '' && { login: { username, password: '' } }) };
  const encoded = (value: string): string => Buffer.from(`${username}:${value}`).toString('base64');
  const value = secrets.optional(reference, { ...password, secretsIn: (_, text) => [text, encoded(text)] }, 'no metrics are sent');
  return value === undefined ? undefined : { url, login: { username, password: value } };
}
