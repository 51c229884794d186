// Pushes an image that is in a folder: manifest.json, config.json and layer.tar.gz.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const timeout = () => AbortSignal.timeout(60_000);

/** @param {string} url @param {RequestInit} [init] @returns {Promise<Response>} @throws for a status of 400 or more, unless it is the 404 of a HEAD */
async function ask(url, init = {}) {
  const answer = await fetch(url, { ...init, signal: timeout() }).catch((error) => {
    throw new Error(`The registry cannot be reached (${error.cause?.code ?? error.message}). Start the sandbox: npm run sandbox up`);
  });
  if (answer.ok || (answer.status === 404 && init.method === 'HEAD')) return answer;
  throw new Error(`${init.method ?? 'GET'} ${url}: ${answer.status} ${await answer.text()}`);
}

/**
 * Pushes what the registry does not have.
 *
 * @param {string} folder
 * @param {{ registry: string, repository: string, tag: string }} target registry: `host:port`, plain HTTP
 * @returns {Promise<string>} `host:port/repository:tag@sha256:…`
 */
export async function pushFolder(folder, { registry, repository, tag }) {
  const api = `http://${registry}/v2/${repository}`;
  const manifest = readFileSync(join(folder, 'manifest.json'));
  const { mediaType, config, layers } = JSON.parse(manifest.toString());
  const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
  // The tag may be that of another recipe meanwhile: what is used is the digest.
  if (!(await ask(`${api}/manifests/${digest}`, { method: 'HEAD', headers: { accept: mediaType } })).ok) {
    await pushBlob(api, config.digest, join(folder, 'config.json'));
    await pushBlob(api, layers[0].digest, join(folder, 'layer.tar.gz'));
    await ask(`${api}/manifests/${tag}`, { method: 'PUT', headers: { 'content-type': mediaType }, body: manifest });
  }
  return `${registry}/${repository}:${tag}@${digest}`;
}

/** @param {string} api @param {string} digest @param {string} file */
async function pushBlob(api, digest, file) {
  if ((await ask(`${api}/blobs/${digest}`, { method: 'HEAD' })).ok) return;
  const begun = await ask(`${api}/blobs/uploads/`, { method: 'POST' });
  const location = new URL(begun.headers.get('location') ?? '', api);
  location.searchParams.set('digest', digest);
  await ask(location.href, { method: 'PUT', headers: { 'content-type': 'application/octet-stream' }, body: readFileSync(file) });
}
