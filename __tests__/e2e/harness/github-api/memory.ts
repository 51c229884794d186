import { HttpError, type Http, type HttpResponse } from '../../../../src/ports/http.js';
import { unlessAborted } from '../../../../src/ports/within.js';
import type { Answer, Call } from './call.js';
import type { GitHubServer } from './github.js';

const server = 'https://api.github.com';

/** The HTTP of a machine from which nothing but this GitHub can be reached. No time passes. */
export const httpTo = (github: GitHubServer): Pick<Http, 'request'> => ({
  request: async ({ url, method = 'GET', headers = {}, body, signal }) => {
    const { origin, pathname, searchParams } = new URL(url);
    if (origin !== server) throw new HttpError('name', `the name ${new URL(url).hostname} does not exist`);
    const call: Call = {
      method, path: decodeURIComponent(pathname), query: Object.fromEntries(searchParams), body: body === undefined ? undefined : JSON.parse(String(body)),
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    };
    const [fault] = github.receive(call).filter(({ kind }) => kind !== 'slow');
    if (fault?.kind === 'hang') return unlessAborted(new Promise<never>(() => undefined), signal ?? new AbortController().signal);
    if (fault?.kind === 'reset') throw closed();
    const answer = fault?.kind === 'answer' ? fault.answer : github.answer(call);
    if (fault?.kind === 'lost') throw closed();
    return responseOf(answer);
  },
});

const closed = (): HttpError => new HttpError('other', 'api.github.com closed the connection before it answered');

function responseOf({ status, body, headers = {} }: Answer): HttpResponse {
  const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
  const link = headers['link']?.replaceAll('{server}', server);
  return {
    status, headers: { 'content-type': 'application/json; charset=utf-8', 'x-github-request-id': 'TEST:1', ...headers, ...link !== undefined && { link } },
    body: { [Symbol.asyncIterator]: async function * pieces() { yield Buffer.from(text); } },
  };
}
