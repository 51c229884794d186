import { createHash } from 'node:crypto';
import type { PushedImage } from '../images.js';
import type { Lab } from './lab.js';

/**
 * A version of an app that has psql: the image of the database with other variables. Its layers are in the registry already.
 * @param env what its migration does, and how it runs
 */
export async function psqlApp({ postgres: { image } }: Lab, tag: string, env: Readonly<Record<string, string>>): Promise<PushedImage> {
  const [, host = '', path = '', digest = ''] = /^([^/]+)\/(.+?)(?::[^:@/]+)?@(sha256:\w+)$/.exec(image) ?? [];
  const url = (rest: string): string => `http://${host}/v2/${path}/${rest}`;
  const read = async <T>(rest: string): Promise<T> => {
    const answer = await fetch(url(rest), { headers: { accept: manifestTypes.join(', ') } });
    if (!answer.ok) throw new Error(`${url(rest)}: ${answer.status}`);
    return await answer.json() as T;
  };
  let manifest = await read<Manifest>(`manifests/${digest}`);
  const own = manifest.manifests?.find(({ platform }) => platform?.architecture === 'amd64');
  if (own) manifest = await read<Manifest>(`manifests/${own.digest}`);
  const config = await read<Config>(`blobs/${manifest.config.digest}`);
  const changed = Buffer.from(JSON.stringify({ ...config, config: { ...config.config, Env: [...config.config.Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)] } }));
  const configDigest = digestOf(changed);
  const upload = await fetch(url('blobs/uploads/'), { method: 'POST' });
  const location = new URL(upload.headers.get('location') ?? '', `http://${host}`);
  location.searchParams.set('digest', configDigest);
  await sent(location.href, changed, 'application/octet-stream');
  const bytes = Buffer.from(JSON.stringify({ ...manifest, config: { ...manifest.config, digest: configDigest, size: changed.length } }));
  await sent(url(`manifests/${tag}`), bytes, manifest.mediaType);
  const name = `${host}/${path}`;
  return { name, tag, digest: digestOf(bytes), reference: `${name}:${tag}@${digestOf(bytes)}` };
}

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const manifestTypes = ['application/vnd.oci.image.index.v1+json', 'application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json', 'application/vnd.docker.distribution.manifest.v2+json'];

async function sent(url: string, body: Buffer, type: string): Promise<void> {
  const answer = await fetch(url, { method: 'PUT', body, headers: { 'content-type': type } });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
}

interface Manifest {
  readonly mediaType: string;
  readonly config: { readonly digest: string };
  readonly manifests?: readonly { readonly digest: string; readonly platform?: { readonly architecture: string } }[];
}

interface Config {
  readonly config: { readonly Env: readonly string[] };
}
