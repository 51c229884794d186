import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { wasIdle } from './api.js';
import { environment, root } from './environment.js';

/** An image in a registry. */
export interface PushedImage {
  /** `host:port/path` without tag. */
  readonly name: string;
  readonly tag: string;
  readonly digest: string;
  /** `name:tag@digest`. */
  readonly reference: string;
}

export interface Variant {
  /** Path of the repository in the folder of this test process; defaults to `app`. */
  readonly repository?: string;
  /** Defaults to the version. */
  readonly tag?: string;
  /** What the app answers on `/`. */
  readonly version: string;
  /** Faults of the app, see app/main.go. */
  readonly mode?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The program that is started; the app unless given. `none`: the image names none. */
  readonly entrypoint?: string;
  /** The user that it runs as; root unless given. */
  readonly user?: string;
  /** Another digest at each call: an image that no node has yet. */
  readonly fresh?: boolean;
  /** Into the registry with a login. */
  readonly withLogin?: boolean;
  /** Architectures in the index; the layer is the same, only amd64 can be run. */
  readonly architectures?: readonly string[];
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

/**
 * Pushes a variant of the fault app: one layer that all variants share, and a config of its own, written straight to
 * the registry. A few milliseconds an image, where a build takes half a second.
 */
export function pushImage(variant: Variant): Promise<PushedImage> {
  if (variant.fresh) return push(variant);
  const key = JSON.stringify(variant);
  const known = pushed.get(key) ?? push(variant);
  pushed.set(key, known);
  return known;
}

const pushed = new Map<string, Promise<PushedImage>>();

/**
 * A folder for each test process, and one push at a time into each repository: the registry truncates the link of a
 * manifest that is pushed again, and refuses an index that arrives in that moment as DIGEST_INVALID.
 */
const ownFolder = `e2e/${process.env.JEST_WORKER_ID ?? process.pid}`;
const lastPush = new Map<string, Promise<unknown>>();

function push(variant: Variant): Promise<PushedImage> {
  const { registry, authRegistry, authUsername, authPassword } = environment();
  const host = variant.withLogin ? authRegistry : registry;
  const login = variant.withLogin ? `Basic ${Buffer.from(`${authUsername}:${authPassword}`).toString('base64')}` : undefined;
  const target = { host, path: `${ownFolder}/${variant.repository ?? 'app'}`, login };
  const key = `${host}/${target.path}`;
  const pushing = (lastPush.get(key) ?? Promise.resolve()).then(() => pushTo(target, variant));
  lastPush.set(key, pushing.catch(() => undefined));
  return pushing;
}

async function pushTo(target: Target, variant: Variant): Promise<PushedImage> {
  const tag = variant.tag ?? variant.version;
  const layer = appLayer();
  await pushBlob(target, layer.bytes, layer.digest);

  const manifests = [];
  for (const architecture of variant.architectures ?? ['amd64']) {
    const config = json(imageConfig(variant, architecture, layer.diffId));
    await pushBlob(target, config.bytes, config.digest);
    const manifest = json({
      schemaVersion: 2, mediaType: ociManifest,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config.digest, size: config.bytes.length },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: layer.digest, size: layer.bytes.length }],
    });
    await send(target, 'PUT', `manifests/${manifest.digest}`, manifest.bytes, ociManifest);
    manifests.push({ mediaType: ociManifest, digest: manifest.digest, size: manifest.bytes.length, platform: { os: 'linux', architecture } });
  }
  const index = json({ schemaVersion: 2, mediaType: ociIndex, manifests });
  await send(target, 'PUT', `manifests/${tag}`, index.bytes, ociIndex);
  const name = `${target.host}/${target.path}`;
  return { name, tag, digest: index.digest, reference: `${name}:${tag}@${index.digest}` };
}

/** The digest that a tag leads to now, or undefined. */
export async function digestOfTag(name: string, tag: string): Promise<string | undefined> {
  const [host = '', ...path] = name.split('/');
  const answer = await send({ host, path: path.join('/') }, 'HEAD', `manifests/${tag}`).catch(() => undefined);
  return answer?.headers['docker-content-digest'] as string | undefined;
}

