import type { Any } from './api.js';
import type { Space } from './namespace.js';

/** The ledger of an app, as it stands in the cluster; undefined when there is none. */
export async function ledgerOf(space: Space, app = 'app'): Promise<Any> {
  const map = await space.get('ConfigMap', `deploy-ledger-${app}`);
  return map && JSON.parse(map.data['ledger.json']);
}
