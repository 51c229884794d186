import type { Spool } from '../../ports/disk.js';
import type { DumpFacts } from '../engine.js';
import { DataError } from '../error.js';
import { observed } from '../script/observed.js';
import { runScript } from '../script/run.js';
import { limited } from '../script/shell.js';
import { readContents, type Contents } from './rdb/contents.js';
import { DamagedSnapshot, type Listener } from './rdb/parse.js';
import { shellOf, type At } from './run.js';

/** Reads a spooled snapshot from its first to its last byte. @throws DataError when it is not what its source has sent */
export async function readDump(at: At, dump: Spool, facts: DumpFacts, signal: AbortSignal, listener: Listener = {}): Promise<Contents> {
  const fail = (message: string): DataError => new DataError(at.context.failure, message);
  const seen = observed(dump.read(), (bytes) => at.context.progress('check', bytes, dump.bytes));
  const reading = readContents(listener);
  let contents: Contents;
  try {
    for await (const piece of seen.pieces) {
      signal.throwIfAborted();
      reading.push(piece);
    }
    contents = reading.finish();
  } catch (error) {
    if (!(error instanceof DamagedSnapshot)) throw error;
    throw fail(`The dump is no complete snapshot of Redis: ${error.message}. It was changed after it was made.`);
  }
  if (seen.bytes() !== facts.bytes || seen.sha256() !== facts.sha256) {
    throw fail(`The dump has ${seen.bytes()} bytes with SHA-256 ${seen.sha256()}, and must have ${facts.bytes} with ${facts.sha256}: it was changed after it was made.`);
  }
  const entries = contents.keys && Object.values(contents.keys).reduce((sum, each) => sum + each, 0);
  if (entries !== undefined && entries !== facts.entries) throw fail(`The dump has ${entries} keys, and must have ${facts.entries}.`);
  return contents;
}

/** The code for a place without the program. */
const missing = 126;

const script = `
limit=$1
command -v redis-check-rdb >/dev/null 2>&1 || finish ${missing}
set -- redis-check-rdb /dev/stdin
${limited}
# Through a pipe: a socket, which the input can be, cannot be opened by its name.
cat <&3 | "$@" 2>&1
finish "$?"
`;

/** Verifies that a dump is what was sent, and readable to its end: by its checksums, and by the program of Redis where that is installed. */
export async function checkDump(at: At, dump: Spool, facts: DumpFacts, signal: AbortSignal): Promise<void> {
  await readDump(at, dump, facts, signal);
  const timeoutMs = 300_000 + dump.bytes / 1000;
  const ran = await runScript(shellOf(at), script, 'The check of the dump', { args: [`${Math.ceil(timeoutMs / 1000)}`], signal, timeoutMs, input: dump.read() });
  if (ran.code === missing || couldNotRead(ran.text)) return;
  const keys = /\[info\] (\d+) keys read/.exec(ran.text)?.[1];
  if (ran.code === 0 && /RDB looks OK/.test(ran.text) && Number(keys) === facts.entries) return;
  throw new DataError(at.context.failure, `The dump is not readable: redis-check-rdb at ${at.place.words} stopped with exit code ${ran.code}: ${saidOf(ran.text)}.`);
}

/** It says nothing more when it cannot open its input; the version at the place can be older than that of the server, if that is elsewhere. */
const couldNotRead = (text: string): boolean => /^(?:\[offset 0\] Checking RDB file \S+)?\s*$/.test(text) || /[Cc]an't handle RDB format version/.test(text);

/** What it says of an error: `[offset 150] Unexpected EOF reading RDB file`. */
function saidOf(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  const error = lines.findIndex((line) => line.includes('RDB ERROR DETECTED'));
  const said = error >= 0 ? lines.slice(error + 1, error + 3) : lines.slice(-3);
  return said.filter((line) => line !== '').join(' ').slice(0, 300) || 'it printed nothing';
}
