import { EventEmitter } from 'node:events';
import { createServer, request, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Transform } from 'node:stream';
import { pause } from '../environment.js';
import type { S3 } from './s3.js';

export interface S3Request {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
}

/** What goes wrong with a request. Faults add up in this order. */
export interface S3Fault {
  /** Only requests for which this holds; all of them unless given. */
  readonly when?: (request: S3Request) => boolean;
  /** For so many requests, then no more; indefinitely unless given. */
  readonly times?: number;
  /** Holds the request back until then. */
  readonly heldUntil?: Promise<unknown>;
  /** Answers with an error as S3 words it, without asking the server. `retryAfter` in seconds. */
  readonly error?: { readonly status: number; readonly code: string; readonly retryAfter?: number };
  /** Resets the connection after so many bytes of the body that is sent. */
  readonly cutUploadAfter?: number;
  /** Resets the connection after so many bytes of the body that is answered: half a response. */
  readonly cutAnswerAfter?: number;
  /** Resets the connection when the server has done what was asked, in place of its answer. */
  readonly losesAnswer?: boolean;
  /** So slow are both bodies. */
  readonly bytesPerSecond?: number;
  /** Stores other bytes than those that were sent, and answers as if it had not. The checksum stays that of the right ones. */
  readonly stores?: (bytes: Buffer) => Buffer;
}

export const internalError: S3Fault = { error: { status: 500, code: 'InternalError' } };
export const slowDown: S3Fault = { error: { status: 503, code: 'SlowDown', retryAfter: 1 } };
export const accessDenied: S3Fault = { error: { status: 403, code: 'AccessDenied' } };

export interface SeenRequest extends S3Request {
  /** Status of the server's own answer; undefined when there was none (yet). */
  readonly status?: number;
}

export interface S3Faults {
  /** To be used in place of the server's own. */
  readonly endpoint: string;
  /** Requests that came, in order. */
  readonly requests: readonly SeenRequest[];
  /** From now on these faults; none: all is well. */
  set(...faults: readonly S3Fault[]): void;
  /** The next request for which this holds, as soon as its head has come. */
  arrived(when: (request: S3Request) => boolean): Promise<S3Request>;
  close(): Promise<void>;
}

/**
 * A server between a client and the S3 server that can be told to misbehave. It passes the name of the host on as it
 * came, because that is signed.
 */
export async function s3Faults(store: S3): Promise<S3Faults> {
  const arrivals = new EventEmitter();
  const requests: (SeenRequest & { status?: number })[] = [];
  let faults: { fault: S3Fault; left: number }[] = [];
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', store.endpoint);
    const [, , ...key] = url.pathname.split('/');
    const seen: SeenRequest & { status?: number } = { method: incoming.method ?? 'GET', key: decodeURIComponent(key.join('/')), query: url.searchParams };
    const active = faults.find(({ fault, left }) => left > 0 && (fault.when?.(seen) ?? true));
    if (active) active.left -= 1;
    requests.push(seen);
    arrivals.emit('request', seen);
    void misbehave({ incoming, outgoing, seen, store, fault: active?.fault ?? {} });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    set: (...next) => {
      faults = next.map((fault) => ({ fault, left: fault.times ?? Infinity }));
    },
    arrived: (when) => new Promise((resolve) => {
      const look = (seen: S3Request): void => {
        if (!when(seen)) return;
        arrivals.off('request', look);
        resolve(seen);
      };
      arrivals.on('request', look);
    }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly seen: SeenRequest & { status?: number };
  readonly store: S3;
  readonly fault: S3Fault;
}

async function misbehave({ incoming, outgoing, seen, store, fault }: Exchange): Promise<void> {
  await fault.heldUntil;
  if (fault.error) {
    const { status, code, retryAfter } = fault.error;
    incoming.resume();
    outgoing.writeHead(status, { 'content-type': 'application/xml', ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }) });
    outgoing.end(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>the test says so</Message><RequestId>1</RequestId></Error>`);
    return;
  }
  const reset = (): void => void incoming.socket.resetAndDestroy();
  const { expect: _, ...headers } = incoming.headers;
  const onward: ClientRequest = request(new URL(incoming.url ?? '/', store.endpoint), { method: incoming.method, headers }, (answer) => {
    seen.status = answer.statusCode;
    if (fault.stores && answer.statusCode === 200 && isWritten(seen)) store.corrupt(seen.key, fault.stores);
    if (fault.losesAnswer) {
      answer.resume();
      reset();
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.on('error', reset);
    answer.pipe(passing(fault, fault.cutAnswerAfter, reset)).pipe(outgoing);
  });
  onward.on('error', reset);
  // Whoever has asked may be gone before the answer is.
  outgoing.on('close', () => onward.destroy());
  incoming.on('error', () => onward.destroy());
  incoming.pipe(passing(fault, fault.cutUploadAfter, () => {
    onward.destroy();
    reset();
  })).pipe(onward);
}

/** After these, the object is there. */
const isWritten = ({ method, query }: S3Request): boolean => (method === 'PUT' && !query.has('uploadId')) || (method === 'POST' && query.has('uploadId'));

/** A body on its way: slow, or cut after so many bytes. */
function passing({ bytesPerSecond }: S3Fault, cutAfter: number | undefined, cut: () => void): Transform {
  let left = cutAfter ?? Infinity;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const part = chunk.subarray(0, Math.min(left, chunk.length));
      left -= chunk.length;
      void pause(bytesPerSecond ? (part.length / bytesPerSecond) * 1000 : 0).then(() => {
        if (part.length > 0) this.push(part);
        if (left > 0) return done();
        // What was pushed goes out first.
        setImmediate(cut);
      });
    },
  });
}
