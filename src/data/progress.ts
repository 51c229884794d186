import type { Ports } from '../ports/ports.js';

/** Between two lines about the same work, ms. */
const everyMs = 5000;

/** `12.3 of 98.0 MB, 4.1 MB/s, about 21 s left`. @param ms since the start */
function progressText(bytes: number, ofBytes: number | undefined, ms: number): string {
  const mega = (count: number): string => (count / 1e6).toFixed(1);
  const rate = ms > 0 ? bytes / (ms / 1000) : 0;
  const left = ofBytes === undefined || rate === 0 || bytes >= ofBytes ? '' : `, about ${Math.ceil((ofBytes - bytes) / rate)} s left`;
  return `${mega(bytes)}${ofBytes === undefined ? '' : ` of ${mega(Math.max(ofBytes, bytes))}`} MB, ${mega(rate)} MB/s${left}`;
}

/** Lines in the log about work that takes long, with bytes and rate: one every few seconds. */
export function progressLog({ log, clock }: Pick<Ports, 'log' | 'clock'>, stage: string): (what: string, bytes: number, ofBytes?: number) => void {
  const started = new Map<string, { readonly at: number; shownAt: number }>();
  return (what, bytes, ofBytes) => {
    const now = clock.monotonic();
    const of = started.get(what) ?? { at: now, shownAt: now };
    started.set(what, of);
    if (now - of.shownAt < everyMs) return;
    of.shownAt = now;
    log.progress(stage, what, progressText(bytes, ofBytes, now - of.at));
  };
}
