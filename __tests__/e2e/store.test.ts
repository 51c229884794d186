import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/host/clock.js';
import { createHttp } from '../../src/host/http.js';
import { s3Store } from '../../src/store/s3/store.js';
import type { ObjectStore } from '../../src/store/store.js';
import type { StoreConfig } from '../../src/config/values/store-config.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { bytesIn, contentOf, describeStore, going, listed, manyBytes, optionsFor } from '../store/contract.js';
import { lab, type Lab } from './harness/data/lab.js';
import { internalError, s3Faults, slowDown, type S3Faults } from './harness/data/s3-faults.js';
import { s3, type S3 } from './harness/data/s3.js';

const MiB = 1024 * 1024;
const hello = Buffer.from('hello');
let made: Lab;
beforeAll(async () => { made = await lab(); }, 600_000);

const context = { ports: fakePorts({ clock: systemClock, http: createHttp({}) }), isOwn: () => true };
const openAt = (server: S3, config: Partial<StoreConfig> = {}): Promise<ObjectStore> => s3Store(context, {
  endpoint: server.endpoint, region: 'us-east-1', credentials: { accessKey: server.accessKey, secretKey: server.secretKey }, ...config, to: { kind: 's3', bucket: server.bucket, prefix: 'api' },
});

async function unfinished(server: S3): Promise<string[]> {
  const { Uploads = [] } = await server.client.send(new ListMultipartUploadsCommand({ Bucket: server.bucket }));
  return Uploads.map(({ Key }) => `an upload of ${Key}`);
}

describeStore('a bucket of versitygw', async () => {
  const server = await s3(made);
  return {
    open: () => openAt(server),
    contents: async () => [...(await server.objects()).map(({ key }) => key.replace(/^api\//, '')), ...await unfinished(server)],
    write: (name, bytes) => server.write(`api/${name}`, Buffer.from(bytes)),
    close: () => server.stop(),
  };
}, { manyBytes: 18 * MiB });

describe('versitygw', () => {
  let server: S3;
  beforeAll(async () => { server = await s3(made, { lock: true }); });
  afterAll(() => server.stop());

  it('explains what is wrong with the settings', async () => {
    const wrong = async (config: Partial<StoreConfig>): Promise<unknown> => (await openAt(server, config)).put('x/y/dump', contentOf(hello), optionsFor(hello)).catch((error: unknown) => error);
    expect(await wrong({ credentials: { accessKey: server.accessKey, secretKey: 'other' } })).toMatchObject({ trouble: 'denied', message: expect.stringContaining('SignatureDoesNotMatch') });
    expect(await wrong({ credentials: { accessKey: 'other', secretKey: 'other' } })).toMatchObject({ trouble: 'denied', message: expect.stringContaining('XAdminUserNotFound') });
    expect(await wrong({ region: 'eu-west-1' })).toMatchObject({ trouble: 'invalid', hint: expect.stringContaining('`backup.region: us-east-1`') });
    const elsewhere = await s3Store(context, {
      endpoint: server.endpoint, region: 'us-east-1', credentials: { accessKey: server.accessKey, secretKey: server.secretKey }, to: { kind: 's3', bucket: 'absent-bucket', prefix: '' },
    });
    await expect(listed(elsewhere)).rejects.toMatchObject({ trouble: 'missing', message: `s3://absent-bucket could not be listed: the bucket absent-bucket does not exist at ${server.endpoint}` });
  });

  it('keeps versions of what is removed, and says so', async () => {
    const store = await openAt(server);
    await store.put('a', contentOf(hello), optionsFor(hello));
    await store.remove('a', going());
    expect([await listed(store), store.notes]).toEqual([[], [expect.stringContaining('keeps the versions of removed objects')]]);
  });

  it('loses a byte on its disk, and a small object tells', async () => {
    const store = await openAt(server);
    await store.put('b/c/manifest.json', contentOf(hello), optionsFor(hello));
    server.corrupt('api/b/c/manifest.json', (bytes) => Buffer.from(bytes).fill(1, 0, 1));
    await expect(bytesIn(store, 'b/c/manifest.json')).rejects.toMatchObject({ trouble: 'corrupt' });
  });

  it('takes a large object with the memory of a few parts', async () => {
    const store = await openAt(server);
    const bytes = manyBytes(200 * MiB);
    await store.put('large', contentOf(bytes), optionsFor(bytes));
    let [at, equal] = [0, true];
    for await (const piece of store.get('large', going())) {
      equal &&= bytes.subarray(at, at + piece.length).equals(piece);
      at += piece.length;
    }
    expect([at, equal]).toEqual([bytes.length, true]);
  });
});

describe('a connection that breaks off', () => {
  let server: S3;
  let between: S3Faults;
  beforeAll(async () => {
    server = await s3(made);
    between = await s3Faults(server);
  });
  afterAll(async () => {
    await between.close();
    await server.stop();
  });
  const bytes = manyBytes(20 * MiB);

  it('in uploads and answers is not noticed', async () => {
    const store = await openAt(server, { endpoint: between.endpoint });
    between.set(
      { when: ({ query }) => query.get('partNumber') === '1', times: 2, cutUploadAfter: 3 * MiB }, { when: ({ query }) => query.get('partNumber') === '2', times: 1, ...slowDown },
      { when: ({ method, query }) => method === 'POST' && query.has('uploadId'), times: 1, ...internalError }, { when: ({ method }) => method === 'GET', times: 2, cutAnswerAfter: 5 * MiB },
    );
    await store.put('main/x/dump', contentOf(bytes), optionsFor(bytes));
    expect((await bytesIn(store, 'main/x/dump')).equals(bytes)).toBe(true);
    expect(await unfinished(server)).toEqual([]);
  });

  it('after the upload was completed does not store it twice', async () => {
    const store = await openAt(server, { endpoint: between.endpoint });
    for (const [name, content, when] of [['a', hello, ({ method }: { method: string }) => method === 'PUT'], ['b', bytes, ({ method, query }: { method: string; query: URLSearchParams }) => method === 'POST' && query.has('uploadId')]] as const) {
      // The answer to a PUT has no body, so it is lost with its head.
      between.set({ when: when as never, times: 1, cutAnswerAfter: 1 });
      await store.put(`main/y/${name}`, contentOf(content), optionsFor(content));
      expect((await bytesIn(store, `main/y/${name}`)).equals(content)).toBe(true);
    }
  });

  it('is no excuse for a store that keeps other bytes: they are read as they are', async () => {
    const store = await openAt(server, { endpoint: between.endpoint });
    between.set({ when: ({ key }) => key.endsWith('dump'), stores: (kept) => Buffer.from(kept).fill(0, 9 * MiB, 9 * MiB + 1) });
    await store.put('main/z/dump', contentOf(bytes), optionsFor(bytes));
    between.set();
    expect((await bytesIn(store, 'main/z/dump')).equals(bytes)).toBe(false);
  });

  it('is stopped while a part is sent: nothing is left', async () => {
    const store = await openAt(server, { endpoint: between.endpoint });
    const [stop, reason] = [new AbortController(), new Error('stopped by SIGTERM')];
    between.set({ when: ({ query }) => query.get('partNumber') === '2', heldUntil: new Promise(() => undefined) });
    const part = between.arrived(({ query }) => query.get('partNumber') === '2');
    const result = expect(store.put('main/w/dump', contentOf(bytes), optionsFor(bytes, { signal: stop.signal }))).rejects.toBe(reason);
    await part;
    stop.abort(reason);
    await result;
    expect([await unfinished(server), (await server.objects('api/main/w')).length]).toEqual([[], 0]);
  });
});
