import { array, nullable, number, object, record, string } from 'valibot';
import type { DumpOptions } from '../engine.js';
import { identifier, literal } from './quote.js';
import type { Session } from './session.js';

/*
 * What a database contains, as it is compared between a dump and its restore. Members of extensions are left out: a dump has them as
 * CREATE EXTENSION, and a restore gets them from there.
 */

const ownRelations = `
WITH own AS (
  SELECT c.oid, c.relkind, c.relpersistence, n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
)`;

const ownSchemas = `(SELECT oid FROM pg_catalog.pg_namespace WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)')`;
const notOfExtension = (table: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.${table}'::regclass AND d.objid = ${oid} AND d.deptype = 'e')`;

/** Indexes and constraints that are not valid are not in a dump, or are not valid in it either. */
const objectsSql = `${ownRelations}
SELECT json_build_object(
  'tables', (SELECT count(*) FROM own WHERE relkind IN ('r', 'p')),
  'views', (SELECT count(*) FROM own WHERE relkind = 'v'),
  'materialized views', (SELECT count(*) FROM own WHERE relkind = 'm'),
  'foreign tables', (SELECT count(*) FROM own WHERE relkind = 'f'),
  'sequences', (SELECT count(*) FROM own WHERE relkind = 'S'),
  'indexes', (SELECT count(*) FROM pg_catalog.pg_index i JOIN own ON own.oid = i.indrelid WHERE i.indisvalid),
  'constraints', (SELECT count(*) FROM pg_catalog.pg_constraint c JOIN own ON own.oid = c.conrelid WHERE c.convalidated AND c.contype <> 'n'),
  'constraints that are not validated', (SELECT count(*) FROM pg_catalog.pg_constraint c JOIN own ON own.oid = c.conrelid WHERE NOT c.convalidated AND c.contype <> 'n'),
  'triggers', (SELECT count(*) FROM pg_catalog.pg_trigger t JOIN own ON own.oid = t.tgrelid WHERE NOT t.tgisinternal),
  'policies', (SELECT count(*) FROM pg_catalog.pg_policy p JOIN own ON own.oid = p.polrelid),
  'functions', (SELECT count(*) FROM pg_catalog.pg_proc p WHERE p.pronamespace IN ${ownSchemas} AND ${notOfExtension('pg_proc', 'p.oid')}),
  'types', (SELECT count(*) FROM pg_catalog.pg_type t WHERE t.typtype IN ('d', 'e', 'r') AND t.typnamespace IN ${ownSchemas} AND ${notOfExtension('pg_type', 't.oid')}),
  'large objects', (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata)
)`;

export const readObjects = (session: Session): Promise<Record<string, number>> => session.json(objectsSql, record(string(), number()));

/** Of indexes that a restore has created: any that is not valid was not built. */
export const readInvalidIndexes = (session: Session): Promise<string[]> => session.json(`${ownRelations}
SELECT coalesce(json_agg(i.indexrelid::regclass::text ORDER BY 1), '[]') FROM pg_catalog.pg_index i JOIN own ON own.oid = i.indrelid WHERE NOT i.indisvalid AND own.relkind = 'r'`,
array(string()));

/** Those that count upwards and do not start again. */
export const readCounters = (session: Session): Promise<Record<string, string>> => session.json(`${ownRelations}
SELECT coalesce(json_object_agg(format('%I.%I', own.nspname, own.relname), s.last_value::text), '{}')
FROM own JOIN pg_catalog.pg_sequences s ON s.schemaname = own.nspname AND s.sequencename = own.relname
WHERE own.relkind = 'S' AND s.last_value IS NOT NULL AND s.increment_by > 0 AND NOT s.cycle`, record(string(), string()));

/** Its name as SQL: `public.users`, `"Audit Log"."Entry"`. */
export interface Table {
  readonly name: string;
  readonly bytes: number;
}

/** Tables whose rows a dump contains: no foreign ones, and of partitioned ones the partitions. Sorted by size, the largest first. */
export const readTables = (session: Session): Promise<Table[]> => session.json(`${ownRelations}
SELECT coalesce(json_agg(json_build_object('name', format('%I.%I', nspname, relname), 'bytes', size) ORDER BY size DESC), '[]')
FROM (SELECT own.*, pg_catalog.pg_relation_size(oid) AS size FROM own WHERE relkind = 'r' AND relpersistence <> 't') AS tables`,
array(object({ name: string(), bytes: number() })));

const smallBytes = 100_000_000;

export function countedTables(tables: readonly Table[], rows: DumpOptions['rows']): readonly Table[] {
  if (rows === 'off') return [];
  return rows === 'exact' ? tables : tables.filter(({ bytes }) => bytes < smallBytes);
}

/** Statements that keep everyone from rewriting tables until the end of the transaction. @param names as SQL */
export const lockSql = (names: readonly string[]): readonly string[] =>
  [...inGroups(names, 200)].map((some) => `LOCK TABLE ${some.map((name) => `ONLY ${name}`).join(', ')} IN ACCESS SHARE MODE`);

/** Rows by the name of the table. @param names as SQL */
export async function countRows(session: Session, names: readonly string[], timeoutMs: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  // The largest come first: so each statement has few large ones.
  for (const some of inGroups(names, 20)) {
    const each = some.map((name) => `SELECT ${literal(name)} AS name, (SELECT count(*) FROM ONLY ${name}) AS rows`);
    Object.assign(counts, await session.json(`SELECT json_object_agg(name, rows) FROM (${each.join(' UNION ALL ')}) AS counted`, record(string(), number()), timeoutMs));
  }
  return counts;
}

function* inGroups<T>(list: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < list.length; start += size) yield list.slice(start, start + size);
}

