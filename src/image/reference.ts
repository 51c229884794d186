import { hostPattern, pathPart, splitImage } from '../config/values/image-name.js';
import { dockerHub, registryOf } from '../config/values/registry.js';

/** A complete image reference, taken apart. Rules: https://github.com/distribution/reference/blob/main/reference.go */
export interface ImageReference {
  /** Without tag and digest, as written: `nginx`, `ghcr.io/acme/api`. */
  readonly name: string;
  /** Host and port in lower case; `docker.io` when none is written. */
  readonly registry: string;
  /** The path below the host, complete: `library/nginx`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
}

const digestPattern = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-f]{32,}$/i;
const tagPattern = /^\w[\w.-]{0,127}$/;
const wholeHost = new RegExp(`^${hostPattern}$`, 'i');
const wholePart = new RegExp(`^${pathPart}$`);
const nameLimit = 255;

/**
 * The parts of a reference as users write it and as clusters report it (`docker-pullable://` included).
 * Undefined when it is not a reference, e.g. a bare `sha256:…`.
 */
export function parseReference(text: string): ImageReference | undefined {
  const [beforeDigest = '', digest, ...rest] = text.replace(/^docker-pullable:\/\//, '').split('@');
  if (rest.length > 0 || (digest !== undefined && !digestPattern.test(digest))) return undefined;
  // A colon before the last slash belongs to the port: `localhost:5000/api` has no tag.
  const colon = beforeDigest.indexOf(':', beforeDigest.lastIndexOf('/') + 1);
  const name = colon === -1 ? beforeDigest : beforeDigest.slice(0, colon);
  const tag = colon === -1 ? undefined : beforeDigest.slice(colon + 1);
  if (tag !== undefined && !tagPattern.test(tag)) return undefined;
  if (name === 'sha256' && digest === undefined && /^[0-9a-f]{64}$/.test(tag ?? '')) return undefined;
  const place = placeOf(name);
  return place && { name, ...place, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

/** Registry and path of a name; undefined when it is not a valid name. */
function placeOf(name: string): { readonly registry: string; readonly path: string } | undefined {
  const { registry: host, path } = splitImage(name);
  if (host !== undefined && !wholeHost.test(host)) return undefined;
  if (name.length > nameLimit || !path.split('/').every((part) => wholePart.test(part))) return undefined;
  if (host === undefined && /^[0-9a-f]{64}$/.test(path)) return undefined;
  const registry = registryOf(name);
  return { registry, path: registry === dockerHub && !path.includes('/') ? `library/${path}` : path };
}

/** `name[:tag][@digest]`. */
export function formatReference(parts: Pick<ImageReference, 'name' | 'tag' | 'digest'>): string {
  return parts.name + (parts.tag === undefined ? '' : `:${parts.tag}`) + (parts.digest === undefined ? '' : `@${parts.digest}`);
}

/**
 * Whether two references name the same repository, whatever their tags and digests are:
 * `nginx`, `docker.io/library/nginx:1` and `index.docker.io/nginx@sha256:…` do. False when either is not a reference.
 */
export function sameRepository(a: string, b: string): boolean {
  const [left, right] = [parseReference(a), parseReference(b)];
  return left !== undefined && right !== undefined && left.registry === right.registry && left.path === right.path;
}

/** The digest of a reference; undefined when it names none, or is not a reference. */
export const digestOf = (reference: string): string | undefined => parseReference(reference)?.digest;

/**
 * Whether two references name the same image: the same digest in any repository, or the same tag of the same repository
 * (`nginx:1` and `docker.io/library/nginx:1`).
 */
export function sameImage(a: string, b: string): boolean {
  if (a === b) return true;
  const [left, right] = [parseReference(a), parseReference(b)];
  if (left === undefined || right === undefined || left.digest !== right.digest) return false;
  return left.digest !== undefined || ((left.tag ?? 'latest') === (right.tag ?? 'latest') && sameRepository(a, b));
}

/** The reference `name:tag@digest`, or without tag when there is none. */
export const deployReference = (image: string, tag: string | undefined, digest: string): string => `${image}${tag === undefined ? '' : `:${tag}`}@${digest}`;
