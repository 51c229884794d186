import type { Login } from '../engine.js';

/** Options of a URL that redis-cli knows as arguments: https://redis.io/docs/latest/develop/tools/cli/ */
const ofOption: Readonly<Record<string, string>> = { cacert: '--cacert', cacertdir: '--cacertdir', cert: '--cert', key: '--key', sni: '--sni' };

const known = ['tls', 'insecure', ...Object.keys(ofOption)];

/** Options of a URL that are not passed on. */
export const unknownOptions = ({ options = {} }: Login): string[] => Object.keys(options).filter((name) => !known.includes(name));

/** The arguments of redis-cli for a login, with nothing secret. Not its database: where that cannot be selected, redis-cli goes on with another. */
export function connectionArgs({ host, port, user, options = {} }: Login): string[] {
  const where = host?.startsWith('/') ? ['-s', host] : [...(host === undefined ? [] : ['-h', host]), ...(port === undefined ? [] : ['-p', `${port}`])];
  const tls = options.tls === 'true' ? ['--tls', ...(options.insecure === 'true' ? ['--insecure'] : [])] : [];
  const files = Object.entries(options).flatMap(([name, value]) => (ofOption[name] ? [ofOption[name], value] : []));
  return [...where, ...(user === undefined ? [] : ['--user', user]), ...tls, ...files];
}

/** Its number. */
export const databaseOf = ({ database }: Pick<Login, 'database'>): string => (database === '' ? '0' : database);
