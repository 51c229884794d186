import type { DatabaseConfig } from '../config/config.js';
import type { DataContext } from './engine.js';
import { loginOf, type OpenCluster } from './open.js';
import type { Place } from './place.js';
import type { Emptied } from './redis/cache.js';

/** Empties a cache: what it had is made again from elsewhere. Of a cluster, every master. @throws DataError, ClusterError */
export async function empty(context: DataContext, config: DatabaseConfig, cluster: OpenCluster): Promise<Emptied> {
  const { emptyCache } = await import('./redis/cache.js');
  const login = await loginOf(context, config, cluster);
  return emptyCache(context, await placesOf(context, config, cluster), { name: config.name, isCache: config.isCache, login });
}

/** Where its programs run: all pods that match, as those of a cluster have the same labels. */
async function placesOf(context: DataContext, { reach }: DatabaseConfig, cluster: OpenCluster): Promise<readonly Place[]> {
  switch (reach.kind) {
    case 'pod': {
      const [{ findContainers }, { podPlace }, opened] = await Promise.all([import('./reach/find-pod.js'), import('./reach/pod-place.js'), cluster()]);
      return (await findContainers(opened, reach, context.failure, context.signal)).map((found) => podPlace(opened, found));
    }
    case 'service': return [(await (await import('./reach/compose.js')).composeReach(context, reach)).place];
    case 'address': return [(await import('./reach/local.js')).localReach(context).place];
  }
}