/** The table of each tool that keeps a list of its migrations, the columns by which it is recognized, and its last entry. */
const tools: readonly (readonly [tool: string, table: string, columns: readonly string[], last: string, rest: string])[] = [
  ['prisma', '_prisma_migrations', ['migration_name', 'finished_at', 'rolled_back_at'], 'migration_name', 'WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY finished_at DESC, migration_name DESC'],
  ['knex', 'knex_migrations', ['id', 'name', 'batch'], 'name', 'ORDER BY id DESC'],
  ['flyway', 'flyway_schema_history', ['installed_rank', 'version', 'description', 'success'], `concat_ws(' ', version, description)`, 'WHERE success ORDER BY installed_rank DESC'],
  ['liquibase', 'databasechangelog', ['id', 'orderexecuted', 'filename'], 'id', 'ORDER BY orderexecuted DESC'],
  ['alembic', 'alembic_version', ['version_num'], 'version_num', 'ORDER BY version_num DESC'],
  ['django', 'django_migrations', ['id', 'app', 'name', 'applied'], `app || '.' || name`, 'ORDER BY id DESC'],
  ['golang-migrate', 'schema_migrations', ['version', 'dirty'], `version || CASE WHEN dirty THEN ' (dirty)' ELSE '' END`, ''],
  ['rails', 'schema_migrations', ['version'], 'version::text', 'ORDER BY version::text COLLATE "C" DESC'],
  ['typeorm', 'migrations', ['id', 'timestamp', 'name'], 'name', 'ORDER BY id DESC'],
  ['sequelize', 'SequelizeMeta', ['name'], 'name', 'ORDER BY name COLLATE "C" DESC'],
  ['goose', 'goose_db_version', ['id', 'version_id', 'is_applied'], 'version_id::text', 'WHERE is_applied ORDER BY id DESC'],
];

const toolTablesSql = `
SELECT coalesce(json_agg(json_build_object('schema', n.nspname, 'table', c.relname, 'columns', (
    SELECT json_agg(a.attname) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  )) ORDER BY n.nspname, c.relname), '[]')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND c.relname IN (${[...new Set(tools.map(([, table]) => literal(table)))].join(', ')})
  AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')`;

const toolTablesShape = array(object({ schema: string(), table: string(), columns: nullable(array(string())) }));

/** The last migration in each list of a known tool: `prisma 20260101_add_users`. */
export async function readMigration(session: Session): Promise<string | undefined> {
  const found: string[] = [];
  for (const { schema, table, columns } of await session.json(toolTablesSql, toolTablesShape)) {
    const tool = tools.find(([, name, needed]) => name === table && needed.every((column) => columns?.includes(column)));
    if (!tool) continue;
    const [name, , , last, rest] = tool;
    const head = await session.json(`SELECT to_json((SELECT (${last})::text FROM ${identifier(schema)}.${identifier(table)} ${rest} LIMIT 1))`, nullable(string()));
    if (head !== null) found.push(`${name} ${head}`);
  }
  return found.length > 0 ? found.join(', ') : undefined;
}
