import { array, nullish, object, safeParse, string, union } from 'valibot';
import { plainLine } from '../outcome/plain.js';
import { messageOf } from '../outcome/wording.js';
import { GitHubError, type GitHubErrorFacts, type GitHubTrouble } from '../ports/github.js';

/** What Octokit throws, as far as it is read. Without a response there was no answer. */
interface Thrown {
  readonly message: string;
  readonly status?: number;
  readonly cause?: unknown;
  readonly response?: { readonly status: number; readonly headers: Headers; readonly data: unknown };
}
type Headers = Readonly<Record<string, string | number | undefined>>;

/**
 * The error of a request that GitHub refused or did not answer.
 * @param what `POST /repos/acme/api/deployments`
 */
export function refused(error: unknown, what: string): unknown {
  if (!isThrown(error)) return error;
  const { response, cause } = error;
  if (!response) return new GitHubError(`GitHub did not answer ${what}: ${plainLine(messageOf(cause ?? error))}`, { trouble: 'unavailable', reason: '' }, { cause: error });
  const facts = factsOf(response);
  const why = facts.reason === '' ? '' : `: ${facts.reason}`;
  const id = facts.requestId === undefined ? '' : ` (request ${facts.requestId})`;
  return new GitHubError(`GitHub returned ${response.status} to ${what}${why}${id}`, facts, { cause: error });
}

/** Octokit gives every failure of a request a status; anything else is a bug, and is reported as it is. */
const isThrown = (error: unknown): error is Thrown => error instanceof Error && error.name === 'HttpError' && 'status' in error;

function factsOf({ status, headers, data }: NonNullable<Thrown['response']>): GitHubErrorFacts {
  const reason = reasonOf(data);
  const trouble = troubleOf(status, headers, reason);
  const requestId = headers['x-github-request-id'];
  const needs = trouble === 'denied' ? headers['x-accepted-github-permissions'] ?? headers['x-accepted-oauth-scopes'] : undefined;
  const retryAt = trouble === 'limited' ? limitEnd(headers) : undefined;
  return {
    trouble, status, reason, ...requestId !== undefined && { requestId: oneLine(String(requestId)) },
    ...needs !== undefined && needs !== '' && { needs: oneLine(String(needs)) }, ...retryAt !== undefined && { retryAt },
  };
}

/** https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api */
function troubleOf(status: number, headers: Headers, reason: string): GitHubTrouble {
  if (status === 429 || (status === 403 && isLimit(headers, reason))) return 'limited';
  if (status === 401 || status === 403 || (status === 404 && lacksScope(headers))) return 'denied';
  if (status === 404 || status === 410) return 'missing';
  return status >= 400 && status < 500 ? 'invalid' : 'unavailable';
}

/** https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api */
const isLimit = (headers: Headers, reason: string): boolean =>
  headers['retry-after'] !== undefined || String(headers['x-ratelimit-remaining']) === '0' || /\bsecondary rate\b/i.test(reason);

/** When the limit ends, ms since 1970; undefined if GitHub does not say. */
function limitEnd(headers: Headers): number | undefined {
  const [after, reset, date] = [Number(headers['retry-after']), Number(headers['x-ratelimit-reset']), Date.parse(String(headers['date']))];
  if (after > 0 && !Number.isNaN(date)) return date + after * 1000;
  return String(headers['x-ratelimit-remaining']) === '0' && reset > 0 ? reset * 1000 : undefined;
}

/** A classic token that lacks a scope gets a 404 for what it could not see, with the scopes that would do and its own. */
function lacksScope(headers: Headers): boolean {
  const [own, accepted] = [headers['x-oauth-scopes'], headers['x-accepted-oauth-scopes']].map((text) => String(text ?? '').split(',').map((scope) => scope.trim()).filter((scope) => scope !== ''));
  return headers['x-oauth-scopes'] !== undefined && accepted !== undefined && accepted.length > 0 && !accepted.some((scope) => own?.includes(scope));
}

const detail = union([string(), object({ message: nullish(string()), field: nullish(string()), code: nullish(string()) })]);
const answer = object({ message: nullish(string()), errors: nullish(union([array(detail), string()])) });

/** What GitHub said, with the fields that it did not accept; empty for a page of something in between. */
function reasonOf(data: unknown): string {
  const read = safeParse(answer, data);
  if (!read.success) return '';
  const { message, errors } = read.output;
  const details = (typeof errors === 'string' ? [errors] : errors ?? []).map((each) =>
    (typeof each === 'string' ? each : each.message ?? `${each.field ?? ''} ${each.code ?? ''}`.trim()));
  return oneLine([message ?? '', ...details.length > 0 ? [details.join(', ')] : []].filter((part) => part !== '').join(': '));
}

const longest = 300;

const oneLine = (text: string): string => {
  const line = plainLine(text.replace(/\s+/g, ' ')).trim();
  return line.length <= longest ? line : `${line.slice(0, longest)}…`;
};
