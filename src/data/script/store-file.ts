import type { Spool } from '../../ports/disk.js';
import { DataError } from '../error.js';
import type { DumpFacts } from '../engine.js';
import { observed } from './observed.js';
import { failed, runScript, type Shell } from './run.js';

const script = `
cat <&3 >"$1" && sha256sum <"$1"
finish_reading "$?"
`;

/** Copies a dump into a file at a scratch place, and reads it there again. */
export async function storeFile(shell: Shell, dump: Spool, facts: DumpFacts, path: string, signal: AbortSignal): Promise<void> {
  const { context, place } = shell;
  const doing = 'The copy of the dump';
  const seen = observed(dump.read(), (bytes) => context.progress('copy', bytes, dump.bytes));
  const ran = await runScript(shell, script, doing, { args: [path], signal, timeoutMs: 600_000 + dump.bytes / 500, input: seen.pieces });
  if (ran.code !== 0) throw failed(shell, doing, ran.stderr, ran.code);
  const sha256 = /^[\da-f]{64}/.exec(ran.text)?.[0];
  if (sha256 === facts.sha256) return;
  throw new DataError(context.failure, `The dump that arrived at ${place.words} has SHA-256 ${sha256 ?? '(none)'}, and must have ${facts.sha256}.`, {
    hint: seen.sha256() === facts.sha256 ? 'It was changed on its way there: try again.' : 'It was changed since it was made: use another backup.',
  });
}
