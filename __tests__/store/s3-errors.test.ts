import { describe, expect, it } from '@jest/globals';
import { HttpError, type HttpRequest, type HttpResponse } from '../../src/ports/http.js';
import { s3Store } from '../../src/store/s3/store.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { bytesIn, contentOf, going, listed, optionsFor } from './contract.js';
import { MemoryS3, type Fault } from './memory-s3.js';
import { presentClock, stand } from './s3-stand.js';

const hello = Buffer.from('hello');
const host = 'http://s3.example:9000';

describe('an error of a store', () => {
  const returned = (status: number, code: string, message: string, more = ''): Fault => ({ status, code, message, more });
  const again = 'It can be removed when its retention has ended.';

  it.each<[string, Fault, string, string, string]>([
    ['an access key that does not exist', returned(403, 'InvalidAccessKeyId', 'No such key.'), 'denied', `${host} returned 403 InvalidAccessKeyId: No such key`, 'Check the access key and the secret key, also for blanks at their ends.'],
    ['credentials that have expired', returned(400, 'ExpiredToken', 'The provided token has expired.'), 'denied', `${host} returned 400 ExpiredToken: The provided token has expired`, 'Get new credentials: those of a role are valid for a limited time, so log in shortly before.'],
    [
      'a permission that is missing, which AWS names', returned(403, 'AccessDenied', 'User: arn:aws:iam::1:user/ci is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:eu-central-1:1:key/k because no policy allows it'), 'denied',
      `${host} returned 403 AccessDenied: User: arn:aws:iam::1:user/ci is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:eu-central-1:1:key/k because no policy allows it`, 'Allow kms:GenerateDataKey on arn:aws:kms:eu-central-1:1:key/k.',
    ],
    ['a permission that is missing', returned(403, 'AccessDenied', 'Access Denied'), 'denied', `${host} returned 403 AccessDenied: Access Denied`, 'Allow s3:PutObject on arn:aws:s3:::backups/api/*.'],
    ['no word but the status', { status: 401 }, 'denied', `${host} returned 401`, 'Allow s3:PutObject on arn:aws:s3:::backups/api/*.'],
    ['a bucket that does not exist', returned(404, 'NoSuchBucket', 'x'), 'missing', `the bucket backups does not exist at ${host}`, 'Create it, or check its name, `backup.endpoint` and `backup.region`.'],
    ['nothing at the address', { status: 404 }, 'missing', `${host} returned 404`, 'Check the bucket backups, `backup.endpoint` and `backup.region`.'],
    ['a bucket in another region', { status: 301, headers: { 'x-amz-bucket-region': 'eu-west-1' } }, 'invalid', 'the bucket backups is in the region eu-west-1, not in us-east-1', 'Set `backup.region: eu-west-1`, and a `backup.endpoint` of that region if one is set.'],
    [
      'a signature for another region', returned(400, 'AuthorizationHeaderMalformed', "the region 'us-east-1' is wrong; expecting 'eu-west-1'", '<Region>eu-west-1</Region>'), 'invalid',
      'the bucket backups is in the region eu-west-1, not in us-east-1', 'Set `backup.region: eu-west-1`, and a `backup.endpoint` of that region if one is set.',
    ],
    [
      'another clock', returned(403, 'RequestTimeTooSkewed', 'x', '<ServerTime>2026-11-30T16:40:00Z</ServerTime><RequestTime>20261130T161500Z</RequestTime>'), 'denied',
      'the clocks differ too much: the store has 2026-11-30T16:40:00Z, this machine 2026-11-30T16:15:00Z', 'Set the clock of this machine, or of the store, by NTP.',
    ],
    ['a quota', returned(403, 'QuotaExceeded', 'full'), 'full', `${host} returned 403 QuotaExceeded: full`, 'Raise the quota, or shorten the retention.'],
    ['a quota of MinIO', returned(400, 'XMinioAdminBucketQuotaExceeded', 'Bucket quota exceeded'), 'full', `${host} returned 400 XMinioAdminBucketQuotaExceeded: Bucket quota exceeded`, 'Raise the quota of the bucket, or shorten the retention.'],
    ['full disks', { status: 507 }, 'full', `${host} returned 507`, 'Free space in the store, or shorten the retention.'],
    ['a storage class that it does not know', returned(400, 'InvalidStorageClass', 'x'), 'invalid', `${host} returned 400 InvalidStorageClass: x`, 'Check `backup.storage-class`: stores other than AWS know only a few classes.'],
    ['a key of KMS that is disabled', returned(400, 'KMS.DisabledException', 'k is disabled.'), 'invalid', `${host} returned 400 KMS.DisabledException: k is disabled`, 'Check `backup.kms-key`, and whether the credentials are allowed to use it.'],
    ['what it does not support', returned(501, 'NotImplemented', 'A header is not implemented'), 'invalid', `${host} returned 501 NotImplemented: A header is not implemented: the store does not support this`, 'Use a store that supports this part of S3, or remove the setting that needs it.'],
    ['a lock on the object', returned(403, 'AccessDenied', 'Access Denied because object protected by object lock.'), 'retained', `${host} returned 403 AccessDenied: Access Denied because object protected by object lock`, again],
    ['a lock on the object by MinIO', returned(400, 'InvalidRequest', 'Object is WORM protected and cannot be overwritten'), 'retained', `${host} returned 400 InvalidRequest: Object is WORM protected and cannot be overwritten`, again],
    ['a website in its place', { status: 405, headers: { 'content-type': 'text/html' }, body: '<html><p>not<br>here</html>' }, 'invalid', `${host} returned 405, which is not an answer of S3`, 'Check `backup.endpoint`: it is the address of the API, not of a console or a website.'],
    ['a page that is found', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>hello</html>' }, 'invalid', `${host} does not answer as S3 does`, 'Check `backup.endpoint`: it is the address of the API, not of a console or a website.'],
    ['something else', returned(400, 'InvalidArgument', 'x'), 'invalid', `${host} returned 400 InvalidArgument: x`, 'Check the settings of the store: `backup.endpoint`, `backup.region`, `backup.sse` and `backup.storage-class`.'],
    ['a certificate that is not trusted', new HttpError('certificate', 'the certificate of s3.example is not trusted: self-signed'), 'invalid', 'the certificate of s3.example is not trusted: self-signed', 'If the store has a certificate of an own authority, name its file in NODE_EXTRA_CA_CERTS.'],
    ['a name that does not exist', new HttpError('name', 'the name s3.example does not exist'), 'invalid', 'the name s3.example does not exist', 'Check `backup.endpoint` and `backup.region`: the name of the server is made from them.'],
    ['a name server that does not answer', new HttpError('look-up', 'the name s3.example could not be looked up'), 'unavailable', 'the name s3.example could not be looked up', 'Check the DNS of this machine.'],
  ])('is explained: %s', async (_, fault, trouble, why, hint) => {
    const { store, server } = await stand();
    server.fail(/^PUT/, fault);
    await expect(store.put('a', contentOf(hello), optionsFor(hello))).rejects.toMatchObject({ name: 'StoreError', trouble, hint, message: `a was not stored in s3://backups/api: ${why}` });
  });

  it('names what was done, and what that needs', async () => {
    const { store, server } = await stand();
    server.fail(/./, { status: 403, code: 'AccessDenied', message: 'Access Denied' });
    const denied = (what: string, need: string) => ({ trouble: 'denied', message: `${what}: ${host} returned 403 AccessDenied: Access Denied`, hint: `Allow ${need}.` });
    await expect(bytesIn(store, 'a')).rejects.toMatchObject(denied('a could not be read from s3://backups/api', 's3:GetObject on arn:aws:s3:::backups/api/*'));
    await expect(listed(store)).rejects.toMatchObject(denied('s3://backups/api could not be listed', 's3:ListBucket on arn:aws:s3:::backups'));
    await expect(store.remove('a', going())).rejects.toMatchObject(denied('a was not removed from s3://backups/api', 's3:DeleteObject on arn:aws:s3:::backups/api/*'));
  });

  it('is explained for HEAD as well, whose answer has no reason', async () => {
    const { store, server } = await stand();
    server.fail(/^HEAD/, { status: 403 });
    server.fail(/^GET/, { status: 403, code: 'AccessDenied', message: 'Access Denied' });
    await expect(store.head('a', going())).rejects.toMatchObject({ trouble: 'denied', message: `a could not be looked up in s3://backups/api: ${host} returned 403 AccessDenied: Access Denied` });
  });

  it('is found in the answers to other requests: a page of a website', async () => {
    const { store, server } = await stand();
    server.fail(/./, { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>hello</html>' });
    const foreign = (what: string) => ({ trouble: 'invalid', message: `${what}: ${host} does not answer as S3 does` });
    await expect(listed(store)).rejects.toMatchObject(foreign('s3://backups/api could not be listed'));
    await expect(store.head('a', going())).rejects.toMatchObject(foreign('a could not be looked up in s3://backups/api'));
    await expect(bytesIn(store, 'a')).rejects.toMatchObject({ trouble: 'invalid' });
  });

  it('is that of an archive: it cannot be read at once', async () => {
    const { store, server } = await stand();
    server.fail(/^GET/, { status: 403, code: 'InvalidObjectState', message: 'The operation is not valid for the object\'s storage class' });
    await expect(bytesIn(store, 'a')).rejects.toMatchObject({ trouble: 'unavailable', hint: 'The object is archived. Restore it in the archive first (`aws s3api restore-object`), or use a `backup.storage-class` that is read at once.' });
  });

  it('is one of a wrong secret, and has it in no message', async () => {
    const { store, ports } = await stand({ config: { credentials: { accessKey: 'key', secretKey: 'hunter2-hunter2' } } });
    const error = await store.put('a', contentOf(hello), optionsFor(hello)).catch((thrown: Error) => thrown) as Error;
    expect(error).toMatchObject({ trouble: 'denied', message: expect.stringContaining('403 SignatureDoesNotMatch: The request signature we calculated does not match'), hint: 'Check the access key and the secret key, also for blanks at their ends.' });
    expect(`${error.message} ${ports.lines.join()}`).not.toContain('hunter2');
  });
});

describe('a clock that is wrong', () => {
  it('is corrected by that of the store, where it says it', async () => {
    const { store, server, slept } = await stand();
    server.fail(/^PUT/, { status: 403, code: 'RequestTimeTooSkewed', headers: { date: new Date(Date.now() + 3_600_000).toUTCString() } }, 1);
    await store.put('a', contentOf(hello), optionsFor(hello));
    const times = server.seen.filter(({ what }) => what.startsWith('PUT')).map(({ headers }) => Date.parse((headers['x-amz-date'] ?? '').replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z')));
    expect(Math.round(((times[1] ?? 0) - (times[0] ?? 0)) / 60_000)).toBe(60);
    expect(slept).toEqual([]);
  });
});

describe('the region', () => {
  const credentials = { accessKey: 'key', secretKey: 'secret' };
  const to = { kind: 's3', bucket: 'acme.backups', prefix: '' } as const;
  /** The addresses that are requested, and the region that is signed for. */
  async function requested(config: object, env: Record<string, string> = {}, region?: string): Promise<string[]> {
    const seen: string[] = [];
    const request = async (sent: HttpRequest): Promise<HttpResponse> => {
      seen.push(`${sent.method} ${sent.url} ${/\/([\w-]+)\/s3\//.exec(sent.headers?.['authorization'] ?? '')?.[1] ?? 'unsigned'}`);
      return { status: 404, headers: region === undefined ? {} : { 'x-amz-bucket-region': region }, body: (async function* none() { yield* []; })() };
    };
    const store = await s3Store({ ports: fakePorts({ clock: presentClock(), env, http: { request } }), isOwn: () => true }, { to, credentials, ...config });
    await store.head('a', going());
    return seen;
  }

  it('is that of the settings, of the endpoint, or of the environment', async () => {
    expect(await requested({ region: 'eu-north-1' }, { AWS_REGION: 'us-west-2' })).toEqual(['HEAD https://s3.eu-north-1.amazonaws.com/acme.backups/a eu-north-1']);
    expect(await requested({ endpoint: 'https://s3.eu-central-1.amazonaws.com' }, { AWS_REGION: 'us-west-2' })).toEqual(['HEAD https://s3.eu-central-1.amazonaws.com/acme.backups/a eu-central-1']);
    expect(await requested({}, { AWS_DEFAULT_REGION: 'us-west-2' })).toEqual(['HEAD https://s3.us-west-2.amazonaws.com/acme.backups/a us-west-2']);
    expect(await requested({ endpoint: 'https://minio.acme.example' })).toEqual(['HEAD https://minio.acme.example/acme.backups/a us-east-1']);
  });

  it('is that of the bucket, which AWS names to everyone', async () => {
    expect(await requested({}, {}, 'ap-south-1')).toEqual(['HEAD https://s3.us-east-1.amazonaws.com/acme.backups unsigned', 'HEAD https://s3.ap-south-1.amazonaws.com/acme.backups/a ap-south-1']);
    expect(await requested({}, {})).toEqual(['HEAD https://s3.us-east-1.amazonaws.com/acme.backups unsigned', 'HEAD https://s3.us-east-1.amazonaws.com/acme.backups/a us-east-1']);
  });

  it('is in the name of the server with the bucket, unless the path is wanted', async () => {
    const named = { ...to, bucket: 'acme-backups' };
    expect(await requested({ to: named, region: 'eu-north-1' })).toEqual(['HEAD https://acme-backups.s3.eu-north-1.amazonaws.com/a eu-north-1']);
    expect(await requested({ to: named, region: 'eu-north-1', pathStyle: true })).toEqual(['HEAD https://s3.eu-north-1.amazonaws.com/acme-backups/a eu-north-1']);
    expect(await requested({ to: named, endpoint: 'https://minio.acme.example', pathStyle: false })).toEqual(['HEAD https://acme-backups.minio.acme.example/a us-east-1']);
  });
});

describe('the credentials', () => {
  async function keyFor(config: object, env: Record<string, string>): Promise<{ key?: string; token?: string; masked: string[] }> {
    const [clock, masked] = [presentClock(), [] as string[]];
    const server = new MemoryS3({ clock });
    const ports = fakePorts({ clock, env, http: server.http });
    const store = await s3Store({ ports: { ...ports, log: { ...ports.log, mask: (secret) => void masked.push(secret) } }, isOwn: () => true }, { to: { kind: 's3', bucket: 'backups', prefix: '' }, endpoint: server.endpoint, ...config });
    await store.head('a', going()).catch(() => undefined);
    const headers = server.seen[0]?.headers ?? {};
    return { key: /Credential=([^/]+)/.exec(headers['authorization'] ?? '')?.[1], token: headers['x-amz-security-token'], masked };
  }

  it('are those of the settings before those of the environment, and are masked', async () => {
    const env = { AWS_ACCESS_KEY_ID: 'envkey', AWS_SECRET_ACCESS_KEY: 'envsecret', AWS_SESSION_TOKEN: 'envtoken' };
    expect(await keyFor({ credentials: { accessKey: 'key', secretKey: 'secret' } }, env)).toEqual({ key: 'key', token: undefined, masked: ['secret'] });
    expect(await keyFor({}, env)).toEqual({ key: 'envkey', token: 'envtoken', masked: ['envsecret', 'envtoken'] });
  });

  it('are missed with what to do', async () => {
    const { store } = await stand({ config: { credentials: undefined } });
    const old = { ...process.env };
    try {
      Object.assign(process.env, { AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/nonexistent', AWS_SHARED_CREDENTIALS_FILE: '/nonexistent' });
      await expect(listed(store)).rejects.toMatchObject({
        trouble: 'denied', message: 's3://backups/api could not be listed: there are no credentials for it: Could not load credentials from any providers',
        hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with a role, or set `backup.access-key` and `backup.secret-key` as env:NAME.',
      });
    } finally {
      for (const name of ['AWS_EC2_METADATA_DISABLED', 'AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) if (old[name] === undefined) delete process.env[name];
    }
  });
});
