import { plainLine } from '../../outcome/plain.js';
import { messageOf } from '../../outcome/wording.js';

/** What is read of an error of the SDK. */
export interface Failure {
  /** Of the answer; undefined when there was none. */
  readonly status?: number;
  /** As the store names it: `AccessDenied`. Without a body, as for HEAD, a word of the SDK for the status. */
  readonly code: string;
  /** What the store said, on one line. */
  readonly message: string;
  /** Attempts that were made. */
  readonly attempts: number;
  /** The region that the bucket is in, if the store says so. */
  readonly region?: string;
  /** The clocks of a store and of this machine, as it compared them. ISO 8601. */
  readonly storeTime?: string;
  readonly ownTime?: string;
  /** How long the store asks to wait, ms. */
  readonly retryAfterMs?: number;
  readonly isSkewCorrected: boolean;
  /** Not an answer of S3: a page of a website, or of a proxy. */
  readonly contentType?: string;
}

interface Thrown {
  readonly name?: string;
  readonly Code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number; readonly clockSkewCorrected?: boolean };
  readonly $response?: { readonly statusCode?: number; readonly headers?: Readonly<Record<string, string>> };
  readonly Region?: string;
  readonly ServerTime?: unknown;
  readonly RequestTime?: unknown;
}

const longest = 300;

/** What an error of the SDK says. Anything else that was thrown has only a message. */
export function factsOf(error: unknown): Failure {
  const { $metadata, $response, ...thrown } = (error ?? {}) as Thrown;
  const { name, Code, message } = error instanceof Error ? Object.assign({}, thrown, { name: error.name, message: error.message }) : thrown;
  const headers = $response?.headers ?? {};
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  const said = oneLine(message ?? messageOf(error));
  return {
    status, code: oneLine(Code ?? name ?? ''), message: said, attempts: $metadata?.attempts ?? 1, isSkewCorrected: $metadata?.clockSkewCorrected === true,
    region: headers['x-amz-bucket-region'] ?? thrown.Region ?? /expecting '([a-z0-9-]+)'/.exec(said)?.[1],
    storeTime: timeOf(thrown.ServerTime ?? headers['date']), ownTime: timeOf(thrown.RequestTime),
    retryAfterMs: delayOf(headers), contentType: headers['content-type'],
  };
}

const oneLine = (text: string): string => {
  const line = plainLine(text.replace(/\s+/g, ' ')).trim();
  return line.length <= longest ? line : `${line.slice(0, longest)}…`;
};

/** `20261130T164000Z`, `Mon, 30 Nov 2026 16:40:00 GMT` and `2026-11-30T16:40:00Z` as the last. */
function timeOf(value: unknown): string | undefined {
  const text = String(value ?? '').replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString().replace('.000', '');
}

/** `retry-after` in seconds, or as a date by the clock of the store. */
function delayOf(headers: Readonly<Record<string, string>>): number | undefined {
  const text = headers['retry-after'] ?? '';
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  const ms = Date.parse(text) - Date.parse(headers['date'] ?? '');
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
