import { StoreError } from '../store.js';
import type { MountedVolume } from './mounted.js';
import { brokenOff, PassingError, endOf, failure, lastWords } from './run.js';
import { getScript } from './scripts.js';
import { delaysMs, type VolumeSession } from './session.js';

/** When nothing has arrived for so long, nothing will. ms */
const silenceMs = 120_000;

export interface Reading {
  readonly session: VolumeSession;
  readonly name: string;
  readonly address: string;
}

/** The bytes of a file. When the connection breaks off, the rest is read through another one. */
export async function* readFile({ session, name, address }: Reading, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const doing = `${name} could not be read from ${address}`;
  let offset = 0;
  let facts: string | undefined;
  for (let failures = 0; ;) {
    const volume = await session.volume(signal);
    const part = new Part(session, volume, doing);
    try {
      for await (const piece of part.pieces(name, offset, facts, signal)) {
        yield piece;
        offset += piece.length;
        failures = 0;
      }
      return;
    } catch (error) {
      const delayMs = delaysMs[failures];
      if (!(error instanceof PassingError) || delayMs === undefined) throw error;
      facts = part.facts ?? facts;
      failures += 1;
      await session.close();
      await session.clock.sleep(delayMs, signal);
    }
  }
}

/** What one connection brings of a file: a line with its facts, its bytes from somewhere on, and the last line of the script. */
class Part {
  /** Bytes, time and number of the file, once they are known. */
  facts: string | undefined;
  private heardAt: number;

  constructor(private readonly session: VolumeSession, private readonly volume: MountedVolume, private readonly doing: string) {
    this.heardAt = session.clock.monotonic();
  }

  async* pieces(name: string, offset: number, known: string | undefined, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { session, volume, doing } = this;
    const [silent, done] = [new AbortController(), new AbortController()];
    this.watch(silent, done.signal).catch(() => undefined);
    const stop = AbortSignal.any([signal, silent.signal]);
    const pipe = volume.start(getScript, [session.root(volume), name, String(offset + 1)], stop);
    try {
      let left: number | undefined;
      let text = Buffer.alloc(0);
      for await (const piece of pipe.output) {
        signal.throwIfAborted();
        this.heardAt = session.clock.monotonic();
        // What is left of a piece after its bytes is the end of the script.
        let rest = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
        if (left === undefined) {
          text = Buffer.concat([text, rest]);
          left = this.begin(text, offset, known);
          if (left === undefined) continue;
          rest = text.subarray(text.indexOf('\n') + 1);
          text = Buffer.alloc(0);
        }
        const own = rest.subarray(0, left);
        left -= own.length;
        if (own.length > 0) yield own;
        text = Buffer.concat([text, rest.subarray(own.length)]);
        if (text.length > 200) throw new StoreError('corrupt', `${doing}: it grew while it was read`, 'Objects are never replaced: check what else writes into this volume.');
      }
      stop.throwIfAborted();
      const ended = endOf(text.toString());
      const { code, stderr } = await pipe.exited;
      if (ended && ended.code !== 0) throw failure(doing, volume, { code: ended.code, stderr });
      if (!ended || left !== 0) throw brokenOff(doing, `the connection to ${volume.words} ended before it was done (exit code ${code})${lastWords(stderr)}`);
    } finally {
      done.abort();
      await pipe.stop();
    }
  }

  /** @returns the bytes that follow the first line; undefined before it is complete, and when the script has failed */
  private begin(text: Buffer, offset: number, known: string | undefined): number | undefined {
    const [, facts, bytes] = /^((\d+) \d+ \d+)\n/.exec(text.subarray(0, 200).toString('latin1')) ?? [];
    if (facts === undefined) return undefined;
    if (known !== undefined && facts !== known) throw new StoreError('corrupt', `${this.doing}: it was replaced while it was read`, 'Objects are never replaced: check what else writes into this volume.');
    this.facts = facts;
    return Math.max(0, Number(bytes) - offset);
  }

  private async watch(silent: AbortController, done: AbortSignal): Promise<void> {
    const { clock } = this.session;
    while (clock.monotonic() - this.heardAt < silenceMs) await clock.sleep(silenceMs / 4, done);
    silent.abort(brokenOff(this.doing, `${this.volume.words} has sent nothing for ${silenceMs / 1000} s`));
  }
}
