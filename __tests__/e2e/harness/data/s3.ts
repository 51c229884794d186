import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, PutBucketVersioningCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { eventually } from '../environment.js';
import type { Lab } from './lab.js';

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
}

/** An S3 server of one test, with one bucket. */
export interface S3 {
  /** `http://127.0.0.1:PORT`; the name of the bucket is the first part of the path. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Variables that the SDK reads the keys and the region from. */
  readonly env: Readonly<Record<string, string>>;
  readonly client: S3Client;
  /** Sorted by key. */
  objects(prefix?: string): Promise<StoredObject[]>;
  read(key: string): Promise<Buffer>;
  write(key: string, body: string | Buffer): Promise<void>;
  /** Changes the bytes of an object on the disk, as a broken disk does: the server notices nothing. */
  corrupt(key: string, edit: (bytes: Buffer) => Buffer): void;
  /** Path of the file of an object. */
  file(key: string): string;
  stop(): Promise<void>;
}

export interface S3Options {
  readonly bucket?: string;
  /** The bucket keeps the former versions of its objects. */
  readonly versioning?: boolean;
  /** Objects in the bucket can be locked; implies versioning. */
  readonly lock?: boolean;
}

const region = 'us-east-1';

/** Starts one with a folder of its own. */
export async function s3(lab: Lab, options: S3Options = {}): Promise<S3> {
  const { bucket = 'backups', versioning = false, lock = false } = options;
  const folder = mkdtempSync(join(tmpdir(), 's3-'));
  const keys = { accessKeyId: `key-${randomBytes(4).toString('hex')}`, secretAccessKey: randomBytes(18).toString('base64url') };
  const { endpoint, end } = await serve(lab.versitygw, folder, keys);
  const client = new S3Client({ endpoint, region, credentials: keys, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: lock }));
  if (versioning) await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  const file = (key: string): string => join(folder, 'data', bucket, key);
  return {
    endpoint, bucket, accessKey: keys.accessKeyId, secretKey: keys.secretAccessKey, client, file,
    env: { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey, AWS_REGION: region },
    objects: async (prefix) => {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
      return Contents.map(({ Key = '', Size = 0 }) => ({ key: Key, bytes: Size }));
    },
    read: async (key) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return Buffer.from(await Body?.transformToByteArray() ?? []);
    },
    write: async (key, body) => {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    },
    // Into the same file: checksum and other metadata are its attributes.
    corrupt: (key, edit) => writeFileSync(file(key), edit(readFileSync(file(key)))),
    stop: async () => {
      client.destroy();
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A port that was free just now. */
export const freePort = (): Promise<number> => new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address() as AddressInfo;
    probe.close(() => resolve(port));
  });
});

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

async function serve(program: string, folder: string, keys: Keys): Promise<{ endpoint: string; end: () => Promise<void> }> {
  for (const name of ['data', 'versions']) mkdirSync(join(folder, name));
  const address = `127.0.0.1:${await freePort()}`;
  const args = ['--port', address, '--health', '/health', '--region', region, 'posix', '--versioning-dir', join(folder, 'versions'), join(folder, 'data')];
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, ROOT_ACCESS_KEY: keys.accessKeyId, ROOT_SECRET_KEY: keys.secretAccessKey },
  });
  const closed = new Promise<void>((resolve, reject) => child.once('error', reject).once('close', () => resolve()));
  const said = text(child.stderr);
  const endpoint = `http://${address}`;
  await eventually('the S3 server answers', async () => {
    if (child.exitCode !== null) throw new Error(`versitygw exited with code ${child.exitCode}: ${await said}`);
    return fetch(`${endpoint}/health`).then(({ ok }) => ok, () => false);
  });
  return {
    endpoint,
    end: async () => {
      child.kill();
      await closed;
    },
  };
}