/** Lets go of the connections, so that the test process can end. */
export const closeImages = (): void => agent.destroy();

const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const ociIndex = 'application/vnd.oci.image.index.v1+json';

interface Target {
  readonly host: string;
  readonly path: string;
  readonly login?: string;
}

function imageConfig(variant: Variant, architecture: string, diffId: string): unknown {
  const env = { PATH: '/', VERSION: variant.version, MODE: variant.mode ?? 'ok', ...(variant.fresh ? { NONCE: randomUUID() } : {}), ...variant.env };
  return {
    architecture, os: 'linux',
    config: { ...(variant.entrypoint === 'none' ? {} : { Entrypoint: [variant.entrypoint ?? '/app'] }), ...(variant.user === undefined ? {} : { User: variant.user }), Env: Object.entries(env).map(([name, value]) => `${name}=${value}`), ExposedPorts: { '8080/tcp': {} } },
    rootfs: { type: 'layers', diff_ids: [diffId] },
  };
}

const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const json = (value: unknown): { bytes: Buffer; digest: string } => {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, digest: sha256(bytes) };
};

interface Layer {
  readonly bytes: Buffer;
  readonly digest: string;
  readonly diffId: string;
}

let layer: Layer | undefined;

/** The layer with the app's binary, built once for each state of its source and shared by all test processes. */
function appLayer(): Layer {
  if (layer) return layer;
  const source = join(root, '__tests__/e2e/app');
  const key = createHash('sha256').update(readFileSync(join(source, 'main.go'))).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), 'deploy-action-fault-app');
  const file = join(folder, `${key}.tar`);
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    const binary = join(folder, `${key}-${process.pid}`);
    execFileSync('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', binary, '.'], {
      cwd: source, env: { ...process.env, CGO_ENABLED: '0', GOOS: 'linux', GOARCH: 'amd64' },
    });
    writeFileSync(`${file}-${process.pid}`, tarOf('app', readFileSync(binary), 0o755));
    renameSync(`${file}-${process.pid}`, file);
  }
  const tar = readFileSync(file);
  const bytes = gzipSync(tar, { level: 1 });
  layer = { bytes, digest: sha256(bytes), diffId: sha256(tar) };
  return layer;
}

/** A tar archive of one file (ustar, owned by root, no time). */
export function tarOf(name: string, content: Buffer, mode: number): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, length: number): string => value.toString(8).padStart(length - 1, '0') + '\0';
  header.write(name, 0);
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8) + octal(0, 8), 108);
  header.write(octal(content.length, 12) + octal(0, 12), 124);
  header.write('        0', 148);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(sum.toString(8).padStart(6, '0') + '\0 ', 148);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, content, padding, Buffer.alloc(1024)]);
}

async function pushBlob(target: Target, bytes: Buffer, digest: string): Promise<void> {
  const there = await send(target, 'HEAD', `blobs/${digest}`).catch(() => undefined);
  if (there) return;
  const begun = await send(target, 'POST', 'blobs/uploads/');
  const location = new URL(begun.headers.location ?? '', `http://${target.host}`);
  location.searchParams.set('digest', digest);
  await exchange(target, 'PUT', location, bytes, 'application/octet-stream');
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>> & { readonly location?: string };
}

const send = (target: Target, method: string, path: string, body?: Buffer, type?: string): Promise<Answer> =>
  exchange(target, method, new URL(`http://${target.host}/v2/${target.path}/${path}`), body, type);

function exchange(target: Target, method: string, url: URL, body?: Buffer, type?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      agent, method,
      headers: {
        accept: `${ociIndex}, ${ociManifest}`,
        ...(target.login ? { authorization: target.login } : {}),
        ...(type ? { 'content-type': type } : {}),
        'content-length': body?.length ?? 0,
      },
    }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const status = answer.statusCode ?? 0;
        if (status < 400) resolve({ status, headers: answer.headers });
        else reject(new Error(`${method} ${url.href}: ${status} ${Buffer.concat(chunks).toString('utf8')}`));
      });
    });
    outgoing.on('error', (error) => (wasIdle(outgoing, error) ? resolve(exchange(target, method, url, body, type)) : reject(error)));
    outgoing.end(body);
  });
}
