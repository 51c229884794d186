import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import type * as ClientS3 from '@aws-sdk/client-s3';
import type { StoreConfig } from '../../config/values/store-config.js';
import { discard } from '../../ports/http.js';
import type { Ports } from '../../ports/ports.js';
import { handlerOver } from './handler.js';
import { attempts, retriesOn } from './retries.js';

export type S3Ports = Pick<Ports, 'http' | 'clock' | 'log' | 'env'>;
/** The package, which is loaded when a store is opened. */
export type Sdk = typeof ClientS3;

export interface OpenClient {
  readonly sdk: Sdk;
  readonly client: S3Client;
  readonly region: string;
  /** Of the server, for messages: `https://s3.eu-central-1.amazonaws.com`. */
  readonly host: string;
  close(): void;
}

/**
 * The SDK's client for S3, set up for a bucket.
 * @param bucket of the store
 * @param address of the store, for the log
 */
export async function openClient(ports: S3Ports, config: StoreConfig, bucket: string, address: string): Promise<OpenClient> {
  const sdk = await import('@aws-sdk/client-s3');
  const closed = new AbortController();
  const { endpoint, pathStyle = endpoint !== undefined } = config;
  const region = config.region ?? regionOfEndpoint(endpoint) ?? ports.env['AWS_REGION'] ?? ports.env['AWS_DEFAULT_REGION']
    ?? (endpoint === undefined ? await regionOfBucket(ports, bucket) : undefined) ?? 'us-east-1';
  const retryStrategy = retriesOn(ports, address, closed.signal);
  const client = new sdk.S3Client({
    region, forcePathStyle: pathStyle, ...endpoint === undefined ? {} : { endpoint }, credentials: credentialsOf(config, ports),
    requestHandler: handlerOver(ports.http), retryStrategy, maxAttempts: attempts, expectContinueHeader: false, logger: silent,
    // Ranges come with the checksum of the whole object from some stores. What was read is compared with the manifest.
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const host = endpoint ?? `https://s3.${region}.amazonaws.com`;
  return { sdk, client: withSignals(client), region, host: host.replace(/\/$/, ''), close: () => {
    closed.abort(new Error('the store was closed'));
    client.destroy();
  } };
}

/**
 * The SDK adds listeners to the signal of each request. Of one that ends a whole run there would be so many that Node warns of a leak.
 */
function withSignals(client: S3Client): S3Client {
  const send = (command: Parameters<S3Client['send']>[0], options: { readonly abortSignal?: AbortSignal } = {}): Promise<unknown> =>
    client.send(command, options.abortSignal ? { abortSignal: AbortSignal.any([options.abortSignal]) } : {});
  return Object.create(client, { send: { value: send } }) as S3Client;
}

const silence = (): void => undefined;
/** The SDK would print to the console, past the log. */
const silent = { trace: silence, debug: silence, info: silence, warn: silence, error: silence };

/** `https://s3.eu-central-1.amazonaws.com`, with a dash before the region in some old ones. */
const regionOfEndpoint = (endpoint = ''): string | undefined => /^https?:\/\/s3[.-]([a-z]{2}(?:-[a-z]+)+-\d+)\.amazonaws\.com(?:\.cn)?\/?$/.exec(endpoint)?.[1];

/** AWS names the region of a bucket to everyone. Undefined when it does not answer. */
async function regionOfBucket({ http }: S3Ports, bucket: string): Promise<string | undefined> {
  try {
    const response = await http.request({ url: `https://s3.us-east-1.amazonaws.com/${bucket}`, method: 'HEAD', timeoutMs: 10_000 });
    await discard(response);
    return response.headers['x-amz-bucket-region'];
  } catch {
    return undefined;
  }
}

/**
 * Those of the settings, or of the environment. Without either, undefined: the SDK looks for a profile, a web identity, and the
 * credentials that the machine has.
 */
function credentialsOf({ credentials }: StoreConfig, { env, log }: S3Ports): S3ClientConfig['credentials'] {
  const { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey, AWS_SESSION_TOKEN: sessionToken, AWS_PROFILE: profile } = env;
  const given = credentials ?? (accessKey && secretKey && !profile ? { accessKey, secretKey, sessionToken } : undefined);
  if (given === undefined) return undefined;
  for (const secret of [given.secretKey, given.sessionToken]) if (secret) log.mask(secret);
  return { accessKeyId: given.accessKey, secretAccessKey: given.secretKey, ...given.sessionToken ? { sessionToken: given.sessionToken } : {} };
}
