export interface Filling {
  /** Tables `public.item_1` … besides those that are always there. */
  readonly tables?: number;
  /** In each of the larger tables. */
  readonly rows?: number;
}

/** 128 hexadecimal characters: a dump of them shrinks to about a half, as real data does. */
const body = (seed: string): string => ['a', 'b', 'c', 'd'].map((part) => `md5(${seed} || '${part}')`).join(' || ');

const item = (index: number, rows: number): string => `
CREATE TABLE public.item_${index} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL CHECK (body <> ''), made timestamptz NOT NULL);
INSERT INTO public.item_${index} (body, made)
  SELECT ${body(`'${index}/' || i`)}, timestamptz '2026-01-01 00:00:00+00' + i * interval '1 minute' FROM generate_series(1, ${rows}) AS i;
CREATE INDEX item_${index}_body ON public.item_${index} (left(body, 16));`;

/**
 * One of each kind of object that a backup must not lose: schemas (one with a name that needs quotes), an enum, foreign
 * keys, a partitioned table, a view and a materialized one, a sequence, a function with a trigger, a comment, a large
 * object, roles with grants, an extension; and rows with NULL, empty strings, newlines and characters of four bytes.
 */
export const fillSql = ({ tables = 2, rows = 1000 }: Filling): string => `
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE SCHEMA sales;
CREATE SCHEMA "Audit Log";
CREATE TYPE sales.state AS ENUM ('open', 'paid', 'void');
CREATE TABLE sales.customer (id int PRIMARY KEY, email citext UNIQUE, note text, data jsonb);
INSERT INTO sales.customer SELECT i, 'c' || i || '@example.org', ${body('i::text')}, jsonb_build_object('n', i) FROM generate_series(1, ${rows}) AS i;
INSERT INTO sales.customer VALUES (0, NULL, '', NULL), (-1, 'Ä@example.org', E'two\\nlines\\t\\\\.\\n', '{"🚀": "O''Brien"}');
CREATE TABLE sales.purchase (
  id bigint NOT NULL, customer int NOT NULL REFERENCES sales.customer, state sales.state NOT NULL DEFAULT 'open', at date NOT NULL, cents int NOT NULL,
  PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE sales.purchase_2025 PARTITION OF sales.purchase FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE sales.purchase_2026 PARTITION OF sales.purchase FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO sales.purchase SELECT i, 1 + i % ${rows}, 'paid', date '2025-01-01' + i % 700, i FROM generate_series(1, ${rows}) AS i;
CREATE VIEW sales.open AS SELECT * FROM sales.purchase WHERE state = 'open';
CREATE MATERIALIZED VIEW sales.total AS SELECT customer, sum(cents) AS cents FROM sales.purchase GROUP BY customer;
CREATE TABLE "Audit Log"."Entry" ("When" timestamptz, "What it was" text);
INSERT INTO "Audit Log"."Entry" VALUES ('2026-01-01 00:00:00+00', 'first');
CREATE FUNCTION "Audit Log".logged() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO "Audit Log"."Entry" VALUES (now(), TG_TABLE_NAME); RETURN NULL; END $$;
CREATE TRIGGER logged AFTER DELETE ON sales.customer EXECUTE FUNCTION "Audit Log".logged();
COMMENT ON TABLE sales.customer IS 'who buys';
CREATE SEQUENCE public.ticket START 100;
SELECT setval('public.ticket', 4711);
SELECT lo_from_bytea(4242, decode(md5('large'), 'hex'));
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reader') THEN CREATE ROLE reader NOLOGIN; CREATE ROLE clerk LOGIN PASSWORD 'clerk'; GRANT reader TO clerk; END IF;
END $$;
GRANT USAGE ON SCHEMA sales TO reader;
GRANT SELECT ON ALL TABLES IN SCHEMA sales TO reader;
GRANT INSERT ON sales.purchase TO clerk;
${Array.from({ length: tables }, (_, index) => item(index + 1, rows)).join('\n')}
`;

/** A JSON object: each table and materialized view that holds rows itself → `ROWS HASH`. The hash does not depend on the order of the rows. */
export const contentsSql = `
SET xmlbinary = base64;
SELECT coalesce(json_object_agg(nspname || '.' || relname, (xpath('/row/c/text()', query_to_xml(
  format('SELECT count(*) || '' '' || coalesce(md5(string_agg(md5(t::text), '''' ORDER BY md5(t::text) COLLATE "C")), ''-'') AS c FROM ONLY %I.%I AS t', nspname, relname),
  false, true, '')))[1]::text ORDER BY nspname COLLATE "C", relname COLLATE "C"), '{}')
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'm') AND nspname NOT IN ('pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg_toast%' AND nspname NOT LIKE 'pg_temp%';
`;
