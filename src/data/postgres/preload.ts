import type { Server } from '../engine.js';

/** Libraries that an extension needs in `shared_preload_libraries` before it can be created or its data read. */
const needed: readonly string[] = ['timescaledb', 'citus', 'pg_cron', 'pgaudit', 'pg_stat_statements', 'pglogical', 'pg_partman_bgw', 'age', 'anon', 'vectors', 'vchord', 'pg_search', 'pgsodium', 'supautils'];

/** Libraries for a scratch server, in the order of the source: those of extensions that its database has. Others could act on their own. */
export function preloaded({ settings }: Pick<Server, 'settings'>): string {
  const extensions = (settings.extensions ?? '').split(', ').map((each) => each.split(' ')[0]);
  const libraries = (settings.preload ?? '').split(',').map((library) => library.trim().replace(/^"(.*)"$/, '$1'));
  return libraries.filter((library) => needed.includes(library) && extensions.includes(library)).join(',');
}
