import { bad, good, quote, type Checked } from '../kit/checked.js';
import { hostPattern, splitImage } from './image-name.js';
import { line } from '../kit/text.js';

/** Source of the regular expression of a registry's host. */
const registryPattern = `^${hostPattern}$`;

/** The registry whose login is used when an image names none. */
export const dockerHub = 'docker.io';

/** A registry, `host[:port]`, as `docker login` takes it. */
export function parseRegistry(text: string): Checked<string> {
  const bare = text.toLowerCase().replace(/^[a-z]+:\/\//, '').split('/')[0] ?? '';
  const host = bare === 'index.docker.io' || bare === 'registry-1.docker.io' ? dockerHub : bare;
  const possible = host.length <= 255 && new RegExp(registryPattern).test(host) && Number(/:([0-9]+)$/.exec(host)?.[1] ?? 1) <= 65535;
  if (possible && host === text) return good(text);
  return bad(`is ${quote(text)}, which is not a host or host:port`, possible ? `Did you mean "${host}"?` : 'Write it like ghcr.io or localhost:5000.');
}

/** The registry of an image, in lower case; `docker.io` when its name has no host, or the other one of Docker Hub. */
export function registryOf(image: string): string {
  const registry = splitImage(image).registry?.toLowerCase() ?? dockerHub;
  return registry === 'index.docker.io' ? dockerHub : registry;
}

export const registryHost = line(parseRegistry, { expects: 'a host', schema: { pattern: registryPattern } });
