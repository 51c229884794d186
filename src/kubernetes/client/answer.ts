import * as v from 'valibot';
import { checkShape, JsonError, tryJson } from '../../ports/json.js';
import { ApiError, notOfServerReason } from './api-error.js';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most `maxBytes`. */
  readonly body: string;
}

/** How an API server refuses: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
const status = v.object({
  kind: v.optional(v.string()),
  reason: v.optional(v.string()),
  message: v.optional(v.string()),
  code: v.optional(v.number()),
  details: v.nullish(v.object({ kind: v.optional(v.string()) })),
});
export type Status = v.InferOutput<typeof status>;

/** The fields of a Status; undefined for other bodies. */
export const readStatus = (body: string): Status | undefined => tryJson(body, status);

/**
 * Every answer names its kind, except the version of the server. Its other fields are not checked: the API server has
 * validated them against the schema of the kind, and every field that is read may be absent (see ./objects.ts).
 */
const object = v.looseObject({ kind: v.string() });
const version = v.looseObject({ gitVersion: v.string() });

/**
 * The object in an answer.
 * @throws ApiError with the message of the API server, or 502 for an answer that does not come from an API server
 */
export function parseAnswer<T>(path: string, answer: Pick<RawAnswer, 'status' | 'body'> & Partial<RawAnswer>): T {
  if (answer.status >= 200 && answer.status < 300) return objectIn(withoutQuery(path), answer.body) as T;
  const said = readStatus(answer.body);
  throw new ApiError(answer.status, said?.reason ?? '', said?.message
    ?? `${withoutQuery(path)} returned status ${answer.status}${answer.body.trim() === '' ? '' : `: ${oneLine(answer.body)}`}`, { retryAfterMs: retryAfterMs(answer) });
}

/** An overloaded API server sends 1 s, and one that is shutting down 5 s. A proxy in between may send anything. */
const longestRetryAfterMs = 30_000;

/** The header Retry-After of an answer, if it is a number of seconds: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
export function retryAfterMs({ headers }: Partial<Pick<RawAnswer, 'headers'>>): number {
  const seconds = Number(headers?.['retry-after'] ?? 0);
  return seconds > 0 ? Math.min(longestRetryAfterMs, 1000 * seconds) : 0;
}

/** An answer of a proxy or load balancer before the API server, which counts as no answer. */
export const answeredBetween = (path: string, { status, headers, body }: RawAnswer): ApiError =>
  new ApiError(502, notOfServerReason, `${withoutQuery(path)} returned status ${status} from something between this machine and the API server${body.trim() === '' ? '' : `: ${oneLine(body)}`}`, {
    retryAfterMs: retryAfterMs({ headers }),
  });

/** A captive portal or a broken load balancer answers 200 with content of its own: the API server was not reached. */
function objectIn(path: string, body: string): unknown {
  const value = tryJson(body, v.unknown());
  if (value === undefined) throw new ApiError(502, 'NotJson', `${path} did not return JSON: ${oneLine(body)}`);
  try {
    return path === '/version' ? checkShape(value, version, 'it') : checkShape(value, object, 'it');
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new ApiError(502, 'NotUnderstood', `${path} did not return a Kubernetes object (it ${error.problem}): ${oneLine(body)}`, { cause: error });
  }
}

/** A proxy answers in plain text or HTML: the beginning says what is wrong. */
const oneLine = (body: string): string => body.replace(/<[^<>]*>/g, ' ').replace(/\s+/g, ' ').trim().slice(0, 200);

export const withoutQuery = (path: string): string => path.split('?')[0] ?? path;
