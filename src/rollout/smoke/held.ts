import type { Cluster } from '../../cluster/cluster.js';
import type { Service } from '../../cluster/objects.js';
import { persistently } from '../../cluster/persist.js';
import type { SmokeCheck } from '../../config/config.js';
import type { Ports } from '../../ports/ports.js';
import { askOnce } from './ask.js';
import { routesOf } from './route.js';

/**
 * Which checks hold now, asked once each. After a rollback only these can prove that the old version is back: a check
 * that names the new version's text never held for the old one.
 */
export async function heldChecks(ports: Ports, cluster: Cluster, services: readonly Service[], checks: readonly SmokeCheck[]): Promise<ReadonlySet<string>> {
  const held = await Promise.all(checks.map(async (check) => {
    const target = check.target;
    const routes = routesOf(check, cluster.namespace, target.type === 'service' ? services.find((service) => service.metadata?.name === target.name) : undefined, []);
    if ('problem' in routes) return [];
    const once = () => askOnce(ports, cluster.api, check, routes.front, { timeoutMs: 2000, signal: ports.cancelled });
    const answer = await persistently(ports.clock, once, { signal: ports.cancelled });
    return answer.kind === 'right' ? [check.text] : [];
  }));
  return new Set(held.flat());
}
