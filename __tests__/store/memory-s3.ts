import { createHash, createHmac } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Clock } from '../../src/ports/clock.js';
import { HttpError, type Http, type HttpRequest, type HttpResponse } from '../../src/ports/http.js';

/** A request as the server sees it. */
export interface Seen {
  /** `PUT /bucket/key`, with `?uploads`, `?partNumber=1` and so on where they decide what it does. */
  readonly what: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/**
 * What happens to a request instead. `lose`: it is done, and its answer is lost. `reset`: it is not even done. `hang`: there is no
 * answer until its signal aborts. `cut`: the body of its answer ends after so many bytes.
 */
export type Fault = 'lose' | 'reset' | 'hang' | { readonly cut: number } | (Answer & { readonly code?: string; readonly message?: string; readonly more?: string }) | HttpError | (() => Fault | undefined);

interface Kept {
  readonly bytes: Buffer;
  readonly at: number;
  readonly headers: Readonly<Record<string, string>>;
}
interface Unfinished {
  readonly key: string;
  readonly at: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: Map<number, Buffer>;
}

interface PartRequest {
  readonly key: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly part: number;
}

export interface MemoryS3Options {
  readonly clock: Clock;
  readonly secretKey?: string;
  readonly accessKey?: string;
  readonly region?: string;
  /** What it does not do, though it should. */
  readonly ignores?: readonly ('if-none-match' | 'checksums' | 'range' | 'encryption')[];
  /** Keys in one page of a list. */
  readonly pageSize?: number;
}

const lowerCase = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
/** Of S3 it is often the MD5; nobody is to rely on that. */
const tagOf = (bytes: Buffer): string => `"${crc32(bytes).toString(16)}-${bytes.length}"`;
const base64Of = { crc32: (bytes: Buffer) => Buffer.from([0, 0, 0, 0].map((_, index) => (crc32(bytes) >>> (24 - 8 * index)) & 255)).toString('base64'), sha256: (bytes: Buffer) => createHash('sha256').update(bytes).digest('base64') };
const xml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
const error = (status: number, code: string, message = `${code} it is`, more = ''): Answer =>
  ({ status, headers: { 'content-type': 'application/xml' }, body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${xml(message)}</Message>${more}<RequestId>R1</RequestId></Error>` });

/** A bucket `backups` behind the `Http` port that behaves as S3, checks signatures and checksums, and fails as a test wants it to. */
export class MemoryS3 {
  readonly endpoint = 'http://s3.example:9000';
  readonly objects = new Map<string, Kept>();
  readonly uploads = new Map<string, Unfinished>();
  readonly seen: Seen[] = [];
  private readonly faults: { readonly match: RegExp; readonly fault: Fault; times: number }[] = [];
  private count = 0;

  constructor(private readonly options: MemoryS3Options) {}

  /** The next requests that match, `PUT /backups/a`, meet this. */
  fail(match: RegExp, fault: Fault, times = Infinity): void {
    this.faults.push({ match, fault, times });
  }

  readonly http: Pick<Http, 'request'> = {
    request: async (request) => {
      request.signal?.throwIfAborted();
      await new Promise((resolve) => setImmediate(resolve));
      const url = new URL(request.url);
      const body = Buffer.from(request.body ?? '');
      const what = `${request.method} ${decodeURIComponent(url.pathname)}${deciding(url.searchParams)}`;
      this.seen.push({ what, headers: request.headers ?? {}, bytes: body.length });
      const fault = this.faultFor(what);
      if (fault instanceof HttpError) throw fault;
      if (fault === 'reset') throw new HttpError('other', `${url.host} closed the connection before it answered`);
      if (fault === 'hang') return new Promise((_, reject) => request.signal?.addEventListener('abort', () => reject(request.signal?.reason), { once: true }));
      if (typeof fault === 'object' && 'status' in fault) return answered(fault.code === undefined ? fault : { ...error(fault.status, fault.code, fault.message, fault.more), headers: { 'content-type': 'application/xml', ...fault.headers } }, request);
      const answer = this.unsigned(request, url, body) ?? this.does(request, url, body);
      if (fault === 'lose') throw new HttpError('other', `${url.host} closed the connection before it answered`);
      return answered(answer, request, typeof fault === 'object' && 'cut' in fault ? fault.cut : undefined);
    },
  };

  private faultFor(what: string): Exclude<Fault, () => unknown> | undefined {
    const found = this.faults.find(({ match, times }) => times > 0 && match.test(what));
    if (!found) return undefined;
    found.times -= 1;
    let { fault }: { fault: Fault | undefined } = found;
    while (typeof fault === 'function') fault = fault();
    return fault;
  }

  /** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
  private unsigned({ method = 'GET', headers = {} }: HttpRequest, url: URL, body: Buffer): Answer | undefined {
    const { accessKey = 'key', secretKey = 'secret', region = 'us-east-1' } = this.options;
    const given: Readonly<Record<string, string>> = { ...lowerCase(headers), host: url.host };
    const [, id, date = '', scope = '', signedHeaders = '', signature] = /Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)/.exec(given['authorization'] ?? '') ?? [];
    if (id !== accessKey) return error(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.');
    if (scope !== region) return error(400, 'AuthorizationHeaderMalformed', `The authorization header is malformed; the region '${scope}' is wrong; expecting '${region}'`, `<Region>${region}</Region>`);
    const hash = given['x-amz-content-sha256'] ?? '';
    if (hash !== 'UNSIGNED-PAYLOAD' && hash !== createHash('sha256').update(body).digest('hex')) return error(400, 'XAmzContentSHA256Mismatch');
    const query = [...url.search.slice(1).split('&').filter((pair) => pair !== '')].map((pair) => (pair.includes('=') ? pair : `${pair}=`)).sort().join('&');
    const canonical = [method, url.pathname, query, ...signedHeaders.split(';').map((name) => `${name}:${(given[name] ?? '').trim()}`), '', signedHeaders, hash].join('\n');
    const text = ['AWS4-HMAC-SHA256', given['x-amz-date'], `${date}/${scope}/s3/aws4_request`, createHash('sha256').update(canonical).digest('hex')].join('\n');
    const hmac = (key: string | Buffer, value: string): Buffer => createHmac('sha256', key).update(value).digest();
    const expected = createHmac('sha256', hmac(hmac(hmac(hmac(`AWS4${secretKey}`, date), scope), 's3'), 'aws4_request')).update(text).digest('hex');
    return signature === expected ? undefined : error(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match the signature you provided. Check your key and signing method.');
  }

  private does(request: HttpRequest, url: URL, body: Buffer): Answer {
    const [, bucket, ...parts] = decodeURIComponent(url.pathname).split('/');
    const [key, query] = [parts.join('/'), url.searchParams];
    const headers = lowerCase(request.headers ?? {});
    const method = request.method ?? 'GET';
    if (bucket !== 'backups') return method === 'HEAD' ? { status: 404 } : error(404, 'NoSuchBucket', 'The specified bucket does not exist');
    if (key === '') return query.has('uploads') ? this.listUploads(query) : this.list(query);
    const uploadId = query.get('uploadId');
    if (uploadId !== null) return this.onUpload(method, uploadId, { key, body, headers, part: Number(query.get('partNumber')) });
    if (method === 'POST' && query.has('uploads')) {
      const id = `upload-${(this.count += 1)}`;
      this.uploads.set(id, { key, at: this.options.clock.now(), headers, parts: new Map() });
      return { status: 200, body: `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`, headers: this.encryption(headers) };
    }
    if (method === 'PUT') return this.keep(key, body, headers);
    if (method === 'DELETE') return this.objects.delete(key), { status: 204 };
    return this.give(method, key, headers);
  }

  private keep(key: string, bytes: Buffer, headers: Readonly<Record<string, string>>): Answer {
    const { ignores = [], clock } = this.options;
    if (headers['if-none-match'] === '*' && this.objects.has(key) && !ignores.includes('if-none-match')) return error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
    const wrong = this.wrongChecksum(bytes, headers);
    if (wrong) return wrong;
    this.objects.set(key, { bytes, at: clock.now(), headers });
    return { status: 200, headers: { etag: tagOf(bytes), ...this.encryption(headers) } };
  }

  private wrongChecksum(bytes: Buffer, headers: Readonly<Record<string, string>>): Answer | undefined {
    if (this.options.ignores?.includes('checksums')) return undefined;
    const wrong = (['crc32', 'sha256'] as const).find((name) => headers[`x-amz-checksum-${name}`] !== undefined && headers[`x-amz-checksum-${name}`] !== base64Of[name](bytes));
    return wrong && error(400, 'BadDigest', `The ${wrong} you specified did not match the calculated checksum.`);
  }

  private encryption(headers: Readonly<Record<string, string>>): Record<string, string> {
    const sse = headers['x-amz-server-side-encryption'];
    return sse === undefined || this.options.ignores?.includes('encryption') ? {} : { 'x-amz-server-side-encryption': sse };
  }

  private give(method: string, key: string, headers: Readonly<Record<string, string>>): Answer {
    const found = this.objects.get(key);
    if (!found) return method === 'HEAD' ? { status: 404 } : error(404, 'NoSuchKey', 'The specified key does not exist.');
    const { bytes, at } = found;
    const etag = tagOf(bytes);
    if (headers['if-match'] !== undefined && headers['if-match'] !== etag) return error(412, 'PreconditionFailed');
    const meta = Object.fromEntries(Object.entries(found.headers).filter(([name]) => name.startsWith('x-amz-meta-')));
    const common = { etag, 'last-modified': new Date(at).toUTCString(), 'content-type': found.headers['content-type'] ?? '', ...meta };
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers['range'] ?? '') ?? [];
    if (method === 'HEAD' || from === undefined || this.options.ignores?.includes('range')) return { status: 200, headers: { ...common, 'content-length': String(bytes.length) }, body: method === 'HEAD' ? '' : bytes };
    if (Number(from) >= bytes.length) return error(416, 'InvalidRange');
    const end = Math.min(Number(to), bytes.length - 1);
    const piece = bytes.subarray(Number(from), end + 1);
    return { status: 206, headers: { ...common, 'content-range': `bytes ${from}-${end}/${bytes.length}`, 'content-length': String(piece.length) }, body: piece };
  }

  private list(query: URLSearchParams): Answer {
    const { pageSize = 1000 } = this.options;
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(query.get('prefix') ?? '')).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const start = Number(query.get('continuation-token') ?? 0);
    const page = keys.slice(start, start + pageSize);
    const more = start + pageSize < keys.length;
    const item = (key: string): string => {
      const { bytes, at } = this.objects.get(key) as Kept;
      return `<Contents><Key>${xml(encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/'))}</Key><Size>${bytes.length}</Size><LastModified>${new Date(at).toISOString()}</LastModified></Contents>`;
    };
    const next = more ? `<NextContinuationToken>${start + pageSize}</NextContinuationToken>` : '';
    return { status: 200, body: `<?xml version="1.0"?><ListBucketResult><Name>backups</Name><EncodingType>url</EncodingType><KeyCount>${page.length}</KeyCount><IsTruncated>${more}</IsTruncated>${next}${page.map(item).join('')}</ListBucketResult>` };
  }

  private listUploads(query: URLSearchParams): Answer {
    const items = [...this.uploads].filter(([, { key }]) => key.startsWith(query.get('prefix') ?? ''))
      .map(([id, { key, at }]) => `<Upload><Key>${xml(key)}</Key><UploadId>${id}</UploadId><Initiated>${new Date(at).toISOString()}</Initiated></Upload>`);
    return { status: 200, body: `<?xml version="1.0"?><ListMultipartUploadsResult><Bucket>backups</Bucket><IsTruncated>false</IsTruncated>${items.join('')}</ListMultipartUploadsResult>` };
  }

  private onUpload(method: string, id: string, { key, body, headers, part }: PartRequest): Answer {
    const upload = this.uploads.get(id);
    if (!upload || upload.key !== key) return error(404, 'NoSuchUpload', 'The specified upload does not exist.');
    if (method === 'DELETE') return this.uploads.delete(id), { status: 204 };
    if (method === 'PUT') {
      const wrong = this.wrongChecksum(body, headers);
      if (wrong) return wrong;
      upload.parts.set(part, body);
      return { status: 200, headers: { 'etag': tagOf(body), 'x-amz-checksum-crc32': base64Of.crc32(body) } };
    }
    const numbers = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map(([, number]) => Number(number));
    const parts = numbers.map((number) => upload.parts.get(number));
    if (parts.includes(undefined)) return error(400, 'InvalidPart');
    if (parts.slice(0, -1).some((bytes) => (bytes?.length ?? 0) < 5 * 1024 * 1024)) return error(400, 'EntityTooSmall');
    const kept = this.keep(key, Buffer.concat(parts as Buffer[]), { ...upload.headers, 'if-none-match': headers['if-none-match'] ?? '' });
    if (kept.status !== 200) return kept;
    this.uploads.delete(id);
    return { status: 200, headers: kept.headers, body: `<CompleteMultipartUploadResult><ETag>${xml(kept.headers?.['etag'] ?? '')}</ETag></CompleteMultipartUploadResult>` };
  }
}

const deciding = (query: URLSearchParams): string => {
  const keys = ['uploads', 'partNumber', 'uploadId', 'list-type', 'continuation-token'].filter((name) => query.has(name)).map((name) => (query.get(name) ? `${name}=${query.get(name)}` : name));
  return keys.length === 0 ? '' : `?${keys.join('&')}`;
};

function answered({ status, headers = {}, body = '' }: Answer, { signal, url }: HttpRequest, cut?: number): HttpResponse {
  const bytes = Buffer.from(body as Uint8Array);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 65_536) {
      signal?.throwIfAborted();
      if (cut !== undefined && at + 65_536 > cut) {
        yield bytes.subarray(at, Math.max(at, cut));
        throw new HttpError('other', `${new URL(url).host} did not answer: the connection was closed early`);
      }
      yield bytes.subarray(at, at + 65_536);
    }
  }
  return { status, headers, body: pieces() };
}
