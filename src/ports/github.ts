import type { GenericSchema } from 'valibot';
import { checkShape } from './json.js';

/**
 * The REST API of GitHub (https://docs.github.com/rest) with one token: of github.com, or of the server that GITHUB_API_URL
 * names. Goes through the proxies that the environment names.
 */
export interface GitHub {
  /**
   * Sends one request.
   *
   * What may be repeated is sent again after a 5xx and after a lost connection, twice at most. After a rate limit everything is
   * sent again, as it has done nothing: once, and only if the wait is 60 s or less.
   *
   * @returns the body: JSON as a value, anything else as text; undefined when there is none (204). `readGitHub` checks it
   * @throws GitHubError; what the signal aborts with, at once, in a wait as well
   */
  send(request: GitHubRequest): Promise<unknown>;
  /**
   * The bodies of the pages of a list, 100 items each unless the parameters say otherwise. Each page is requested when the one
   * before it has been read, so to stop reading stops the requests. `readPages` checks them.
   *
   * @throws like `send`, while it is read
   */
  pages(request: GitHubRequest & { readonly route: `GET ${string}` }): AsyncIterable<unknown>;
}

/** Opens the API with a token, which is masked. The code for it is loaded by the first call. */
export type OpenGitHub = (token: string) => Promise<GitHub>;

export interface GitHubRequest {
  /** As the documentation writes it: `POST /repos/{owner}/{repo}/deployments`. */
  readonly route: `${'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'} /${string}`;
  /** Values for the names in the path; the others go into the query of a GET and DELETE, and into the body of the rest. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Bounds everything, with the waits. */
  readonly signal: AbortSignal;
  /**
   * Whether a second request does no harm if the first one was carried out and its answer was lost: true for GET unless given,
   * false for everything else. A PATCH that sets a text may be repeated; a POST that creates something must not be.
   */
  readonly repeatable?: boolean;
}

/**
 * Why GitHub did not do it.
 *
 * - `denied`: the token is not valid, or is not allowed to do this: 401, 403, or the 404 with which GitHub hides it
 * - `missing`: there is no such object, or the token is not allowed to see it: 404, 410
 * - `invalid`: what was sent, or the state of the object, does not allow it: 400, 409, 422
 * - `limited`: a rate limit, and its end is too far away: 403, 429
 * - `unavailable`: no answer, 5xx, or an answer that is not one of GitHub's
 */
export type GitHubTrouble = 'denied' | 'missing' | 'invalid' | 'limited' | 'unavailable';

export interface GitHubErrorFacts {
  readonly trouble: GitHubTrouble;
  /** What GitHub said, on one line and shortened: `Resource not accessible by integration`. Empty if it said nothing. */
  readonly reason: string;
  /** Undefined when there was no answer. */
  readonly status?: number;
  /** `x-github-request-id`: GitHub's support asks for it. */
  readonly requestId?: string;
  /** The permissions that would do, as GitHub named them: `deployments=write`. Only with `denied`, and not always. */
  readonly needs?: string;
  /** When the rate limit ends, ms since 1970. Only with `limited`, and not always. */
  readonly retryAt?: number;
}

/** `message` is a sentence without its end: `GitHub returned 403 to POST /repos/acme/api/deployments: Resource not …`. */
export class GitHubError extends Error implements GitHubErrorFacts {
  readonly trouble: GitHubTrouble;
  readonly reason: string;
  readonly status?: number;
  readonly requestId?: string;
  readonly needs?: string;
  readonly retryAt?: number;

  constructor(message: string, facts: GitHubErrorFacts, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'GitHubError';
    this.trouble = facts.trouble;
    this.reason = facts.reason;
    this.status = facts.status;
    this.requestId = facts.requestId;
    this.needs = facts.needs;
    this.retryAt = facts.retryAt;
  }
}

/**
 * Sends a request and reads its answer.
 * @throws GitHubError; JsonError when the answer has another shape; what the signal aborts with
 */
export async function readGitHub<T>(github: Pick<GitHub, 'send'>, request: GitHubRequest, schema: GenericSchema<unknown, T>): Promise<T> {
  return checkShape(await github.send(request), schema, answerTo(request));
}

/**
 * Reads the pages of a list; `schema` is that of one page.
 * @param most so many pages are read at most
 * @throws like `readGitHub`, while it is read
 */
export async function * readPages<T>(
  github: Pick<GitHub, 'pages'>, request: Parameters<GitHub['pages']>[0], schema: GenericSchema<unknown, T>, most = Infinity,
): AsyncGenerator<T, void, undefined> {
  let count = 0;
  for await (const page of github.pages(request)) {
    yield checkShape(page, schema, answerTo(request));
    count += 1;
    if (count >= most) return;
  }
}

const answerTo = ({ route }: GitHubRequest): string => `The answer of GitHub to ${route}`;
