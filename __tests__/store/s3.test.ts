import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { HttpError } from '../../src/ports/http.js';
import { bytesIn, contentOf, describeStore, going, listed, manyBytes, optionsFor } from './contract.js';
import { s3Store } from '../../src/store/s3/store.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { MemoryS3 } from './memory-s3.js';
import { presentClock, stand } from './s3-stand.js';

const MiB = 1024 * 1024;
const hello = Buffer.from('hello');

describeStore('a bucket', () => {
  const clock = presentClock();
  const server = new MemoryS3({ clock, pageSize: 2 });
  const config = { to: { kind: 's3', bucket: 'backups', prefix: 'api' }, endpoint: server.endpoint, credentials: { accessKey: 'key', secretKey: 'secret' } } as const;
  return {
    open: () => s3Store({ ports: fakePorts({ clock, http: server.http }), isOwn: () => true }, config),
    contents: async () => [...[...server.objects.keys()].map((key) => key.replace(/^api\//, '')), ...[...server.uploads].map(([id, { key }]) => `${id} of ${key}`)],
    write: async (name, bytes) => void server.objects.set(`api/${name}`, { bytes: Buffer.from(bytes), at: Date.now(), headers: {} }),
    close: async () => undefined,
  };
}, { manyBytes: 8 * MiB + 100_000 });

describe('what is sent', () => {
  it('has a checksum and a condition, whole or in parts', async () => {
    const { server, store } = await stand();
    const large = manyBytes(20 * MiB);
    await store.put('a', contentOf(hello), optionsFor(hello, { contentType: 'application/json' }));
    await store.put('b', contentOf(large), optionsFor(large));
    expect(server.seen.filter(({ what }) => !what.startsWith('HEAD')).map(({ what, bytes }) => `${what.replace(/upload-\d+/, 'ID')} ${what.startsWith('POST') ? '' : bytes}`.trim()).sort()).toEqual([
      'GET /backups/?uploads 0', 'POST /backups/api/b?uploadId=ID', 'POST /backups/api/b?uploads', 'PUT /backups/api/a 5',
      `PUT /backups/api/b?partNumber=1&uploadId=ID ${8 * MiB}`, `PUT /backups/api/b?partNumber=2&uploadId=ID ${8 * MiB}`, `PUT /backups/api/b?partNumber=3&uploadId=ID ${4 * MiB}`,
    ]);
    const headersOf = (what: RegExp) => server.seen.find((seen) => what.test(seen.what))?.headers ?? {};
    expect(headersOf(/^PUT .*\/a$/)).toMatchObject({ 'x-amz-checksum-sha256': 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=', 'if-none-match': '*', 'content-type': 'application/json', 'x-amz-meta-sha256': optionsFor(hello).sha256 });
    expect(headersOf(/^POST .*uploads$/)).toMatchObject({ 'x-amz-meta-sha256': optionsFor(large).sha256 });
    expect(headersOf(/^PUT .*partNumber=2/)['x-amz-checksum-crc32']).toMatch(/^[\w+/]{6}==$/);
    expect(headersOf(/^POST .*uploadId/)['if-none-match']).toBe('*');
    expect((await bytesIn(store, 'b')).equals(large)).toBe(true);
  });

  it('asks for the encryption and the class of the settings, whole or in parts', async () => {
    const { server, store } = await stand({ config: { sse: 'aws:kms', kmsKey: 'arn:aws:kms:eu-central-1:1:key/k', storageClass: 'STANDARD_IA' } });
    const large = manyBytes(9 * MiB);
    await store.put('a', contentOf(hello), optionsFor(hello));
    await store.put('b', contentOf(large), optionsFor(large));
    for (const what of [/^PUT .*\/a$/, /^POST .*uploads$/]) {
      expect(server.seen.find((seen) => what.test(seen.what))?.headers).toMatchObject({
        'x-amz-server-side-encryption': 'aws:kms', 'x-amz-server-side-encryption-aws-kms-key-id': 'arn:aws:kms:eu-central-1:1:key/k', 'x-amz-storage-class': 'STANDARD_IA',
      });
    }
    expect(store.notes).toEqual([]);
  });

  it('adds no listeners to the signal of the run, however many requests there are', async () => {
    const { server, store } = await stand();
    const { signal } = new AbortController();
    let most = 0;
    server.fail(/./, () => void (most = Math.max(most, getEventListeners(signal, 'abort').length)));
    await Promise.all(Array.from({ length: 30 }, (_, index) => store.put(`${index}`, contentOf(hello), optionsFor(hello, { signal }))));
    expect([server.objects.size, most]).toEqual([30, 0]);
  });

  it('is noted when the store does not confirm the encryption', async () => {
    const { store } = await stand({ config: { sse: 'AES256' }, server: { ignores: ['encryption'] } });
    await store.put('a', contentOf(hello), optionsFor(hello));
    expect(store.notes).toEqual(['The store did not confirm that it encrypts objects with `backup.sse: AES256`.']);
  });

  it('is refused without a condition, too, where there is an object', async () => {
    const { store, server } = await stand({ server: { ignores: ['if-none-match'] } });
    await store.put('a', contentOf(hello), optionsFor(hello));
    await expect(store.put('a', contentOf('other'), optionsFor(Buffer.from('other')))).rejects.toMatchObject({
      trouble: 'exists', message: 'a was not stored in s3://backups/api: there is one already', hint: 'Objects are never replaced: check what else writes into this bucket.',
    });
    expect(server.objects.get('api/a')?.bytes.toString()).toBe('hello');
  });

  it('needs no permission to read', async () => {
    const { store, server } = await stand();
    server.fail(/^HEAD/, { status: 403 });
    server.fail(/^GET/, { status: 403 });
    expect(await store.put('a', contentOf(hello), optionsFor(hello))).toMatchObject({ name: 'a', bytes: 5 });
    await expect(store.head('a', going())).rejects.toMatchObject({ trouble: 'denied', message: 'a could not be looked up in s3://backups/api: http://s3.example:9000 returned 403', hint: 'Allow s3:GetObject on arn:aws:s3:::backups/api/*.' });
  });
});

describe('requests that fail for a passing reason', () => {
  const error = (status: number, code: string) => ({ status, code });

  it.each([
    ['500', error(500, 'InternalError'), 'returned 500 InternalError'], ['503', error(503, 'SlowDown'), 'returned 503 SlowDown'], ['429', error(429, 'TooManyRequests'), 'returned 429 TooManyRequests'],
    ['a page of a proxy', { status: 502, headers: { 'content-type': 'text/html' }, body: '<html><p>Bad gateway<br></html>' }, 'returned 502 Error'],
    ['a closed connection', 'reset' as const, 'did not answer'], ['a name that is not found yet', new HttpError('look-up', 'x'), 'did not answer'],
    ['a conflict of writers', error(409, 'ConditionalRequestConflict'), 'returned 409 ConditionalRequestConflict'], ['a byte that changed on its way', error(400, 'BadDigest'), 'returned 400 BadDigest'],
  ])('are sent again after %s, with growing delays', async (_, fault, words) => {
    const { store, server, ports, slept } = await stand();
    server.fail(/^PUT/, fault, 3);
    await store.put('a', contentOf(hello), optionsFor(hello));
    expect(await bytesIn(store, 'a')).toEqual(hello);
    expect(slept).toEqual([500, 1000, 2000]);
    expect(ports.lines).toEqual(['0.5', '1', '2'].map((seconds) => `info s3://backups/api ${words}; trying again in ${seconds} s`));
  });

  it('are sent again after as long as the store asks for', async () => {
    const { store, server, slept } = await stand();
    const now = Date.now();
    server.fail(/^PUT/, { ...error(503, 'SlowDown'), headers: { 'retry-after': '7' } }, 1);
    server.fail(/^PUT/, { ...error(503, 'SlowDown'), headers: { 'retry-after': new Date(now + 5000).toUTCString(), 'date': new Date(now).toUTCString() } }, 1);
    await store.put('a', contentOf(hello), optionsFor(hello));
    expect(slept).toEqual([7000, 5000]);
  });

  it('are given up when the store asks for too long', async () => {
    const { store, server, slept } = await stand();
    server.fail(/^PUT/, { ...error(503, 'SlowDown'), headers: { 'retry-after': '600' } });
    await expect(store.put('a', contentOf(hello), optionsFor(hello))).rejects.toMatchObject({ trouble: 'unavailable' });
    expect(slept).toEqual([]);
  });

  it('are given up after six attempts, with their number', async () => {
    const { store, server, slept } = await stand();
    server.fail(/^PUT/, { ...error(503, 'SlowDown'), message: 'Please reduce your request rate.' });
    await expect(store.put('a', contentOf(hello), optionsFor(hello))).rejects.toMatchObject({
      trouble: 'unavailable', hint: 'Try again later. If it lasts, check the status of the store.',
      message: 'a was not stored in s3://backups/api: http://s3.example:9000 returned 503 SlowDown: Please reduce your request rate, also in the last of 6 attempts',
    });
    expect(slept).toEqual([500, 1000, 2000, 4000, 8000]);
    expect(server.seen.filter(({ what }) => what.startsWith('PUT'))).toHaveLength(6);
  });

  it.each([['whole', 5], ['in parts', 9 * MiB]])('may have been done all the same: an object that was stored %s, and whose answer was lost, is the one', async (_, length) => {
    const bytes = manyBytes(length);
    for (const lost of [/^PUT .*a$/, /^POST .*uploadId/]) {
      const { store, server } = await stand();
      server.fail(lost, 'lose', 1);
      expect(await store.put('a', contentOf(bytes), optionsFor(bytes))).toMatchObject({ bytes: length });
      expect([server.uploads.size, (await bytesIn(store, 'a')).equals(bytes)]).toEqual([0, true]);
    }
  });

  it('are no excuse for an object of another', async () => {
    const { store, server } = await stand();
    server.fail(/^PUT/, () => {
      server.objects.set('api/a', { bytes: Buffer.from('other'), at: 0, headers: { 'x-amz-meta-sha256': 'f'.repeat(64) } });
      return 'reset';
    }, 1);
    await expect(store.put('a', contentOf(hello), optionsFor(hello))).rejects.toMatchObject({ trouble: 'exists' });
  });

  it('do not make a wait longer than the run', async () => {
    const { store, server } = await stand();
    const [stop, reason] = [new AbortController(), new Error('stopped by SIGTERM')];
    server.fail(/^PUT/, () => {
      stop.abort(reason);
      return { status: 503, code: 'SlowDown' };
    });
    await expect(store.put('a', contentOf(hello), optionsFor(hello, { signal: stop.signal }))).rejects.toBe(reason);
    expect(server.seen.filter(({ what }) => what.startsWith('PUT'))).toHaveLength(1);
  });
});

describe('an upload in parts', () => {
  /** Three parts, and two. */
  const large = manyBytes(17 * MiB);
  const small = manyBytes(9 * MiB);

  it.each(['reset', 'lose', { status: 500, code: 'InternalError' }, { status: 400, code: 'BadDigest' }] as const)('sends a part again after %j', async (fault) => {
    const { store, server } = await stand();
    server.fail(/partNumber=2/, fault, 2);
    server.fail(/^POST .*uploads$/, fault, 1);
    await store.put('a', contentOf(large), optionsFor(large));
    expect((await bytesIn(store, 'a')).equals(large)).toBe(true);
  });

  it('is removed when a part fails, and sends no more than those that were begun', async () => {
    const { store, server } = await stand();
    server.fail(/partNumber=1/, { status: 403, code: 'AccessDenied', message: 'Access Denied' });
    const more = manyBytes(33 * MiB);
    await expect(store.put('a', contentOf(more), optionsFor(more))).rejects.toMatchObject({
      trouble: 'denied', message: 'a was not stored in s3://backups/api: http://s3.example:9000 returned 403 AccessDenied: Access Denied', hint: 'Allow s3:PutObject on arn:aws:s3:::backups/api/*.',
    });
    expect([server.uploads.size, server.objects.size]).toEqual([0, 0]);
    expect(server.seen.map(({ what }) => what)).not.toContain('PUT /backups/api/a?partNumber=4&uploadId=upload-1');
  });

  it('is removed when it is stopped, also while it is created, before the reason is reported', async () => {
    for (const at of [/^POST .*uploads$/, /partNumber=2/, /^POST .*uploadId/]) {
      const { store, server } = await stand();
      const [stop, reason] = [new AbortController(), new Error('stopped by SIGTERM')];
      server.fail(at, () => void stop.abort(reason), 1);
      const result = store.put('a', contentOf(large), optionsFor(large, { signal: stop.signal }));
      await expect(result).rejects.toBe(reason);
      expect(server.uploads.size).toBe(0);
    }
  });

  it('is removed when it is stopped while the store is silent', async () => {
    const { store, server } = await stand();
    const [stop, reason] = [new AbortController(), new Error('stopped by SIGTERM')];
    server.fail(/partNumber=2/, 'hang');
    server.fail(/partNumber=3/, () => void stop.abort(reason), 1);
    await expect(store.put('a', contentOf(large), optionsFor(large, { signal: stop.signal }))).rejects.toBe(reason);
    expect(server.uploads.size).toBe(0);
  });

  it('is noted when it cannot be removed, and the first error is reported', async () => {
    const { store, server } = await stand();
    server.fail(/partNumber=2/, { status: 400, code: 'EntityTooSmall', message: 'Too small' });
    server.fail(/^DELETE/, { status: 403, code: 'AccessDenied', message: 'no' });
    await expect(store.put('a', contentOf(small), optionsFor(small))).rejects.toMatchObject({ trouble: 'invalid', message: expect.stringContaining('400 EntityTooSmall: Too small') });
    expect(store.notes).toEqual(['An unfinished upload of a was not removed: http://s3.example:9000 returned 403 AccessDenied: no.']);
  });

  it('removes what killed runs have left a day ago, and nothing of others', async () => {
    const { store, server } = await stand({ isOwn: (name) => name.startsWith('main/') });
    const leave = (id: string, key: string, hours: number) => server.uploads.set(id, { key, at: Date.now() - hours * 3600_000, headers: {}, parts: new Map() });
    leave('old', 'api/main/x/dump', 25);
    leave('young', 'api/main/y/dump', 23);
    leave('foreign', 'api/photos/1.jpg', 1000);
    leave('elsewhere', 'web/main/x/dump', 1000);
    await store.put('main/z/dump', contentOf(small), optionsFor(small));
    await store.put('main/z/more', contentOf(small), optionsFor(small));
    expect([...server.uploads.keys()]).toEqual(['young', 'foreign', 'elsewhere']);
    expect(server.seen.filter(({ what }) => what.startsWith('GET /backups/?uploads'))).toHaveLength(1);
  });

  it.each([
    [{ status: 403, code: 'AccessDenied' }, 'the credentials are not allowed to (s3:ListBucketMultipartUploads, s3:AbortMultipartUpload)'],
    [{ status: 501, code: 'NotImplemented' }, 'the store returned 501 NotImplemented'],
    [new HttpError('certificate', 'x'), 'the store returned no answer HttpError'],
  ])('is not stopped by old ones that cannot be removed', async (fault, why) => {
    const { store, server } = await stand();
    server.fail(/^GET .*uploads$/, fault);
    await store.put('a', contentOf(small), optionsFor(small));
    expect(store.notes).toEqual([`Uploads that interrupted runs left unfinished could not be removed: ${why}. A lifecycle rule with AbortIncompleteMultipartUpload removes them as well.`]);
  });
});

describe('reading', () => {
  const large = manyBytes(17 * MiB);

  it.each([['at its start', 0, 6], ['in the middle', 5 * MiB, 5]])('goes on after an answer that breaks off %s, without what was read before', async (_, cut, requests) => {
    const { store, server } = await stand();
    await store.put('a', contentOf(large), optionsFor(large));
    server.fail(/^GET .*\/a$/, { cut }, 3);
    expect((await bytesIn(store, 'a')).equals(large)).toBe(true);
    expect(server.seen.filter(({ what }) => what === 'GET /backups/api/a')).toHaveLength(requests);
  });

  it('gives up in the middle', async () => {
    const { store, server } = await stand();
    await store.put('a', contentOf(large), optionsFor(large));
    let count = 0;
    server.fail(/^GET .*\/a$/, () => ((count += 1) > 2 ? { cut: 70_000 } : undefined));
    await expect(bytesIn(store, 'a')).rejects.toMatchObject({
      name: 'StoreError', trouble: 'unavailable', message: 'a could not be read from s3://backups/api: s3.example:9000 did not answer: the connection was closed early',
      hint: 'Check that this machine reaches the `backup.endpoint`, also through firewalls and proxies.',
    });
  });

  it('does not mix two objects of one name', async () => {
    const { store, server } = await stand();
    await store.put('a', contentOf(large), optionsFor(large));
    const other = manyBytes(18 * MiB);
    const read = async (): Promise<void> => {
      for await (const piece of store.get('a', going())) if (piece.length > 0) server.objects.set('api/a', { bytes: other, at: 0, headers: {} });
    };
    await expect(read()).rejects.toMatchObject({ name: 'StoreError', trouble: 'corrupt', message: 'a in s3://backups/api was replaced while it was read' });
  });

  it('finds that a small object has changed in the store', async () => {
    const { store, server } = await stand();
    await store.put('a', contentOf(hello), optionsFor(hello));
    const kept = server.objects.get('api/a');
    if (kept) server.objects.set('api/a', { ...kept, bytes: Buffer.from('jello') });
    await expect(bytesIn(store, 'a')).rejects.toMatchObject({
      trouble: 'corrupt', hint: 'The store has lost or changed data: check its disks.',
      message: `a in s3://backups/api has the SHA-256 ${optionsFor(Buffer.from('jello')).sha256}, but ${optionsFor(hello).sha256} was stored`,
    });
  });

  it('finds that a range is shorter than the store says', async () => {
    const { store, server } = await stand();
    await store.put('a', contentOf(hello), optionsFor(hello));
    server.fail(/^GET/, { status: 206, headers: { 'etag': '"x"', 'content-range': 'bytes 0-4/5' }, body: 'hel' });
    await expect(bytesIn(store, 'a')).rejects.toMatchObject({ trouble: 'corrupt', message: 'a in s3://backups/api has 5 bytes, but the store returned 3 of 5 from byte 0 on' });
  });

  it('takes a whole small object from a store that knows no ranges, and refuses a large one', async () => {
    const { store } = await stand({ server: { ignores: ['range'] } });
    await store.put('a', contentOf(hello), optionsFor(hello));
    await store.put('b', contentOf(large), optionsFor(large));
    expect(await bytesIn(store, 'a')).toEqual(hello);
    await expect(bytesIn(store, 'b')).rejects.toMatchObject({ trouble: 'invalid', message: 'b in s3://backups/api could not be read: the store does not return a part of an object as S3 does' });
  });
});

describe('a list', () => {
  it('has the names of strangers as they are, and no folders of consoles', async () => {
    const { store, server } = await stand();
    for (const key of ['api/', 'api/folder/', 'api/a b+c', 'api/ü&<"\'%', 'web/x']) server.objects.set(key, { bytes: hello, at: 1000, headers: {} });
    expect((await listed(store)).map(({ name }) => name)).toEqual(['a b+c', 'ü&<"\'%']);
  });

  it('notes that versions stay', async () => {
    const { store, server } = await stand();
    server.fail(/^DELETE/, { status: 204, headers: { 'x-amz-delete-marker': 'true' } });
    await store.remove('a', going());
    expect(store.notes).toEqual(['The bucket keeps the versions of removed objects. They take space until a lifecycle rule removes them (NoncurrentVersionExpiration).']);
  });
});
