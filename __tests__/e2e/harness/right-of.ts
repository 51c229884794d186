import type { ProxiedRequest } from './api-fault-proxy.js';
import type { Any } from './api.js';

/** The right that a request needs, as a Role words it; undefined for what everybody may do. */
export function rightOf({ method, path }: Pick<ProxiedRequest, 'method' | 'path'>): string | undefined {
  const url = new URL(path, 'http://server');
  const match = /^\/(?:api\/v1|apis\/([^/]+)\/[^/]+)\/namespaces\/[^/]+\/([^/]+)(?:\/([^/]+))?(?:\/(log|proxy|scale|status|eviction|exec)\b.*)?$/.exec(url.pathname);
  if (!match) return undefined;
  const [, group = '', plural = '', name, subresource] = match;
  const resource = `${group === '' ? '' : `${group}/`}${plural}${subresource ? `/${subresource}` : ''}`;
  const reads = url.searchParams.get('watch') === 'true' ? 'watch' : 'list';
  const verb = ({ POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as Any)[method] ?? (name === undefined ? reads : 'get');
  return `${verb} ${resource}`;
}
