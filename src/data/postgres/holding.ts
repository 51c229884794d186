import { number, object } from 'valibot';
import type { Session } from './session.js';

/**
 * Tables of the user that have had a row: those of extensions have rows from the start. One whose rows were all deleted may count as well.
 * The size of the file is read, as it needs no permission for the rows.
 */
const holdingSql = `
SELECT json_build_object('tables', count(*), 'bytes', coalesce(sum(pg_catalog.pg_relation_size(c.oid)), 0))
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND pg_catalog.pg_relation_size(c.oid) > 0
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')`;

/** What data the database of the session has, in words; undefined if it has none. */
export async function readHolding(session: Session): Promise<string | undefined> {
  const { tables, bytes } = await session.json(holdingSql, object({ tables: number(), bytes: number() }));
  const size = `${(bytes / 1e6).toLocaleString('en-US', { maximumFractionDigits: 1 })} MB`;
  return tables === 0 ? undefined : `${tables} ${tables === 1 ? 'table' : 'tables'} with data (${size})`;
}
