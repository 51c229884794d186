import type { Problem } from '../outcome/errors.js';
import { placeWords } from '../outcome/place-words.js';
import { problemAt } from './kit/report.js';
import { valuesOf, withoutLineEnd, type Secret } from './secrets.js';
import type { GivenMetrics } from './sections/metrics.js';

/** A Pushgateway, with the secrets that it takes. */
export interface PushgatewayConfig {
  /** Without a path, or with the prefix that it is served under. */
  readonly url: string;
  readonly login?: { readonly username: string; readonly password: string };
}

interface Read {
  readonly pushgateway?: PushgatewayConfig;
  readonly secrets: readonly Secret[];
  /** Metrics are never the reason that a run fails, so nothing is sent where the login is not complete. */
  readonly warnings: readonly Problem[];
}

/** Where metrics are sent. @param env in which the password is */
export function metricsTarget(given: GivenMetrics | undefined, env: Readonly<Record<string, string | undefined>>): Read {
  const { url, username, password } = given?.pushgateway ?? {};
  if (url === undefined) return { secrets: [], warnings: [] };
  if (password === undefined) return { pushgateway: { url, ...(username !== undefined && { login: { username, password: '' } }) }, secrets: [], warnings: [] };
  const value = withoutLineEnd(env[password.variable] ?? '');
  if (value === '') {
    const message = `the environment variable ${password.variable} is not set or empty, so no metrics are sent`;
    return { secrets: [], warnings: [problemAt(password.at, { message, hint: placeWords().setVariable })] };
  }
  const login = { username: username ?? '', password: value };
  const encoded = Buffer.from(`${login.username}:${value}`).toString('base64');
  return { pushgateway: { url, login }, secrets: valuesOf(password.at.where, [value, encoded]), warnings: [] };
}
