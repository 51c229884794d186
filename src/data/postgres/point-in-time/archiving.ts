import { boolean, nullable, number, object, string, type InferOutput } from 'valibot';
import type { Session } from '../session.js';

/** What a server says of the archive of its WAL. */
const shape = object({
  /** `off`, `on`, `always`. */
  mode: string(), command: string(), name: string(), identity: string(),
  archived: number(), failed: number(),
  /** ISO 8601. */
  lastArchivedAt: nullable(string()), lastFailedAt: nullable(string()), lastFailedWal: nullable(string()),
  maySeeFiles: boolean(),
});

const sql = `
SELECT json_build_object(
  'mode', current_setting('archive_mode'), 'command', coalesce((SELECT setting FROM pg_catalog.pg_settings WHERE name = 'archive_command'), ''),
  'name', current_setting('cluster_name'), 'identity', (SELECT system_identifier::text FROM pg_catalog.pg_control_system()),
  'archived', s.archived_count, 'failed', s.failed_count, 'lastArchivedAt', s.last_archived_time, 'lastFailedAt', s.last_failed_time, 'lastFailedWal', s.last_failed_wal,
  'maySeeFiles', pg_catalog.has_function_privilege('pg_catalog.pg_ls_archive_statusdir()', 'EXECUTE'))
FROM pg_catalog.pg_stat_archiver s`;

const filesShape = object({
  /** The last segment that was archived, and when it was complete: its mark is created then, and renamed when it is archived. */
  wal: nullable(string()), completeAt: nullable(string()),
  /** Segments that wait. */
  waiting: number(),
});

const filesSql = `
SELECT json_build_object(
  'wal', (SELECT left(name, 24) FROM pg_catalog.pg_ls_archive_statusdir() WHERE name ~ '^[0-9A-F]{24}[.]done$' ORDER BY modification DESC, name DESC LIMIT 1),
  'completeAt', (SELECT max(modification) FROM pg_catalog.pg_ls_archive_statusdir() WHERE name ~ '^[0-9A-F]{24}[.]done$'),
  'waiting', (SELECT count(*) FROM pg_catalog.pg_ls_archive_statusdir() WHERE name ~ '^[0-9A-F]{24}[.]ready$'))`;

export type Archiving = InferOutput<typeof shape> & { readonly files?: InferOutput<typeof filesShape> };

/** Reads it in a session. A user without `pg_monitor` does not see the files, which alone show how far the archive reaches. */
export async function readArchiving(session: Session): Promise<Archiving> {
  const archiving = await session.json(sql, shape);
  return archiving.maySeeFiles ? { ...archiving, files: await session.json(filesSql, filesShape) } : archiving;
}

/** Failures that go on, and a backlog, as sentences. Pure. */
export function archivingWarnings({ mode, lastArchivedAt, lastFailedAt, lastFailedWal, failed, files }: Archiving): readonly string[] {
  if (mode === 'off') return [];
  const isFailing = lastFailedAt !== null && (lastArchivedAt === null || Date.parse(lastFailedAt) > Date.parse(lastArchivedAt));
  const waiting = files !== undefined && files.waiting > mostWaiting ? [`${files.waiting} WAL segments wait to be archived, so the archive is behind the database.`] : [];
  return isFailing
    ? [`The archive of the WAL fails: the last attempt, of ${lastFailedWal ?? 'a segment'} at ${lastFailedAt}, failed (${failed} failures in all). The log of PostgreSQL says why.`, ...waiting]
    : waiting;
}

/** The next one is complete at any time. */
const mostWaiting = 2;
