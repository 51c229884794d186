import type { IncomingMessage } from 'node:http';
import { bodyOf, flatHeaders, HttpError, type HttpResponse, type SocketHttp } from '../ports/http.js';

/** More requests at once wait for one another. */
const maxConnections = 32;

/** HTTP over a unix socket by Node's own client. */
export function socketHttp(socketPath: string): SocketHttp {
  // Loaded at the first use: see `clientFor`.
  const { Agent, request } = process.getBuiltinModule('node:http');
  const agent = new Agent({ keepAlive: true, maxSockets: maxConnections });
  return {
    request: ({ path, method = 'GET', headers, body, timeoutMs, silenceMs = 0, signal }) => new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const outgoing = request({ socketPath, agent, path, method, headers: { host: 'localhost', ...length, ...headers }, timeout: timeoutMs, signal });
      let late: Error | undefined;
      const failure = (error: Error): unknown => (signal?.aborted ? signal.reason : new HttpError('other', (late ?? error).message, { cause: error }));
      outgoing.on('timeout', () => outgoing.destroy(late = new Error('no answer in time')));
      outgoing.on('error', (error) => reject(failure(error)));
      outgoing.once('response', (response) => {
        outgoing.setTimeout(silenceMs);
        resolve(answer(response, failure));
      });
      outgoing.end(body);
    }),
  };
}

/** A connection whose answer was read to its end is kept for the next request; of any other it is closed. */
function answer(response: IncomingMessage, failure: (error: Error) => unknown): HttpResponse {
  const pieces = async function* () {
    try {
      for await (const chunk of response) yield chunk as Uint8Array;
      if (!response.complete) throw new Error('the response is incomplete');
    } catch (error) {
      // Node calls it `aborted`.
      throw failure(response.complete ? error as Error : new Error('the connection was closed early', { cause: error }));
    }
  };
  return { status: response.statusCode ?? 0, headers: flatHeaders(response.headers), body: bodyOf(pieces(), () => response.destroy()) };
}
