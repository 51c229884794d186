import type { DataContext, Login } from '../engine.js';

/** The variables of the environment that libpq reads: https://www.postgresql.org/docs/current/libpq-envars.html */
const ofOption: Readonly<Record<string, string>> = {
  sslmode: 'PGSSLMODE', sslrootcert: 'PGSSLROOTCERT', sslcert: 'PGSSLCERT', sslkey: 'PGSSLKEY', sslcrl: 'PGSSLCRL', sslnegotiation: 'PGSSLNEGOTIATION',
  sslsni: 'PGSSLSNI', ssl_min_protocol_version: 'PGSSLMINPROTOCOLVERSION', ssl_max_protocol_version: 'PGSSLMAXPROTOCOLVERSION', gssencmode: 'PGGSSENCMODE',
  channel_binding: 'PGCHANNELBINDING', require_auth: 'PGREQUIREAUTH', target_session_attrs: 'PGTARGETSESSIONATTRS', connect_timeout: 'PGCONNECT_TIMEOUT',
};

/** Options of a connection URL that are not passed on; the others are in `ofOption`. */
export const unknownOptions = ({ options = {} }: Login): string[] => Object.keys(options).filter((name) => ofOption[name] === undefined);

/** `NAME=value` for each setting of the connection, with nothing secret: they are arguments of a script. */
export function environmentOf(login: Login, session: string): string[] {
  const variables: Record<string, string | undefined> = {
    PGDATABASE: login.database, PGUSER: login.user, PGHOST: login.host, PGPORT: login.port?.toString(), PGAPPNAME: session, PGCONNECT_TIMEOUT: '15',
  };
  for (const [name, value] of Object.entries(login.options ?? {})) {
    const variable = ofOption[name];
    if (variable) variables[variable] = value;
  }
  return Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
}

/** Beginning of the names of all sessions of an app. PostgreSQL cuts names at 63 bytes. */
export const sessionsOf = ({ app }: Pick<DataContext, 'app'>): string => `acci:${plain(app).slice(0, 26)}:`;

/** The name of the sessions of a run, as pg_stat_activity shows it. */
export const sessionName = (context: Pick<DataContext, 'app' | 'id'>): string => sessionsOf(context) + plain(context.id).slice(-30);

/** The server shows other characters as `?`. */
const plain = (text: string): string => text.replace(/[^\w.@/-]/g, '-');
