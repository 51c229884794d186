import type { DumpFacts } from '../engine.js';
import { lastWords } from '../script/run.js';
import { programs, runOne } from '../script/shell.js';
import { runScript, type At } from './run.js';

const script = `
${programs}
set -- pg_dumpall --roles-only --no-role-passwords --no-password
${runOne}
finish "$code"
`;

/** The name of the text with the roles in the facts of a dump. */
export const rolesFile = 'roles.sql';

/** Roles belong to the server, so no dump of a database has them. Their passwords are left out. */
export async function readRoles(at: At, signal: AbortSignal): Promise<Pick<DumpFacts, 'texts' | 'warnings'>> {
  const { code, text, stderr } = await runScript(at, script, 'The dump of the roles', { signal, timeoutMs: 120_000 });
  if (code === 0 && text.includes('PostgreSQL database cluster dump complete')) return { texts: { [rolesFile]: text }, warnings: [] };
  const why = lastWords(stderr);
  return {
    texts: {},
    warnings: [`The roles could not be read${why ? `: ${why}` : ''}. The backup has the data with the names of their owners, but a new server needs the roles first.`],
  };
}
