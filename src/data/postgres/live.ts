import { array, boolean, nullable, nullish, number, object, string, type InferOutput } from 'valibot';
import { identifier, literal } from './quote.js';
import { DataError } from '../error.js';
import type { At } from './run.js';
import { openSession, type Session } from './session.js';

/** Marks a database that a restore has created and not yet swapped: its comment begins with this. */
export const restoreMark = 'acci-deploy restore';

/** What belongs to a database and is not in its dump: what the server keeps of it. */
const liveShape = object({
  'owner': string(),
  'may-act-as-owner': boolean(),
  'may-create': boolean(),
  'is-superuser': boolean(),
  'tablespace': nullable(string()),
  'limit': number(),
  'comment': nullable(string()),
  'prepared': number(),
  'grants': nullable(array(object({ to: nullable(string()), privilege: string(), grantable: boolean() }))),
  'settings': nullish(array(object({ role: nullable(string()), name: string(), value: string() }))),
  'leftovers': array(object({ name: string(), bytes: number() })),
  'roles': array(string()),
});
export type Live = InferOutput<typeof liveShape>;

/**
 * The tablespace only where it is not that of template0, in which a new database is created anyway: to name one, even pg_default, a user
 * needs a permission for it, which one with CREATEDB does not have.
 */
const liveSql = (name: string): string => `
SELECT json_build_object(
  'owner', pg_catalog.pg_get_userbyid(d.datdba), 'may-act-as-owner', pg_catalog.pg_has_role(d.datdba, 'MEMBER'),
  'may-create', (SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
  'is-superuser', (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
  'tablespace', (SELECT spcname FROM pg_catalog.pg_tablespace t WHERE t.oid = nullif(d.dattablespace, n.dattablespace)), 'limit', d.datconnlimit,
  'comment', pg_catalog.shobj_description(d.oid, 'pg_database'),
  'prepared', (SELECT count(*) FROM pg_catalog.pg_prepared_xacts WHERE database = d.datname),
  'grants', CASE WHEN d.datacl IS NULL THEN NULL ELSE (SELECT coalesce(json_agg(json_build_object(
      'to', CASE a.grantee WHEN 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END, 'privilege', a.privilege_type, 'grantable', a.is_grantable
    )), '[]') FROM pg_catalog.aclexplode(d.datacl) a) END,
  'settings', (SELECT json_agg(json_build_object(
      'role', CASE s.setrole WHEN 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(s.setrole) END,
      'name', split_part(c, '=', 1), 'value', substr(c, position('=' IN c) + 1)
    )) FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) c WHERE s.setdatabase = d.oid),
  'leftovers', (SELECT coalesce(json_agg(json_build_object('name', o.datname, 'bytes', pg_catalog.pg_database_size(o.oid))), '[]') FROM pg_catalog.pg_database o
    WHERE starts_with(pg_catalog.shobj_description(o.oid, 'pg_database'), ${literal(`${restoreMark} of ${name}:`)}) AND o.datname <> d.datname),
  'roles', (SELECT json_agg(rolname) FROM pg_catalog.pg_roles))
FROM pg_catalog.pg_database d, pg_catalog.pg_database n WHERE d.datname = ${literal(name)} AND n.datname = 'template0'`;

export const readLive = (session: Session, name: string): Promise<Live> => session.json(liveSql(name), liveShape);

/** A session in another database of the same server: a database in use cannot be renamed. */
export async function besideLive(at: At, doing: string, signal: AbortSignal): Promise<Session> {
  const others = ['postgres', 'template1'].filter((database) => database !== at.login.database);
  let wrong: unknown;
  for (const database of others) {
    try {
      return await openSession({ ...at, login: { ...at.login, database } }, doing, signal);
    } catch (error) {
      signal.throwIfAborted();
      wrong ??= error;
      if (!(error instanceof DataError)) break;
    }
  }
  throw wrong;
}

/** Gives a new database what the live one has: settings and permissions. Its owner and so on it got when it was created. */
export async function carryOver(session: Session, live: Live, name: string): Promise<void> {
  const database = identifier(name);
  if (live.grants) {
    await session.run(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC, ${identifier(live.owner)}`);
    for (const { to, privilege, grantable } of live.grants) {
      await session.run(`GRANT ${privilegeOf(privilege)} ON DATABASE ${database} TO ${to === null ? 'PUBLIC' : identifier(to)}${grantable ? ' WITH GRANT OPTION' : ''}`);
    }
  }
  for (const { role, name: setting, value } of live.settings ?? []) {
    // By FROM CURRENT: the values of some settings are lists, each with its own rules for quotes.
    await session.run('START TRANSACTION');
    await session.json(`SELECT to_json(pg_catalog.set_config(${literal(setting)}, ${literal(value)}, true))`, string());
    const whose = role === null ? `DATABASE ${database}` : `ROLE ${identifier(role)} IN DATABASE ${database}`;
    await session.run(`ALTER ${whose} SET ${setting.split('.').map(identifier).join('.')} FROM CURRENT; COMMIT`);
  }
}

const privilegeOf = (privilege: string): string => {
  if (!['CREATE', 'CONNECT', 'TEMPORARY'].includes(privilege)) throw new RangeError(`Unknown permission for databases: ${privilege}`);
  return privilege;
};
