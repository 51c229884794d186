import { bad, good, quote, type Checked } from '../kit/checked.js';
import { line } from '../kit/text.js';

/** The backup that is meant. */
export type BackupChoice =
  | { readonly by: 'name'; readonly name: string }
  | { readonly by: 'latest' }
  /** The last verified one before this time, ms since 1970. */
  | { readonly by: 'time'; readonly before: number };

const time = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** `latest`, `before: TIME`, or the name of a backup. A date alone is its first moment in UTC. */
export function parseBackupChoice(text: string): Checked<BackupChoice> {
  if (text === 'latest') return good({ by: 'latest' });
  const before = /^before:? (.*)$/.exec(text)?.[1]?.trim();
  if (before !== undefined) {
    const at = time.test(before) ? Date.parse(before.replace(' ', 'T')) : Number.NaN;
    return Number.isNaN(at) ? bad(`has the time ${quote(before)}, which is not one`, 'Write it with its time zone: "before: 2026-11-30T12:00:00Z".') : good({ by: 'time', before: at });
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(text)) return bad(`is ${quote(text)}, which is not the name of a backup`, 'Give a name from the list of `backups`, "latest", or "before: TIME".');
  return good({ by: 'name', name: text });
}

export const backupChoice = line(parseBackupChoice, { expects: 'the name of a backup, "latest" or "before: TIME"' });
