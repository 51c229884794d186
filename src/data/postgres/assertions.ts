import { DataError } from '../error.js';
import { failed, runScript, type At } from './run.js';
import { programs, runOne } from '../script/shell.js';

/** As an argument, a statement goes to the server as it is: psql reads no commands of its own in it. Nothing can be written. */
const script = `
export PGOPTIONS='-c default_transaction_read_only=on -c statement_timeout=290s'
${programs}
set -- psql --no-psqlrc --quiet --no-align --tuples-only --no-password --set ON_ERROR_STOP=1 --command "$1"
${runOne}
finish "$code"
`;

/** Runs the statements in turn. The last value that each prints must be true: `t`, `true` or a number other than 0. */
export async function assertAll(at: At, statements: readonly string[], signal: AbortSignal): Promise<void> {
  for (const statement of statements) {
    const doing = `The assertion "${statement}"`;
    if (statement.trimStart().startsWith('\\')) throw new DataError(at.context.failure, `${doing} is a command of psql.`, { hint: 'Write it as SQL that returns true.' });
    const { code, text, stderr } = await runScript(at, script, doing, { args: [statement], signal, timeoutMs: 300_000 });
    if (code !== 0) throw failed(at, doing, stderr, code);
    const value = text.trim().split('\n').at(-1) ?? '';
    if (/^(?:t|true)$/.test(value) || (/^-?\d+(?:\.\d+)?$/.test(value) && Number(value) !== 0)) continue;
    throw new DataError(at.context.failure, `${doing} does not hold for the restored data: it returned ${value === '' ? 'nothing' : value.slice(0, 200)}.`, {
      hint: 'Check the data of the backup, or the assertion.',
    });
  }
}
