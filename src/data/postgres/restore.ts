import type { Spool } from '../../ports/disk.js';
import { DataError } from '../error.js';
import type { DumpFacts } from '../engine.js';
import { observed } from '../script/observed.js';
import { lastWords } from '../script/run.js';
import { programs, runOne } from '../script/shell.js';
import { connectionValue } from './quote.js';
import { roleStatements } from './role-statements.js';
import { rolesFile } from './roles.js';
import { failed, runScript, type At } from './run.js';

const rolesScript = `
psql --no-psqlrc --quiet --no-password --set ON_ERROR_STOP=0 <&3
finish_reading "$?"
`;

/**
 * Creates the roles of the source, on a server that has none of them.
 * @returns whether the dump came with roles
 */
export async function restoreRoles(at: At, facts: DumpFacts, signal: AbortSignal): Promise<boolean> {
  const text = facts.texts[rolesFile];
  if (text === undefined) return false;
  // A setting of a role that this server does not know is no reason to fail; a role that is missing is found by pg_restore.
  const sql = roleStatements(text).map((statement) => `${statement.sql}\n`).join('');
  const input = (async function* () { yield Buffer.from(sql); })();
  const ran = await runScript(at, rolesScript, 'The creation of roles', { signal, timeoutMs: 120_000, input });
  if (ran.code !== 0) throw failed(at, 'The creation of roles', ran.stderr, ran.code);
  return true;
}

const fileScript = `
file=$1; database=$2; shift 2
jobs=$(nproc 2>/dev/null) || jobs=2
[ "$jobs" -le 4 ] || jobs=4
${programs}
set -- pg_restore --exit-on-error --no-password --jobs="$jobs" --dbname="$database" "$@" "$file"
${runOne}
finish "$code"
`;

const streamScript = `
database=$1; shift
pg_restore --exit-on-error --no-password --dbname="$database" "$@" <&3
finish_reading "$?"
`;

/** pg_restore reads a name with `=` as a connection string. */
const connection = ({ login }: At): string => `dbname=${connectionValue(login.database)}`;

/** Longer than any restore that is worth waiting for: a program that hangs must not hang a schedule. */
const restoreTimeoutMs = 12 * 3_600_000;

/** Restores a file of a scratch place into an empty database there, with several connections. */
export async function restoreFile(at: At, path: string, { hasRoles }: { readonly hasRoles: boolean }, signal: AbortSignal): Promise<void> {
  const args = [path, connection(at), '--no-tablespaces', '--no-subscriptions', ...(hasRoles ? [] : ['--no-owner', '--no-privileges'])];
  const ran = await runScript(at, fileScript, 'The restore', { args, signal, timeoutMs: restoreTimeoutMs });
  if (ran.code !== 0) throw restoreFailed(at, ran.code, ran.stderr);
}

/** Restores a dump that is sent as it is read, so the place needs no room for it. */
export async function restoreStream(at: At, dump: Spool, facts: DumpFacts, signal: AbortSignal): Promise<void> {
  const seen = observed(dump.read(), (bytes) => at.context.progress('restore', bytes, dump.bytes));
  const ran = await runScript(at, streamScript, 'The restore', { args: [connection(at)], signal, timeoutMs: restoreTimeoutMs, input: seen.pieces });
  if (ran.code !== 0) throw restoreFailed(at, ran.code, ran.stderr);
  if (seen.sha256() !== facts.sha256) throw new DataError(at.context.failure, `The dump has SHA-256 ${seen.sha256()}, and must have ${facts.sha256}: it was changed since it was made.`);
}

const restoreFailed = (at: At, code: number, stderr: string): DataError => {
  const said = lastWords(stderr);
  return new DataError(at.context.failure, `The dump does not restore at ${at.place.words}: pg_restore stopped with exit code ${code}${said ? `: ${said}` : ''}.`, {
    hint: /type .* does not exist|could not open extension control file|extension ".*" is not available/.test(stderr)
      ? 'The server there lacks an extension of the source: use an image that has it.' : undefined,
  });
};
