import { textOf, type Http } from '../ports/http.js';

/** Of one request, ms. GitHub itself gives up after 10 s. */
const timeoutMs = 20_000;
/** A page of 100 comments, each as long as GitHub allows, has 26 MB. Bytes. */
const limit = 32 * 1024 * 1024;
/** A repository that was renamed answers with one. */
const maxRedirects = 3;

interface Options {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/**
 * What Octokit needs of `fetch`, over the HTTP of this action: the global one knows no proxies, and loading it takes 20 ms of
 * processor time. Rejects with an AbortError when the signal aborts, which Octokit does not repeat.
 */
export const fetchOver = (http: Pick<Http, 'request'>) => async (url: string, { method, headers, body, signal }: Options) => {
  try {
    const response = await http.request({ url, method, headers, body, signal, timeoutMs, maxRedirects });
    const text = await textOf(response, limit);
    const read = { text: async () => text, arrayBuffer: async () => Buffer.from(text) };
    return { url, status: response.status, headers: new Map(Object.entries(response.headers)), ...read };
  } catch (error) {
    throw signal?.aborted ? Object.assign(new Error('the request was cancelled', { cause: error }), { name: 'AbortError' }) : error;
  }
};
