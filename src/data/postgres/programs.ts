import { within } from '../../ports/within.js';
import type { Ports } from '../../ports/ports.js';
import { DataError } from '../error.js';
import type { DataContext, Login } from '../engine.js';
import { localPlace } from '../reach/local-place.js';
import { readFacts } from './facts.js';
import { inSession } from './session.js';

/** The client programs of one version. */
export interface Programs {
  readonly folder: string;
  readonly major: number;
  readonly minor: number;
}

/** Where packages put the programs of each version: https://www.postgresql.org/download/ */
const versioned: readonly (readonly [parent: string, names: RegExp])[] = [['/usr/lib/postgresql', /^\d+$/], ['/usr', /^pgsql-\d+$/]];

/** All on this machine: those of packages first, as the others may be a wrapper that chooses one of them. */
export async function findPrograms({ files, process, env }: Pick<Ports, 'files' | 'process' | 'env'>): Promise<Programs[]> {
  const folders: string[] = [];
  for (const [parent, names] of versioned) {
    for (const name of (await files.namesIn(parent)) ?? []) if (names.test(name)) folders.push(`${parent}/${name}/bin`);
  }
  folders.push(...(env.PATH ?? '').split(':').filter((folder) => folder !== ''));
  const found: Programs[] = [];
  for (const folder of new Set(folders)) {
    if (!(await files.isExecutable(`${folder}/pg_dump`))) continue;
    const { code, stdout } = await process.run({ program: `${folder}/pg_dump`, args: ['--version'], timeoutMs: 15_000 });
    const [, major, minor] = /\(PostgreSQL\) (\d+)(?:\.(\d+))?/.exec(stdout) ?? [];
    if (code === 0 && major !== undefined) found.push({ folder, major: Number(major), minor: Number(minor ?? 0) });
  }
  return found;
}

/**
 * Those of the version of the server, or of the next one: an older server can refuse what a later pg_restore writes. Of one version, those of the
 * latest release: a scratch server of an earlier one can refuse what the server has written into the definition of a table.
 */
export const choosePrograms = (found: readonly Programs[], major: number): Programs | undefined =>
  found.filter((each) => each.major >= major).sort((a, b) => a.major - b.major || b.minor - a.minor)[0];

/**
 * The folder with the programs of this machine for a server.
 * @throws DataError tool-missing, or when the server does not answer
 */
export async function programsFor(context: DataContext, login: Login): Promise<string> {
  const { ports } = context;
  const found = await findPrograms(ports);
  const [newest] = [...found].sort((a, b) => b.major - a.major);
  if (!newest) {
    throw new DataError('tool-missing', 'pg_dump is not installed on this machine.', { hint: 'Install the client programs of PostgreSQL: on Debian and Ubuntu, `apt-get install postgresql-client`.' });
  }
  const at = { context, place: localPlace(ports, newest.folder, []), login };
  const late = (): Error => new DataError(context.failure, 'The database server did not answer within 60 s.');
  const { major, version } = await within(ports.clock, { ms: 60_000, late, signal: context.signal }, (signal) => inSession(at, 'The connection to PostgreSQL', signal, readFacts));
  const chosen = choosePrograms(found, major);
  if (chosen) return chosen.folder;
  const has = found.map((each) => `${each.major} (${each.folder})`).join(', ');
  throw new DataError('tool-missing', `The server has PostgreSQL ${version}, and this machine has only pg_dump of version ${has}.`, {
    hint: `Install postgresql-client-${major}: https://www.postgresql.org/download/`,
  });
}
