/** `850 ms`, `12.3 s`, `4 min 05 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 99_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** `ghcr.io/acme/api:1@sha256:0123456789ab…`: the digest to 12 digits, enough to tell and to search. */
export const shortReference = (reference: string): string =>
  reference.replace(/(sha256:[0-9a-f]{12})[0-9a-f]{52}\b/g, '$1…');

/** The commit to 7 digits. */
export const shortCommit = (commit: string): string => (/^[0-9a-f]{40,64}$/.test(commit) ? commit.slice(0, 7) : commit);
