import type { Spool } from '../../ports/disk.js';
import { DataError } from '../error.js';
import type { DumpFacts } from '../engine.js';
import { observed } from '../script/observed.js';
import { lastWords } from '../script/run.js';
import { limited } from '../script/shell.js';
import { readHead } from './archive.js';
import { runScript, type At } from './run.js';

/** `--list` accepts a dump of which most is missing; this reads and unpacks every byte. The end of the input ends it. */
const script = `
limit=$1; shift
set -- pg_restore --file=/dev/null
${limited}
"$@" <&3
finish_reading "$?"
`;

/** Verifies that a dump has its checksum, and is readable to its end. */
export async function checkDump(at: At, dump: Spool, facts: DumpFacts, signal: AbortSignal): Promise<void> {
  const fail = (message: string, hint?: string): DataError => new DataError(at.context.failure, message, { hint });
  // A program that waits for input that is broken can wait or calculate without end.
  const timeoutMs = 300_000 + dump.bytes / 1000;
  const seen = observed(dump.read(), (bytes) => at.context.progress('check', bytes, dump.bytes));
  const ran = await runScript(at, script, 'The check of the dump', { args: [`${Math.ceil(timeoutMs / 1000)}`], signal, timeoutMs, input: seen.pieces });
  if (ran.code !== 0) {
    throw fail(`The dump is not readable: pg_restore at ${at.place.words} stopped with exit code ${ran.code}: ${lastWords(ran.stderr) || 'it printed nothing'}.`);
  }
  if (seen.bytes() !== facts.bytes || seen.sha256() !== facts.sha256) {
    throw fail(`The dump has ${seen.bytes()} bytes with SHA-256 ${seen.sha256()}, and must have ${facts.bytes} with ${facts.sha256}: it was changed after it was made.`);
  }
  const entries = readHead(seen.head())?.entries;
  if (entries !== facts.entries) throw fail(`The table of contents of the dump has ${entries ?? 'no'} entries, and must have ${facts.entries}.`);
}
