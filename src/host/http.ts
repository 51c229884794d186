import { request as plainRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { Http, HttpAnswer } from '../ports/http.js';

const bodyLimit = 64 * 1024;

/** HTTP by Node's own client, which trusts what NODE_EXTRA_CA_CERTS names. Each request opens a connection of its own. */
export const nodeHttp: Http = { get };

/**
 * The answer to one GET: status, headers in lower case, at most the first 64 KiB of the body.
 * Rejects with an Error that says in words why there was none; `timeoutMs` bounds everything, name look-up to last byte.
 */
async function get(url: string, options: Parameters<Http['get']>[1]): Promise<HttpAnswer> {
  const address = new URL(url);
  const send = address.protocol === 'https:' ? secureRequest : plainRequest;
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted) return reject(options.signal.reason);
    let answered: number | undefined;
    let late: Error | undefined;
    const request = send(address, {
      // A kept connection would ask the pod that answered last time, not the one that a new visitor gets.
      agent: false,
      headers: { 'accept': '*/*', 'accept-encoding': 'identity', 'user-agent': 'deploy-action', ...options.headers },
    });
    const abort = () => request.destroy(options.signal?.reason as Error);
    const timer = setTimeout(() => {
      late = tooSlow(address, options.timeoutMs, answered);
      request.destroy(late);
    }, options.timeoutMs);
    const done = () => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
    };
    const fail = (error: Error) => {
      done();
      reject(options.signal?.aborted ? options.signal.reason : late ?? explain(error, address));
    };
    options.signal?.addEventListener('abort', abort, { once: true });
    request.on('error', fail);
    request.once('response', (response) => {
      answered = response.statusCode;
      readBody(request, response).then((body) => {
        done();
        resolve({ status: response.statusCode ?? 0, headers: flatten(response), body });
      }, fail);
    });
    request.end();
  });
}

/** The first 64 KiB; the rest is not waited for. */
function readBody(request: ClientRequest, response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  const text = () => Buffer.concat(chunks).subarray(0, bodyLimit).toString('utf8');
  return new Promise((resolve, reject) => {
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size < bodyLimit) return;
      resolve(text());
      request.destroy();
    });
    response.once('end', () => resolve(text()));
    response.on('error', reject);
  });
}

function flatten(response: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(response.headers)
    .map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value ?? '']));
}

function tooSlow(address: URL, timeoutMs: number, answered: number | undefined): Error {
  const seconds = `${timeoutMs / 1000} s`;
  return new Error(answered === undefined
    ? `${address.host} did not answer within ${seconds}`
    : `${address.host} answered ${answered}, and the answer was not complete after ${seconds}`);
}

const certificateTrouble = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|HOSTNAME_MISMATCH)/;

/** Why there was no answer, in words; the original is kept as `cause`. */
function explain(error: NodeJS.ErrnoException, address: URL): Error {
  const { host, hostname } = address;
  const code = error.code ?? '';
  const sentences: Readonly<Record<string, string>> = {
    ENOTFOUND: `the name ${hostname} does not exist`,
    EAI_AGAIN: `the name ${hostname} could not be looked up: the name server does not answer`,
    ECONNREFUSED: `${host} refused the connection: nothing listens there`,
    ECONNRESET: `${host} closed the connection before it had answered`,
    EHOSTUNREACH: `${host} cannot be reached from here`,
    ENETUNREACH: `${host} cannot be reached from here`,
    ETIMEDOUT: `${host} did not accept the connection in time`,
    EPROTO: `${host} does not speak TLS on this port`,
  };
  const untrusted = certificateTrouble.test(code) ? `the certificate of ${host} is not trusted: ${error.message}` : undefined;
  const sentence = untrusted ?? sentences[code];
  return new Error(sentence ?? `${host} gave no answer: ${error.message || code}`, { cause: error });
}
