import type { Ports } from '../ports/ports.js';
import type { GitHub, GitHubRequest } from '../ports/github.js';
import { unlessAborted } from '../ports/within.js';
import { refused } from './github-errors.js';
import { fetchOver } from './github-fetch.js';

type World = Pick<Ports, 'http' | 'clock' | 'log' | 'env'>;

/** A rate limit that lasts longer is not waited for: whoever asks has less time than that, or better things to do. Seconds. */
const longestWait = 60;
/** What is said in vain is said again after 0.25 s and after 1 s. */
const [retries, retryBaseMs] = [2, 250];
/** Answers that a second request would get as well; 429 is waited for by the other plugin. */
const final = [400, 401, 403, 404, 409, 410, 413, 422, 429, 451];
const mostPerPage = 100;

/**
 * GitHub's API by Octokit, as `@actions/github` sets it up, over the HTTP of this action: its proxies, certificates and messages,
 * and half of the processor time of the other. Import this file only where the API is used: it loads 400 kB.
 *
 * What the packages would do otherwise (seen with @actions/github 9.1.1, plugin-throttling 11.0.5 and plugin-retry 8.1.1):
 *
 * - The address is read from the environment when the package is loaded.
 * - Writes are 1 s apart, and those that notify someone 3 s. GitHub asks for that from programs that write much; a run sends a
 *   handful (https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api).
 * - A POST is sent again after a 502, so a second deployment is created.
 * - A wait cannot be cancelled, and keeps the process alive.
 *
 * @throws if the packages cannot be loaded: one of them reads the file of the event, and fails if that is not JSON
 */
export async function createGitHub({ http, clock, log, env }: World, token: string): Promise<GitHub> {
  log.mask(token);
  const [{ GitHub: Octokit, getOctokitOptions }, { throttling }, { retry }] = await Promise.all([
    import('@actions/github/lib/utils'), import('@octokit/plugin-throttling'), import('@octokit/plugin-retry'),
  ]);
  const baseUrl = (env['GITHUB_API_URL'] || 'https://api.github.com').replace(/\/$/, '');
  /** Called with the seconds that GitHub asks to wait. What it returns decides whether the request is sent again, at once. */
  const onLimit = async (seconds: number, options: unknown, _octokit: unknown, tries: number): Promise<boolean> => {
    if (tries > 0 || seconds > longestWait) return false;
    await clock.sleep(seconds * 1000, signalOf(options));
    return true;
  };
  const octokit = new (Octokit.plugin(throttling, retry))({
    ...getOctokitOptions(token), baseUrl, userAgent: 'deploy-action', log: silent, request: { fetch: fetchOver(http), log: silent },
    throttle: { onRateLimit: onLimit, onSecondaryRateLimit: onLimit, retryAfterBaseValue: 0, write: unspaced as never, notifications: unspaced as never },
    retry: { retries, retryAfterBaseValue: retryBaseMs, doNotRetry: final },
  });

  async function ask(request: GitHubRequest, search?: string) {
    const { route, parameters, signal, repeatable = route.startsWith('GET ') } = request;
    signal.throwIfAborted();
    const { method, url } = octokit.request.endpoint(route, parameters);
    const options = { signal, ...!repeatable && { retries: 0 } };
    try {
      const answer = search === undefined ? octokit.request(route, { ...parameters, request: options }) : octokit.request(`GET ${withSearch(url, search)}`, { request: options });
      return await unlessAborted(answer, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw refused(error, `${method} ${pathOf(url, baseUrl)}`);
    }
  }

  return {
    send: async (request) => {
      const { status, data } = await ask(request);
      return status === 204 || status === 205 ? undefined : data;
    },
    pages: async function * pages(request) {
      const first = { ...request, parameters: { per_page: mostPerPage, ...request.parameters } };
      let answer = await ask(first);
      yield answer.data;
      // Of the link to the next page only its query is used: the token goes to no other place than the first time.
      for (let search = nextOf(answer.headers.link); search !== undefined; search = nextOf(answer.headers.link)) {
        answer = await ask(first, search);
        yield answer.data;
      }
    },
  };
}

const silence = (): void => undefined;
/** Octokit would print to the console, past the log. */
const silent = { debug: silence, info: silence, warn: silence, error: silence };

/** In place of the limiters that space writes: what is scheduled is done. */
const unspaced = { key: () => ({ schedule: (_options: unknown, job: () => Promise<void>) => job() }) };

const signalOf = (options: unknown): AbortSignal | undefined => (options as { readonly request?: { readonly signal?: AbortSignal } }).request?.signal;

/** The query of the next page, by the header `link` (RFC 8288). */
function nextOf(link: string | undefined): string | undefined {
  const url = /<([^<>]+)>;\s*rel="next"/.exec(link ?? '')?.[1];
  return url !== undefined && URL.canParse(url) ? new URL(url).search : undefined;
}

function withSearch(url: string, search: string): string {
  const next = new URL(url);
  next.search = search;
  return next.href;
}

/** `/repos/acme/api/deployments`: without the server and the query. */
const pathOf = (url: string, baseUrl: string): string => new URL(url).pathname.slice(new URL(baseUrl).pathname.replace(/\/$/, '').length);
